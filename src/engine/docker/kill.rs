//! Ending a command by the engine's API.

use super::Docker;
use super::request::segment;
use crate::engine::command::{KILLER, KillOnDrop};
use bollard::errors::Error as Bollard;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use std::time::Duration;

/// How often a command is asked after that has not started yet or does not want to go.
const ROUNDS: u32 = 6;

struct Target {
    client: bollard::Docker,
    container: String,
    exec: String,
    tokens: Vec<String>,
    /// Whether the engine's word on a command is to be had. Podman says that one has ended when only its caller has gone,
    /// or when it has not started yet; there the killer looks for itself, each time.
    trusted: bool,
}

impl Docker {
    /// What ends the command that carries one of the tokens.
    pub(super) fn killer(&self, container: &str, exec: &str, tokens: Vec<String>) -> KillOnDrop {
        let client = self.client.clone().with_timeout(Duration::from_secs(30));
        let (container, exec) = (container.to_owned(), exec.to_owned());
        let target = Target { client, container, exec, tokens, trusted: !self.is_podman() };
        KillOnDrop::new(&self.leftovers, async move { target.kill().await })
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
