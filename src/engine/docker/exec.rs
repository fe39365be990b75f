//! Commands in containers.

use super::Docker;
use super::request::segment;
use super::streams::tagged;
use crate::engine::command::{Collected, doing, new_token, out_of_time, too_much};
use crate::engine::{ByteStream, ExecIo, ExecResult, ExecSpec};
use crate::error::{Error, Result};
use bollard::container::LogOutput;
use bollard::errors::Error as Bollard;
use bollard::exec::{ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};

pub(super) type Output = Pin<Box<dyn futures_util::Stream<Item = Result<LogOutput, Bollard>> + Send>>;
pub(super) type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// Buffer of a command's output; an archive that goes through here is worth more than the default.
const CAPACITY: usize = 64 * 1024;

impl Docker {
    pub(super) async fn exec_impl(
        &self,
        container: &str,
        spec: &ExecSpec,
        io: ExecIo<'_>,
    ) -> Result<ExecResult> {
        if let Some((text, tell)) = super::session::plain(spec, &io)
            && let Some(result) = self.exec_in_session(container, spec, &text, tell).await?
        {
            return Ok(result);
        }
        let doing = doing(container, spec);
        let token = new_token();
        let ExecIo { stdin, output: tell, discard, mut sizes } = io;
        let mut config = config_of(spec, stdin.is_some(), &token);
        // a size that is known already is there before the command looks
        let first = sizes.as_mut().and_then(|sizes| sizes.next().now_or_never().flatten());
        config.console_size = first.map(|(columns, rows)| vec![rows.into(), columns.into()]);
        let sizes = sizes.map(|sizes| futures_util::stream::iter(first).chain(sizes).boxed());
        let created = self.client.create_exec(&segment(container)?, config).await;
        let id = created.map_err(|error| self.failed(&doing, error))?.id;
        let mut guard = self.killer(container, &id, vec![token]);

        let options = StartExecOptions { detach: false, tty: spec.tty, output_capacity: Some(CAPACITY) };
        let started = self.client.start_exec(&id, Some(options)).await;
        let (output, input) = match started.map_err(|error| self.failed(&doing, error))? {
            StartExecResults::Attached { output, input } => (output, input),
            StartExecResults::Detached => {
                return Err(Error::internal(
                    "engine.detached",
                    format!("cannot {doing}: the engine detached it"),
                ));
            }
        };

        let mut result = ExecResult::default();
        let collected = Collected { tell, discard, result: &mut result };
        let work = async {
            tokio::select! {
                done = collect(output, collected) => match done {
                    // Podman breaks the connection when a command ends that has not read all of its input
                    Err(_) if self.has_ended(&id).await => Ok(()),
                    Ok(true) => Ok(()),
                    Ok(false) => Err(too_much(spec)),
                    Err(error) => Err(self.failed(&doing, error)),
                },
                broke = feed(input, stdin) => Err(broke),
                () = self.resize(&id, sizes) => Ok(()),
            }
        };
        let done = guard.within(spec.time_limit, work).await;
        done.map_err(|limit| out_of_time(spec, limit, &result))??;
        result.code = self.exit_code(&id, &doing).await?;
        guard.disarm();
        own_up_to_failed_start(&mut result);
        Ok(result)
    }

    /// The exit code. The output may end a moment before the engine has noticed the end of the process.
    async fn exit_code(&self, id: &str, doing: &str) -> Result<i64> {
        let mut pause = Duration::from_millis(2);
        loop {
            let found = self.client.inspect_exec(id).await.map_err(|error| self.failed(doing, error))?;
            match found.exit_code {
                Some(code) if found.running != Some(true) => return Ok(code),
                // the command closed its output and goes on
                _ => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    async fn has_ended(&self, id: &str) -> bool {
        let found = self.client.inspect_exec(id).await;
        found.is_ok_and(|found| found.running == Some(false) && found.exit_code.is_some())
    }

    /// Follows the terminal's size. Ends never: what ends a command is its output.
    async fn resize(&self, id: &str, sizes: Option<BoxStream<'static, (u16, u16)>>) {
        let mut sizes = sizes.unwrap_or_else(|| futures_util::stream::empty().boxed());
        while let Some((width, height)) = sizes.next().await {
            // refused until the process runs, a moment after the start was answered
            for _ in 0..20 {
                if self.client.resize_exec(id, ResizeExecOptions { height, width }).await.is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        std::future::pending::<()>().await;
    }
}

fn config_of(spec: &ExecSpec, stdin: bool, token: &str) -> ExecConfig {
    let mut env: Vec<_> = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    env.push(token.to_owned());
    ExecConfig {
        cmd: Some(spec.command.clone()),
        env: Some(env),
        user: Some(spec.user.clone()).filter(|user| !user.is_empty()),
        working_dir: Some(spec.workdir.clone()).filter(|folder| !folder.is_empty()),
        tty: Some(spec.tty),
        privileged: Some(spec.privileged),
        attach_stdin: Some(stdin),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..Default::default()
    }
}

/// Reads the output to its end; false when it is more than is kept.
async fn collect(mut output: Output, mut collected: Collected<'_, '_>) -> Result<bool, Bollard> {
    while let Some(piece) = output.next().await {
        let (stream, bytes) = tagged(piece?);
        if !collected.add(stream, &bytes) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes the input and closes it. Returns only when the source of the input fails; a command that does
/// not read all of its input is no failure.
async fn feed(mut input: Input, stdin: Option<ByteStream>) -> Error {
    if let Some(mut stdin) = stdin {
        while let Some(piece) = stdin.next().await {
            match piece {
                Ok(bytes) if input.write_all(&bytes).await.is_err() => break,
                Ok(_) => {}
                Err(error) => return error,
            }
        }
        // the connection stays open for the output
        let _ = input.flush().await;
        let _ = input.shutdown().await;
    }
    let _keep = input;
    std::future::pending().await
}

/// The runtime's complaint that a command cannot be started comes as its standard output.
fn own_up_to_failed_start(result: &mut ExecResult) {
    if matches!(result.code, 126 | 127)
        && result.stderr.is_empty()
        && result.stdout.starts_with(b"OCI runtime exec failed")
    {
        std::mem::swap(&mut result.stdout, &mut result.stderr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runtime_says_is_no_output_of_the_command() {
        let mut result =
            ExecResult { code: 127, stdout: b"OCI runtime exec failed: x".to_vec(), stderr: vec![] };
        own_up_to_failed_start(&mut result);
        assert!(result.stdout.is_empty() && !result.stderr.is_empty());
        let mut result =
            ExecResult { code: 0, stdout: b"OCI runtime exec failed: x".to_vec(), stderr: vec![] };
        own_up_to_failed_start(&mut result);
        assert!(result.stderr.is_empty());
    }
}
