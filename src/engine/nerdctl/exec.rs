//! Commands in containers.

use super::Nerdctl;
use super::containers::named;
use super::own_words::{OwnWords, Verdict};
use super::program::pour;
use super::terminal;
use crate::engine::command::{Collected, doing, new_token, out_of_time, too_much};
use crate::engine::{ByteStream, ExecIo, ExecResult, ExecSpec, OutputFn};
use crate::error::{Error, Result};
use crate::event::Stream;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::ChildStdin;

/// Buffer of a command's output.
const CAPACITY: usize = 64 * 1024;

impl Nerdctl {
    pub(super) async fn exec_impl(
        &self,
        container: &str,
        spec: &ExecSpec,
        io: ExecIo<'_>,
    ) -> Result<ExecResult> {
        let token = new_token();
        let arguments = arguments(named(container)?, spec, io.stdin.is_some(), &token);
        let mut guard = self.killer(container, token);
        let mut result = ExecResult::default();
        let work = async {
            if spec.tty {
                terminal::run(&self.program, &arguments, io, spec, &mut result).await
            } else {
                self.run_exec(&arguments, io, spec, &mut result).await
            }
        };
        let ended = guard.within(spec.time_limit, work).await;
        let (status, words, tell) = ended.map_err(|limit| out_of_time(spec, limit, &result))??;
        guard.disarm();
        self.judge(&doing(container, spec), status, words, tell, &mut result)?;
        Ok(result)
    }

    async fn run_exec<'a>(
        &self,
        arguments: &[String],
        io: ExecIo<'a>,
        spec: &ExecSpec,
        result: &mut ExecResult,
    ) -> Result<Ended<'a>> {
        let ExecIo { stdin, output: tell, discard, .. } = io;
        let mut command = self.program.command(arguments);
        if stdin.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = self.program.spawn(&mut command)?;
        let no_pipe = || self.program.broke(std::io::Error::other("no pipe"));
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let mut words = OwnWords::default();
        let mut collected = Collected { tell, discard, result };
        let read = async {
            tokio::select! {
                done = read(&mut collected, stdout, stderr, &mut words) => match done {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(too_much(spec)),
                    Err(error) => Err(self.program.broke(error)),
                },
                broke = feed(child.stdin.take(), stdin) => Err(broke),
            }
        };
        read.await?;
        let status = child.wait().await.map_err(|error| self.program.broke(error))?;
        Ok((status, words, tell))
    }

    /// The exit code out of what nerdctl tells at its end.
    fn judge(
        &self,
        doing: &str,
        status: ExitStatus,
        words: OwnWords,
        tell: Option<OutputFn<'_>>,
        result: &mut ExecResult,
    ) -> Result<()> {
        let add = |bytes: Vec<u8>, result: &mut ExecResult| {
            if let Some(tell) = tell
                && !bytes.is_empty()
            {
                tell(Stream::Stderr, &bytes);
            }
            result.stderr.extend(bytes);
        };
        if status.success() {
            add(words.rest(), result);
            return Ok(());
        }
        match words.verdict() {
            Ok(Verdict::Code(code)) => result.code = code,
            Ok(Verdict::NotStarted(code, said)) => {
                result.code = code;
                add(format!("{said}\n").into_bytes(), result);
            }
            Ok(Verdict::Failed(said)) => {
                let line = format!("time=\"\" level=fatal msg={}", serde_json::Value::from(said));
                return Err(self.program.refused(doing, status, line.as_bytes()));
            }
            Err(others) => {
                add(others, result);
                let Some(code) = status.code() else {
                    let message = format!("cannot {doing}: {} was killed", self.program.name);
                    return Err(Error::engine("engine.unreachable", message));
                };
                result.code = i64::from(code);
            }
        }
        Ok(())
    }
}

/// How nerdctl ended, what may be its last words, and who gets what of them is the command's.
pub(super) type Ended<'a> = (ExitStatus, OwnWords, Option<OutputFn<'a>>);

fn arguments(container: &str, spec: &ExecSpec, stdin: bool, token: &str) -> Vec<String> {
    let mut all: Vec<String> = vec!["exec".into()];
    if stdin || spec.tty {
        all.push("--interactive".into());
    }
    if spec.tty {
        all.push("--tty".into());
    }
    if spec.privileged {
        all.push("--privileged".into());
    }
    if !spec.user.is_empty() {
        all.push(format!("--user={}", spec.user));
    }
    if !spec.workdir.is_empty() {
        all.push(format!("--workdir={}", spec.workdir));
    }
    all.extend(spec.env.iter().map(|(name, value)| format!("--env={name}={value}")));
    all.push(format!("--env={token}"));
    all.push(container.to_owned());
    all.extend(spec.command.iter().cloned());
    all
}

/// Writes the input and closes it. Returns only when the source of the input fails.
async fn feed(to: Option<ChildStdin>, input: Option<ByteStream>) -> Error {
    if let (Some(to), Some(input)) = (to, input)
        && let Err(error) = pour(to, input).await
    {
        return error;
    }
    std::future::pending().await
}

/// Reads both to their ends; false when it is more than is kept.
async fn read(
    collected: &mut Collected<'_, '_>,
    mut stdout: impl AsyncRead + Unpin,
    mut stderr: impl AsyncRead + Unpin,
    words: &mut OwnWords,
) -> std::io::Result<bool> {
    let (mut out, mut err) = (vec![0; CAPACITY], vec![0; CAPACITY]);
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        let fits = tokio::select! {
            read = stdout.read(&mut out), if out_open => {
                let read = read?;
                out_open = read > 0;
                collected.add(Stream::Stdout, &out[..read])
            }
            read = stderr.read(&mut err), if err_open => {
                let read = read?;
                err_open = read > 0;
                let written = words.add(&err[..read]);
                collected.add(Stream::Stderr, &written)
            }
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}
