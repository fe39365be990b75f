//! Commands in a shell that stays.
//!
//! To start a command in a container the engine's runtime builds up a process of its own each time, which takes a
//! tenth of a second and more. So a plain command (no input, no terminal, no other user) is given to a shell that was
//! started for the one before it and waits in the container, and takes some milliseconds. Whatever a command can see
//! is as if it had been started by itself: a session and a process group of its own, no input, the container's
//! environment. Where a container has no shell, or no setsid, commands are started by themselves.

use super::Docker;
use super::exec::{Input, Output};
use super::request::segment;
use super::streams::tagged;
use crate::engine::command::{Collected, doing, new_token, out_of_time, too_much};
use crate::engine::{ExecIo, ExecResult, ExecSpec, OutputFn};
use crate::error::Result;
use crate::event::Stream;
use bollard::errors::Error as Bollard;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use tokio::io::AsyncWriteExt;

/// Reads texts that end with the mark `$0`, runs each, and tells on both streams where it begins and ends, with its
/// code. `left`: something of the command runs on and may still write. On cgroup v2 a shell in the root of the
/// container's tree would keep an init from handing down controllers, so there it takes one command and ends.
const AGENT: &str = r#"
command -v setsid >/dev/null || exit 90
tell() { echo "$0 $*"; echo "$0 $*" >&2; }
read -r place </proc/self/cgroup
while :; do
    text= line=
    while IFS= read -r line && [ "$line" != "$0" ]; do
        text="$text$line
"
    done
    [ "$line" = "$0" ] || exit 0
    tell begun
    eval "$text" </dev/null &
    pid=$!
    wait $pid 2>/dev/null
    code=$?
    left=
    kill -0 -- -$pid 2>/dev/null && left=left
    [ "$place" = 0::/ ] && left=left
    tell "ended $code $left"
    [ -z "$left" ] || exit 0
done
"#;
/// A longer text is no matter of milliseconds any more: the shell reads byte by byte.
const LONGEST: usize = 16 * 1024;
/// How many shells wait in one container at most.
const IDLE: usize = 4;

/// The shells that wait, by container.
pub(super) struct Sessions {
    wanted: bool,
    idle: Mutex<HashMap<String, Vec<Session>>>,
    /// Containers that can have none.
    without: Mutex<HashSet<String>>,
}

impl Sessions {
    /// None yet; unless they are `wanted` there never will be.
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, idle: Mutex::default(), without: Mutex::default() }
    }
    /// Ends the shells of a container, before it is stopped, frozen or removed. Each sees the end of its input.
    pub(super) fn end(&self, container: &str) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).remove(container);
        self.without.lock().unwrap_or_else(PoisonError::into_inner).remove(container);
    }
    /// Ends all shells.
    pub(super) fn end_all(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
    fn take(&self, container: &str) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).get_mut(container)?.pop()
    }
    fn put_back(&self, container: &str, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let list = idle.entry(container.to_owned()).or_default();
        if list.len() < IDLE {
            list.push(session);
        }
    }
    fn can_have(&self, container: &str) -> bool {
        self.wanted && !self.without.lock().unwrap_or_else(PoisonError::into_inner).contains(container)
    }
    fn cannot_have(&self, container: &str) {
        self.without.lock().unwrap_or_else(PoisonError::into_inner).insert(container.to_owned());
    }
}

/// Where a command's output goes besides into its result.
#[derive(Clone, Copy)]
pub(super) struct Tell<'a> {
    output: Option<OutputFn<'a>>,
    discard: bool,
}

/// A shell in a container.
struct Session {
    exec: String,
    /// A text that no command writes: where its output begins and ends.
    mark: String,
    /// What is found in the environment of its processes, without the number of the command.
    token: String,
    count: u64,
    output: Output,
    input: Input,
}

/// How a command ended in a session.
enum Ended {
    /// The session ended before the command began: nothing was done.
    Never,
    /// With this code; the session can be used again.
    With(i64),
    /// With this code; something of it runs on, so that the session can't.
    AndLeft(i64),
    /// The session was lost in the middle: the container has stopped.
    Lost,
    /// It wrote more than is kept.
    TooMuch,
}

impl Docker {
    /// Runs a [`plain`] command in a session; `None` where that is not possible and nothing was done.
    pub(super) async fn exec_in_session(
        &self,
        container: &str,
        spec: &ExecSpec,
        text: &str,
        tell: Tell<'_>,
    ) -> Result<Option<ExecResult>> {
        if !self.sessions.can_have(container) {
            return Ok(None);
        }
        loop {
            let waiting = self.sessions.take(container);
            let is_new = waiting.is_none();
            let session = match waiting {
                Some(session) => session,
                None => match self.open_session(container).await {
                    Some(session) => session,
                    None => return Ok(None),
                },
            };
            let mut result = ExecResult::default();
            match self.run_in(session, container, spec, text, tell, &mut result).await? {
                Ok(Ended::Never) if is_new => {
                    self.sessions.cannot_have(container);
                    return Ok(None);
                }
                // one that waited was gone: its container was started anew
                Ok(Ended::Never) => {}
                Ok(Ended::With(code) | Ended::AndLeft(code)) => {
                    result.code = code;
                    own_up(&mut result);
                    return Ok(Some(result));
                }
                Ok(Ended::TooMuch) => return Err(too_much(spec)),
                Ok(Ended::Lost) => {
                    result.code = 137;
                    return Ok(Some(result));
                }
                Err(error) => return Err(self.failed(doing(container, spec), error)),
            }
        }
    }

    /// A new shell; `None` where the container does not run or the engine refuses. What is wrong is told by the
    /// command that is then started by itself.
    async fn open_session(&self, container: &str) -> Option<Session> {
        let token = new_token();
        let mark = format!("\u{2}{}", token.trim_start_matches("KIND_EXEC="));
        let config = ExecConfig {
            cmd: Some(["sh", "-c", AGENT, &mark].map(String::from).to_vec()),
            env: Some(vec![format!("{token}.0;")]),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let exec = self.client.create_exec(&segment(container).ok()?, config).await.ok()?.id;
        match self.client.start_exec(&exec, None::<StartExecOptions>).await.ok()? {
            StartExecResults::Attached { output, input } => {
                Some(Session { exec, mark, token, count: 0, output, input })
            }
            StartExecResults::Detached => None,
        }
    }

    async fn run_in(
        &self,
        mut session: Session,
        container: &str,
        spec: &ExecSpec,
        text: &str,
        tell: Tell<'_>,
        result: &mut ExecResult,
    ) -> Result<Result<Ended, Bollard>> {
        session.count += 1;
        let token = format!("{}.{};", session.token, session.count);
        let tokens = vec![format!("{}.0;", session.token), token.clone()];
        let mut guard = self.killer(container, &session.exec, tokens);
        let request = format!("export '{token}'\n{text}\n{}\n", session.mark);
        let work = async {
            // a shell that is gone shows by its output
            if session.input.write_all(request.as_bytes()).await.is_ok() {
                let _ = session.input.flush().await;
            }
            let Tell { output: tell, discard } = tell;
            session.read(Collected { tell, discard, result: &mut *result }).await
        };
        let ended = guard.within(spec.time_limit, work).await;
        let ended = ended.map_err(|limit| out_of_time(spec, limit, result))?;
        match &ended {
            Ok(Ended::With(_)) => {
                guard.disarm();
                self.sessions.put_back(container, session);
            }
            Ok(Ended::TooMuch) | Err(_) => drop(guard),
            Ok(_) => guard.disarm(),
        }
        Ok(ended)
    }
}

impl Session {
    /// Reads what one command writes.
    async fn read(&mut self, mut collected: Collected<'_, '_>) -> Result<Ended, Bollard> {
        let mut streams = [Marked::new(&self.mark), Marked::new(&self.mark)];
        while let Some(piece) = self.output.next().await {
            let (stream, bytes) = tagged(piece?);
            let marked = &mut streams[usize::from(stream == Stream::Stderr)];
            let written = marked.add(&bytes);
            if !collected.add(stream, &written) {
                return Ok(Ended::TooMuch);
            }
            if let [Some(end), Some(_)] = [&streams[0].ended, &streams[1].ended] {
                let mut words = end.split(' ');
                let code = words.next().and_then(|code| code.parse().ok()).unwrap_or(1);
                let left = words.next() == Some("left");
                return Ok(if left { Ended::AndLeft(code) } else { Ended::With(code) });
            }
        }
        Ok(if streams[0].begun { Ended::Lost } else { Ended::Never })
    }
}

/// One stream, out of which what the command wrote is cut.
struct Marked {
    mark: Vec<u8>,
    held: Vec<u8>,
    begun: bool,
    /// What follows `ended`.
    ended: Option<String>,
}

impl Marked {
    fn new(mark: &str) -> Self {
        Self { mark: mark.as_bytes().to_vec(), held: Vec::new(), begun: false, ended: None }
    }

    /// Takes what came; gives what of it the command wrote for sure.
    fn add(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut written = Vec::new();
        while self.ended.is_none() {
            let Some(at) = position(&self.held, &self.mark) else {
                // what may become a mark with the next piece is held back
                let keep = (1..self.mark.len().min(self.held.len() + 1))
                    .rev()
                    .find(|n| self.held.ends_with(&self.mark[..*n]))
                    .unwrap_or(0);
                let rest = self.held.split_off(self.held.len() - keep);
                let free = std::mem::replace(&mut self.held, rest);
                if self.begun {
                    written.extend(free);
                }
                break;
            };
            let Some(end) = self.held[at..].iter().position(|byte| *byte == b'\n') else { break };
            let line = String::from_utf8_lossy(&self.held[at + self.mark.len()..at + end]).into_owned();
            let before: Vec<u8> = self.held.drain(..=at + end).take(at).collect();
            if self.begun {
                written.extend(before);
            }
            match line.trim_start().strip_prefix("ended ") {
                Some(rest) => self.ended = Some(rest.to_owned()),
                None => self.begun = true,
            }
        }
        written
    }
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// What a plain command is in a session; `None` for one that must be started by itself.
pub(super) fn plain<'a>(spec: &ExecSpec, io: &ExecIo<'a>) -> Option<(String, Tell<'a>)> {
    if io.stdin.is_some() || spec.tty || spec.privileged || !spec.user.is_empty() {
        return None;
    }
    Some((text_of(spec)?, Tell { output: io.output, discard: io.discard }))
}

/// The command for a shell; `None` when it is too long or has variables that a shell cannot set.
fn text_of(spec: &ExecSpec) -> Option<String> {
    let mut text = String::new();
    for (name, value) in &spec.env {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(fits) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let _ = writeln!(text, "export {name}={}", quoted(value));
    }
    if !spec.workdir.is_empty() {
        let _ = writeln!(text, "cd {} || exit 126", quoted(&spec.workdir));
    }
    text.push_str("exec setsid");
    for word in &spec.command {
        text.push(' ');
        text.push_str(&quoted(word));
    }
    (!spec.command.is_empty() && text.len() <= LONGEST).then_some(text)
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// That a command cannot be started is setsid's to tell here, whom the caller never named.
fn own_up(result: &mut ExecResult) {
    if matches!(result.code, 126 | 127) && result.stderr.starts_with(b"setsid: ") {
        result.stderr.drain(..b"setsid: ".len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_writes_is_cut_out_of_any_pieces() {
        let whole = b"junk\x02ab begun\nline\n\x02 \x02a no mark\nopen\x02ab ended 3 left\n";
        for size in 1..whole.len() {
            let mut marked = Marked::new("\u{2}ab");
            let written: Vec<u8> = whole.chunks(size).flat_map(|piece| marked.add(piece)).collect();
            assert_eq!(written, b"line\n\x02 \x02a no mark\nopen", "in pieces of {size}");
            assert_eq!(marked.ended.as_deref(), Some("3 left"));
        }
    }

    #[test]
    fn a_command_is_one_text_whatever_stands_in_it() {
        let spec = ExecSpec {
            command: vec!["printf".into(), "%s".into(), "it's\n$HOME `x` \\".into()],
            env: [("A_1".to_owned(), "b 'c'".to_owned())].into(),
            ..Default::default()
        };
        let text = text_of(&spec).unwrap();
        let shell = text.replace("exec setsid", "exec env");
        let ran =
            std::process::Command::new("sh").args(["-c", &format!("{shell}\"$A_1\"")]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "it's\n$HOME `x` \\b 'c'");
        let spec = ExecSpec { env: [("A-1".to_owned(), String::new())].into(), ..spec };
        assert!(text_of(&spec).is_none());
    }
}
