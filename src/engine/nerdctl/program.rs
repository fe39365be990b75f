//! The nerdctl program, started for each request.

use super::errors;
use crate::engine::ByteStream;
use crate::error::{Error, Result};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio_util::io::ReaderStream;

/// Buffer of an archive that goes through a pipe.
const CAPACITY: usize = 64 * 1024;

/// Which program, and how it is called.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Its path.
    pub path: String,
    /// Its name in messages: `nerdctl`, `finch` or `nerdctl.lima`.
    pub name: String,
    /// The environment it runs with, when it is not this process's.
    pub variables: Vec<(String, String)>,
}

impl Program {
    /// A command of it. It is in a process group of its own, so that Ctrl-C is ours to handle, and it ends with us.
    pub(super) fn command<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(arguments.iter().map(AsRef::as_ref))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    /// Starts a command of it.
    pub(super) fn spawn(&self, command: &mut Command) -> Result<Child> {
        command.spawn().map_err(|error| {
            Error::engine("engine.unreachable", format!("cannot start {}", self.path)).because(error)
        })
    }

    /// Runs it to its end: what it wrote, whatever its exit code.
    pub(super) async fn output<S: AsRef<str>>(&self, arguments: &[S]) -> Result<std::process::Output> {
        let child = self.spawn(&mut self.command(arguments))?;
        child.wait_with_output().await.map_err(|error| self.broke(error))
    }

    /// Runs it to its end: its standard output.
    pub(super) async fn text<S: AsRef<str>>(&self, doing: &str, arguments: &[S]) -> Result<String> {
        let output = self.output(arguments).await?;
        if !output.status.success() {
            return Err(self.refused(doing, output.status, &output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it with `input`; its standard output. An error of the input's source is the cause when there is one.
    pub(super) async fn feed<S: AsRef<str>>(
        &self,
        doing: &str,
        arguments: &[S],
        input: ByteStream,
    ) -> Result<String> {
        let mut child = self.spawn(self.command(arguments).stdin(Stdio::piped()))?;
        let stdin = child.stdin.take();
        let fed = async { if let Some(stdin) = stdin { pour(stdin, input).await } else { Ok(()) } };
        let (fed, output) = tokio::join!(fed, child.wait_with_output());
        fed?;
        let output = output.map_err(|error| self.broke(error))?;
        if !output.status.success() {
            return Err(self.refused(doing, output.status, &output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Its standard output as it comes. A failure before the first byte is told now, a later one by the stream.
    pub(super) async fn stream<S: AsRef<str>>(&self, doing: &str, arguments: &[S]) -> Result<ByteStream> {
        let mut child = self.spawn(&mut self.command(arguments))?;
        let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(self.broke(std::io::Error::other("no pipe")));
        };
        let complaint = tokio::spawn(async move {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text).await;
            text
        });
        let (program, doing) = (self.clone(), doing.to_owned());
        let end = async move {
            let status = child.wait().await.map_err(|error| program.broke(error))?;
            let stderr = complaint.await.unwrap_or_default();
            if status.success() { Ok(()) } else { Err(program.refused(&doing, status, &stderr)) }
        };
        let unreadable = self.clone();
        let mut pieces = ReaderStream::with_capacity(stdout, CAPACITY);
        match pieces.next().await {
            None => {
                end.await?;
                Ok(stream::empty().boxed())
            }
            Some(first) => {
                let pieces = stream::iter([first]).chain(pieces);
                Ok(ended(pieces.map(move |piece| piece.map_err(|error| unreadable.broke(error))), end))
            }
        }
    }

    /// The error for a command that failed.
    pub(super) fn refused(&self, doing: &str, status: ExitStatus, stderr: &[u8]) -> Error {
        errors::refused(&self.name, doing, status, &String::from_utf8_lossy(stderr))
    }

    /// The error for a command that we lost.
    pub(super) fn broke(&self, error: std::io::Error) -> Error {
        Error::engine("engine.unreachable", format!("the connection to {} broke", self.name)).because(error)
    }
}

/// Writes the input and closes it. A program that does not read all of it says itself why.
pub(super) async fn pour(mut to: ChildStdin, mut input: ByteStream) -> Result<()> {
    while let Some(piece) = input.next().await {
        if to.write_all(&piece?).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The pieces, and then what the end has to say.
fn ended(
    pieces: impl Stream<Item = Result<Bytes>> + Send + 'static,
    end: impl Future<Output = Result<()>> + Send + 'static,
) -> ByteStream {
    let last = end.into_stream().filter_map(|told| async { told.err().map(Err) });
    pieces.chain(last).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Program {
        Program { path: "/bin/sh".into(), name: "nerdctl".into(), variables: vec![] }
    }

    #[tokio::test]
    async fn a_failure_is_told_at_once_or_at_the_end_of_the_stream() {
        let failed = "echo 'time=\"now\" level=fatal msg=\"x: not found\"' >&2; exit 1";
        let error = shell().stream("save x", &["-c", failed]).await.err().unwrap();
        assert_eq!(error.code(), "engine.not_found");
        let late = format!("printf abc; {failed}");
        let pieces: Vec<_> = shell().stream("save x", &["-c", &late]).await.unwrap().collect().await;
        assert_eq!(pieces[0].as_ref().unwrap(), &Bytes::from_static(b"abc"));
        assert_eq!(pieces.last().unwrap().as_ref().unwrap_err().code(), "engine.not_found");
    }

    #[tokio::test]
    async fn what_breaks_the_input_is_the_cause() {
        let input = stream::iter([Ok(Bytes::from_static(b"a")), Err(Error::user("image.archive", "x"))]);
        let error = shell().feed("load", &["-c", "cat; exit 1"], input.boxed()).await.unwrap_err();
        assert_eq!(error.code(), "image.archive");
        let input = stream::iter([Ok(Bytes::from_static(b"abc"))]).boxed();
        assert_eq!(shell().feed("load", &["-c", "cat"], input).await.unwrap(), "abc");
    }
}
