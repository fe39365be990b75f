//! Ending a command that runs in a container: nerdctl's end is not the command's.

use super::Nerdctl;
use super::program::Program;
use crate::engine::docker::KILLER;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How often the command is looked for: it may not have started when its caller went.
const ROUNDS: u32 = 3;

/// Ends a command when its caller is not interested any more.
pub(super) struct KillOnDrop {
    target: Option<Target>,
    leftovers: TaskTracker,
}

struct Target {
    program: Program,
    container: String,
    /// The variable that only this command carries.
    token: String,
}

impl KillOnDrop {
    pub(super) fn new(engine: &Nerdctl, container: &str, token: String) -> Self {
        let target = Target { program: engine.program.clone(), container: container.to_owned(), token };
        Self { target: Some(target), leftovers: engine.leftovers.clone() }
    }

    /// The command has ended by itself.
    pub(super) fn disarm(mut self) {
        self.target = None;
    }

    /// Ends the command before returning.
    pub(super) async fn kill_now(mut self) {
        if let Some(target) = self.target.take() {
            target.kill().await;
        }
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
        let mut pause = Duration::from_millis(50);
        // the environment of another user's process is shown to whoever may trace it
        let arguments =
            ["exec", "--user", "0", "--privileged", &self.container, "sh", "-c", KILLER, &self.token];
        for _ in 0..ROUNDS {
            match self.program.output(&arguments).await {
                Ok(output) if output.status.success() => {}
                // the container has stopped, or has no shell
                _ => return,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}
