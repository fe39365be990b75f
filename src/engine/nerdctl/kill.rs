//! Ending a command that runs in a container: nerdctl's end is not the command's.

use super::Nerdctl;
use super::program::Program;
use crate::engine::command::{KILLER, KillOnDrop};
use std::time::Duration;

/// How often the command is looked for: it may not have started when its caller went.
const ROUNDS: u32 = 3;

impl Nerdctl {
    /// What ends the command that carries the token.
    pub(super) fn killer(&self, container: &str, token: String) -> KillOnDrop {
        let (program, container) = (self.program.clone(), container.to_owned());
        KillOnDrop::new(&self.leftovers, async move { kill(&program, &container, &token).await })
    }
}

async fn kill(program: &Program, container: &str, token: &str) {
    let mut pause = Duration::from_millis(50);
    // the environment of another user's process is shown to whoever may trace it
    let arguments = ["exec", "--user", "0", "--privileged", container, "sh", "-c", KILLER, token];
    for _ in 0..ROUNDS {
        match program.output(&arguments).await {
            Ok(output) if output.status.success() => {}
            // the container has stopped, or has no shell
            _ => return,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}
