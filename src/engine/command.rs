//! What commands in containers have in common, whichever engine runs them: output that is kept up to a limit, time
//! limits, and how a command is ended whose caller is gone.
//!
//! No engine has a request that ends a command. The process is found from inside, in the container's own process
//! namespace: every command carries a variable with a value of its own in its environment, and a second command kills
//! whatever carries it, children included. The host's process ids would be of use only where the engine is this
//! machine's and we are root. In a container without a shell the command cannot be ended; it ends with the container.

use super::{ExecResult, ExecSpec, OutputFn};
use crate::error::{Context, Error};
use crate::event::Stream;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::task::TaskTracker;

/// Kills what carries one of the variables `$0` and `$1`, and looks again, as a process may be forking meanwhile.
pub(super) const KILLER: &str = r#"
for round in 1 2 3; do
    found=
    for file in $(grep -ls -e "$0" -e "${1:-$0}" /proc/[0-9]*/environ 2>/dev/null); do
        pid=${file#/proc/}
        kill -KILL "${pid%/environ}" 2>/dev/null && found=1
    done
    [ -n "$found" ] || break
done
"#;
/// How much output of one command is kept, in bytes; `discard` takes any amount.
const KEPT: usize = 64 << 20;

/// A variable that only one command has.
pub(super) fn new_token() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!(
        "KIND_EXEC={:x}-{:x}-{:x}",
        std::process::id(),
        now.as_nanos(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Ends a command when its caller is not interested any more.
pub(super) struct KillOnDrop {
    kill: Option<BoxFuture<'static, ()>>,
    leftovers: TaskTracker,
}

impl KillOnDrop {
    /// `kill` ends the command; when the caller just goes it is one of the `leftovers`.
    pub(super) fn new(leftovers: &TaskTracker, kill: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { kill: Some(kill.boxed()), leftovers: leftovers.clone() }
    }

    /// The command has ended by itself.
    pub(super) fn disarm(mut self) {
        self.kill = None;
    }

    /// Waits for the `work` of the command, and ends it at the limit, which is the error then.
    pub(super) async fn within<T>(
        &mut self,
        limit: Option<Duration>,
        work: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        let Some(limit) = limit else { return Ok(work.await) };
        if let Ok(done) = tokio::time::timeout(limit, work).await {
            return Ok(done);
        }
        if let Some(kill) = &mut self.kill {
            kill.await;
        }
        self.kill = None;
        Err(limit)
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(kill) = self.kill.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            self.leftovers.spawn_on(kill, &runtime);
        }
    }
}

/// Where a command's output goes.
pub(super) struct Collected<'a, 'b> {
    pub tell: Option<OutputFn<'a>>,
    pub discard: bool,
    pub result: &'b mut ExecResult,
}

impl Collected<'_, '_> {
    /// Takes a piece; false when it is more than is kept.
    pub(super) fn add(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        if let Some(tell) = self.tell {
            tell(stream, bytes);
        }
        if self.discard {
            return true;
        }
        match stream {
            Stream::Stdout => self.result.stdout.extend_from_slice(bytes),
            Stream::Stderr => self.result.stderr.extend_from_slice(bytes),
        }
        self.result.stdout.len() + self.result.stderr.len() <= KEPT
    }
}

pub(super) fn too_much(spec: &ExecSpec) -> Error {
    let name = spec.command.first().map_or("", String::as_str);
    let message = format!("{name} wrote more than {} MiB and was killed", KEPT >> 20);
    Error::engine("engine.too_much_output", message)
        .hint("let the command write to a file, or a filter take less")
}

pub(super) fn out_of_time(spec: &ExecSpec, limit: Duration, result: &ExecResult) -> Error {
    let command = shlex::try_join(spec.command.iter().map(String::as_str)).unwrap_or_default();
    let name = spec.command.first().map_or("", String::as_str);
    Error::engine("engine.time_limit", format!("{name} did not end within {limit:?} and was killed"))
        .with_context(Context {
            command: Some(command),
            stdout: Some(String::from_utf8_lossy(&result.stdout).into_owned()),
            stderr: Some(String::from_utf8_lossy(&result.stderr).into_owned()),
            ..Default::default()
        })
}

/// What a caller of a command is said to do, for errors.
pub(super) fn doing(container: &str, spec: &ExecSpec) -> String {
    format!("run {} in container {container}", spec.command.first().map_or("nothing", String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_have_one_token() {
        let (a, b) = (new_token(), new_token());
        assert!(a.starts_with("KIND_EXEC=") && a != b);
    }

    /// The text that is searched for must not stand in the environment of the killer itself, only in its
    /// arguments; and it must be found where the kernel writes it.
    #[test]
    fn the_killer_kills_what_carries_the_token_and_nothing_else() {
        let token = new_token();
        let (name, value) = token.split_once('=').unwrap();
        let mut marked = std::process::Command::new("sh")
            .args(["-c", "sleep 100 & wait"])
            .env(name, value)
            .spawn()
            .unwrap();
        let mut other = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        let killer = std::process::Command::new("sh").args(["-c", KILLER, &token]).status().unwrap();
        assert!(killer.success());
        assert!(!marked.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    /// At the limit, when the caller goes, and not at all.
    #[tokio::test]
    async fn a_command_is_ended_once_or_never() {
        let (leftovers, ended) = (TaskTracker::new(), std::sync::Arc::new(AtomicU64::new(0)));
        let guard = || {
            let ended = ended.clone();
            KillOnDrop::new(&leftovers, async move {
                ended.fetch_add(1, Ordering::Relaxed);
            })
        };
        let limit = Some(Duration::from_millis(1));
        let mut limited = guard();
        assert_eq!(limited.within(limit, std::future::pending::<()>()).await, Err(Duration::from_millis(1)));
        drop(limited);
        assert_eq!(ended.load(Ordering::Relaxed), 1);
        let mut done = guard();
        assert_eq!(done.within(limit, async { 7 }).await, Ok(7));
        done.disarm();
        drop(guard());
        leftovers.close();
        leftovers.wait().await;
        assert_eq!(ended.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn output_is_kept_up_to_the_limit() {
        let mut result = ExecResult::default();
        let piece = vec![0; KEPT];
        let mut kept = Collected { tell: None, discard: false, result: &mut result };
        assert!(kept.add(Stream::Stdout, &piece) && !kept.add(Stream::Stderr, b"x"));
        let mut thrown = Collected { tell: None, discard: true, result: &mut ExecResult::default() };
        assert!(thrown.add(Stream::Stdout, &piece) && thrown.add(Stream::Stdout, b"x"));
        assert!(thrown.result.stdout.is_empty());
    }
}
