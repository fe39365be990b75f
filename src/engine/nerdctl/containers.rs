//! Containers: their life from creation to removal.

use super::view::{container_of, text};
use super::{Nerdctl, errors, spec};
use crate::engine::docker::signal_number;
use crate::engine::{Container, ContainerSpec, ExecIo, ExecSpec};
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// How often, and how long between, a busy container is tried to be paused.
const FREEZE_TRIES: u32 = 5;
const FREEZE_PAUSE: Duration = Duration::from_millis(200);

/// A name that cannot be taken for a flag.
///
/// Errors: `engine.not_found`.
pub(super) fn named(name: &str) -> Result<&str> {
    if name.is_empty() || name.starts_with('-') {
        return Err(Error::engine("engine.not_found", format!("nothing can have the name \"{name}\"")));
    }
    Ok(name)
}

impl Nerdctl {
    pub(super) async fn create_container_impl(&self, spec: &ContainerSpec) -> Result<String> {
        let arguments = spec::arguments(spec)?;
        let _turn = self.turn.lock().await;
        let told = self.program.text(&format!("create container {}", spec.name), &arguments).await;
        let told = told.map_err(|failed| match failed.code() {
            "engine.conflict" => failed.hint(format!(
                "`{} rm -f {}` removes the container of that name",
                self.program.name, spec.name
            )),
            _ => failed,
        })?;
        Ok(told.lines().last().unwrap_or_default().trim().to_owned())
    }

    pub(super) async fn inspect_container_impl(&self, name: &str) -> Result<Container> {
        let found = self.inspect_raw_impl(name).await?;
        let is_running = found["State"]["Running"] == true;
        let listed = if is_running {
            HashMap::new()
        } else {
            self.listed(&["--filter".into(), format!("id={}", text(&found["Id"]))]).await?
        };
        Ok(container_of(&found, listed.get(&text(&found["Id"])).map_or("", String::as_str)))
    }

    pub(super) async fn inspect_raw_impl(&self, name: &str) -> Result<Value> {
        let arguments = ["container", "inspect", named(name)?];
        let told = self.program.text(&format!("inspect container {name}"), &arguments).await?;
        let mut all: Value = serde_json::from_str(&told).unwrap_or_default();
        Ok(all.get_mut(0).map(Value::take).unwrap_or_default())
    }

    pub(super) async fn list_containers_impl(&self, labels: &[String]) -> Result<Vec<Container>> {
        let filters: Vec<_> =
            labels.iter().flat_map(|label| ["--filter".to_owned(), format!("label={label}")]).collect();
        let listed = self.listed(&filters).await?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let arguments: Vec<_> =
            ["container", "inspect"].into_iter().chain(listed.keys().map(String::as_str)).collect();
        let output = self.program.output(&arguments).await?;
        // one that has gone meanwhile is a failure, after those that are there
        if !output.status.success() && !errors::is_missing(&output.stderr) {
            return Err(self.program.refused("list containers", output.status, &output.stderr));
        }
        let all: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let carries = |container: &Container| {
            labels.iter().all(|label| match label.split_once('=') {
                Some((name, value)) => container.labels.get(name).is_some_and(|found| found == value),
                None => container.labels.contains_key(label),
            })
        };
        let view =
            |found: &Value| container_of(found, listed.get(&text(&found["Id"])).map_or("", String::as_str));
        let mut containers: Vec<_> = all.as_array().into_iter().flatten().map(view).filter(carries).collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// The ports of containers, by id.
    async fn listed(&self, filters: &[String]) -> Result<HashMap<String, String>> {
        let mut arguments: Vec<String> =
            ["ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Ports}}"].map(String::from).to_vec();
        arguments.extend_from_slice(filters);
        let told = self.program.text("list containers", &arguments).await?;
        let split = |line: &str| {
            let (id, ports) = line.split_once(' ').unwrap_or((line, ""));
            (id.to_owned(), ports.to_owned())
        };
        Ok(told.lines().filter(|line| !line.trim().is_empty()).map(split).collect())
    }

    /// Does something to one container that has no answer.
    pub(super) async fn act(&self, doing: &str, arguments: &[&str], name: &str) -> Result<()> {
        let mut arguments = arguments.to_vec();
        arguments.push(named(name)?);
        self.program.text(&format!("{doing} container {name}"), &arguments).await.map(drop)
    }

    pub(super) async fn start_container_impl(&self, name: &str) -> Result<()> {
        let _turn = self.turn.lock().await;
        self.act("start", &["start"], name).await
    }

    /// `nerdctl kill` takes a container off its network, whatever the signal is, so it is for the last one only. Others
    /// are sent from within, where a first process that does not care for them gets them as little as from outside.
    pub(super) async fn kill_container_impl(&self, name: &str, signal: &str) -> Result<()> {
        let short = signal.trim_start_matches("SIG");
        let from_outside = matches!(short, "KILL" | "9" | "STOP" | "19");
        if !from_outside {
            let how =
                signal_number(signal).map_or_else(|_| format!("-s {short}"), |number| format!("-{number}"));
            let command = ["sh", "-c", "kill $0 1", &how].map(String::from).to_vec();
            let spec = ExecSpec { command, user: "0".into(), ..Default::default() };
            let done = self.exec_impl(name, &spec, ExecIo::default()).await?;
            if done.code == 0 {
                return Ok(());
            }
            // without a shell there is the other way
            if !matches!(done.code, 126 | 127) {
                let reason = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                let message = format!("cannot send {signal} to container {name}: {reason}");
                return Err(
                    Error::engine("engine.refused", message).hint("such as USR1, SIGRTMIN+3 or a number")
                );
            }
        }
        self.act(&format!("send {signal} to"), &["kill", "--signal", signal], name).await
    }

    pub(super) async fn pause_container_impl(&self, name: &str) -> Result<()> {
        let mut tries = 1;
        loop {
            match self.act("pause", &["pause"], name).await {
                // cgroup v1 cannot freeze processes while new ones come; the next moment it can
                Err(error) if tries < FREEZE_TRIES && error.message().contains("unable to freeze") => {
                    tries += 1;
                    tokio::time::sleep(FREEZE_PAUSE).await;
                }
                done => return done,
            }
        }
    }

    pub(super) async fn remove_container_impl(&self, name: &str) -> Result<()> {
        let _turn = self.turn.lock().await;
        match self.act("remove", &["rm", "--force", "--volumes"], name).await {
            Err(error) if error.code() == "engine.not_found" => Ok(()),
            done => done,
        }
    }

    pub(super) async fn wait_container_impl(&self, name: &str) -> Result<i64> {
        let told = self.program.text(&format!("wait for container {name}"), &["wait", named(name)?]).await?;
        told.trim().parse().map_err(|_| {
            let message =
                format!("cannot wait for container {name}: {} told \"{}\"", self.program.name, told.trim());
            Error::engine("engine.refused", message)
        })
    }
}
