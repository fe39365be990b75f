//! Ending a command that runs in a container.
//!
//! Docker has no request for that. The process is found from inside, in the container's own process
//! namespace: every command carries a variable with a value of its own in its environment, and a second
//! command kills whatever carries it, children included. The host's process ids would be of use only where
//! the engine is this machine's and we are root. In a container without a shell the command cannot be
//! ended; it ends with the container.

use super::Docker;
use super::request::segment;
use bollard::errors::Error as Bollard;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::task::TaskTracker;

/// Kills what carries one of the variables `$0` and `$1`, and looks again, as a process may be forking meanwhile.
pub(in crate::engine) const KILLER: &str = r#"
for round in 1 2 3; do
    found=
    for file in $(grep -ls -e "$0" -e "${1:-$0}" /proc/[0-9]*/environ 2>/dev/null); do
        pid=${file#/proc/}
        kill -KILL "${pid%/environ}" 2>/dev/null && found=1
    done
    [ -n "$found" ] || break
done
"#;
/// How often a command is asked after that has not started yet or does not want to go.
const ROUNDS: u32 = 6;

/// A variable that only one command has.
pub(in crate::engine) fn new_token() -> String {
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
    target: Option<Target>,
    leftovers: TaskTracker,
}

struct Target {
    client: bollard::Docker,
    container: String,
    exec: String,
    tokens: Vec<String>,
    /// Whether the engine's word on a command is to be had. Podman says that one has ended when only its caller has gone,
    /// or when it has not started yet; there the killer looks for itself, each time.
    trusted: bool,
}

impl KillOnDrop {
    pub(super) fn new(docker: &Docker, container: &str, exec: &str, tokens: Vec<String>) -> Self {
        let client = docker.client.clone().with_timeout(Duration::from_secs(30));
        let (container, exec) = (container.to_owned(), exec.to_owned());
        let target = Target { client, container, exec, tokens, trusted: !docker.is_podman() };
        Self { target: Some(target), leftovers: docker.leftovers.clone() }
    }

    /// The command has ended by itself.
    pub(super) fn disarm(mut self) {
        self.target = None;
    }

    /// Ends the command before returning.
    pub(super) async fn kill_now(mut self) {
        if let Some(target) = &self.target {
            target.kill().await;
        }
        self.target = None;
    }
}

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(target) = self.target.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            self.leftovers.spawn_on(async move { target.kill().await }, &runtime);
        }
    }
}

impl Target {
    async fn kill(&self) {
        let mut pause = Duration::from_millis(20);
        for _ in 0..ROUNDS {
            match self.client.inspect_exec(&self.exec).await {
                Ok(found) if found.running == Some(true) || !self.trusted => {
                    if self.run_killer().await.is_err() {
                        return;
                    }
                }
                // it has ended
                Ok(found) if self.trusted && found.exit_code.is_some() => return,
                // it was asked to start and hasn't yet
                Ok(_) => {}
                Err(_) => return,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn run_killer(&self) -> Result<(), Bollard> {
        let container = segment(&self.container).unwrap_or_default();
        let mut command = ["sh", "-c", KILLER].map(String::from).to_vec();
        command.extend(self.tokens.iter().cloned());
        let config = ExecConfig {
            cmd: Some(command),
            // the environment of another user's process is shown to whoever may trace it
            user: Some("0".into()),
            privileged: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let exec = self.client.create_exec(&container, config).await?.id;
        if let StartExecResults::Attached { mut output, .. } =
            self.client.start_exec(&exec, None::<StartExecOptions>).await?
        {
            while output.next().await.is_some() {}
        }
        Ok(())
    }
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
}
