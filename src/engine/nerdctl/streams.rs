//! What comes as a stream: logs and events.

use super::Nerdctl;
use super::containers::named;
use super::own_words::OwnWords;
use super::view::text;
use crate::engine::{EngineEvent, EngineEventStream, LogOptions, OutputStream};
use crate::error::Result;
use crate::event::Stream;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

/// How long nerdctl takes until it listens for events: it does not say when it does.
const LISTENS: Duration = Duration::from_millis(300);
/// Events that wait for who reads them.
const WAITING: usize = 256;

impl Nerdctl {
    pub(super) async fn logs_impl(&self, container: &str, options: &LogOptions) -> Result<OutputStream> {
        let doing = format!("read the logs of container {container}");
        let mut arguments: Vec<String> = vec!["logs".into()];
        if options.follow {
            arguments.push("--follow".into());
        }
        if options.timestamps {
            arguments.push("--timestamps".into());
        }
        arguments.extend(options.tail.map(|lines| format!("--tail={lines}")));
        let since = options.since.and_then(|since| jiff::Timestamp::from_second(since).ok());
        arguments.extend(since.map(|since| format!("--since={since}")));
        arguments.push(named(container)?.to_owned());
        // one that is not there is told now and not by the stream
        self.inspect_raw_impl(container).await?;

        let mut child = self.program.spawn(&mut self.program.command(&arguments))?;
        let no_pipe = || self.program.broke(std::io::Error::other("no pipe"));
        let stdout = ReaderStream::new(child.stdout.take().ok_or_else(no_pipe)?);
        let stderr = ReaderStream::new(child.stderr.take().ok_or_else(no_pipe)?);
        let pieces = stream::select(
            stdout.map(|piece| (Stream::Stdout, piece)),
            stderr.map(|piece| (Stream::Stderr, piece)),
        );
        let program = self.program.clone();
        let state = Some((Box::pin(pieces), OwnWords::default(), child));
        let whole = stream::unfold(state, move |state| {
            let (program, doing) = (program.clone(), doing.clone());
            async move {
                let (mut pieces, mut words, mut child) = state?;
                loop {
                    match pieces.next().await {
                        Some((Stream::Stdout, Ok(bytes))) => {
                            return Some((Ok((Stream::Stdout, bytes)), Some((pieces, words, child))));
                        }
                        Some((Stream::Stderr, Ok(bytes))) => {
                            let written = words.add(&bytes);
                            if !written.is_empty() {
                                let piece = (Stream::Stderr, Bytes::from(written));
                                return Some((Ok(piece), Some((pieces, words, child))));
                            }
                        }
                        Some((_, Err(error))) => return Some((Err(program.broke(error)), None)),
                        None => {
                            let rest = words.rest();
                            return match child.wait().await {
                                Err(error) => Some((Err(program.broke(error)), None)),
                                Ok(status) if !status.success() => {
                                    Some((Err(program.refused(&doing, status, &rest)), None))
                                }
                                Ok(_) if rest.is_empty() => None,
                                Ok(_) => Some((Ok((Stream::Stderr, Bytes::from(rest))), None)),
                            };
                        }
                    }
                }
            }
        });
        Ok(whole.boxed())
    }

    pub(super) async fn events_impl(&self, labels: &[String]) -> Result<EngineEventStream> {
        let program = self.program.clone();
        let mut child = program.spawn(&mut program.command(&["events", "--format", "{{json .}}"]))?;
        let stdout = child.stdout.take().ok_or_else(|| program.broke(std::io::Error::other("no pipe")))?;
        // nobody reads them, and a full pipe would stop it
        drop(child.stderr.take());
        let (send, pieces) = mpsc::channel(WAITING);
        let labels = labels.to_vec();
        tokio::spawn(async move {
            let mut known = Known { program: program.clone(), all: HashMap::new() };
            let mut lines = BufReader::new(stdout).lines();
            loop {
                let line = tokio::select! {
                    line = lines.next_line() => line,
                    () = send.closed() => break,
                };
                let event = match line {
                    Ok(Some(line)) => event_of(&line),
                    Ok(None) => {
                        let end = std::io::Error::other("nerdctl events has ended");
                        let _ = send.send(Err(program.broke(end))).await;
                        break;
                    }
                    Err(error) => {
                        let _ = send.send(Err(program.broke(error))).await;
                        break;
                    }
                };
                if let Some(mut event) = event
                    && let Some(name) = known.wanted(&event.container, &labels).await
                {
                    event.name = name;
                    if send.send(Ok(event)).await.is_err() {
                        break;
                    }
                }
            }
            drop(child);
        });
        tokio::time::sleep(LISTENS).await;
        let whole =
            stream::unfold(pieces, |mut pieces| async { pieces.recv().await.map(|event| (event, pieces)) });
        Ok(whole.boxed())
    }
}

/// Names and labels of containers: events tell neither, and the last one comes when the container has gone.
struct Known {
    program: super::program::Program,
    all: HashMap<String, (String, BTreeMap<String, String>)>,
}

impl Known {
    /// The container's name, when it carries all of `labels`.
    async fn wanted(&mut self, id: &str, labels: &[String]) -> Option<String> {
        if !self.all.contains_key(id) {
            let found = self.program.text("inspect a container", &["container", "inspect", id]).await.ok()?;
            let found: Value = serde_json::from_str(&found).ok()?;
            let container = super::view::container_of(found.get(0)?, "");
            self.all.insert(id.to_owned(), (container.name, container.labels));
        }
        let (name, carried) = self.all.get(id)?;
        let carries = labels.iter().all(|label| match label.split_once('=') {
            Some((key, value)) => carried.get(key).is_some_and(|found| found == value),
            None => carried.contains_key(label),
        });
        carries.then(|| name.clone())
    }
}

/// An event of containerd in Docker's words; `None` for what happens to anything but a container.
fn event_of(line: &str) -> Option<EngineEvent> {
    let told: Value = serde_json::from_str(line).ok()?;
    let about: Value = serde_json::from_str(told["Event"].as_str()?).ok()?;
    let container = text(&about["container_id"]);
    let mut attributes = BTreeMap::new();
    let (action, container) = match told["Topic"].as_str()? {
        "/containers/create" => ("create", text(&about["id"])),
        "/containers/delete" => ("destroy", text(&about["id"])),
        "/tasks/start" => ("start", container),
        "/tasks/paused" => ("pause", container),
        "/tasks/resumed" => ("unpause", container),
        "/tasks/oom" => ("oom", container),
        // the end of a command in it has an id of its own
        "/tasks/exit" if about["id"] == about["container_id"] => {
            attributes
                .insert("exitCode".into(), about["exit_status"].as_i64().unwrap_or_default().to_string());
            ("die", container)
        }
        _ => return None,
    };
    let time = crate::engine::docker::seconds_of(told["Timestamp"].as_str().unwrap_or_default());
    Some(EngineEvent { action: action.into(), container, name: String::new(), time, attributes })
}

#[cfg(test)]
mod tests {
    use super::event_of;

    #[test]
    fn containerds_events_are_told_in_dockers_words() {
        let line = |topic: &str, event: &str| {
            serde_json::json!({"Timestamp": "2001-09-09T01:46:40.5Z", "Topic": topic, "Event": event})
                .to_string()
        };
        let died =
            event_of(&line("/tasks/exit", r#"{"container_id":"a","id":"a","exit_status":137}"#)).unwrap();
        assert_eq!((died.action.as_str(), died.container.as_str(), died.time), ("die", "a", 1_000_000_000));
        assert_eq!(died.attributes["exitCode"], "137");
        assert!(
            event_of(&line("/tasks/exit", r#"{"container_id":"a","id":"exec-1","exit_status":0}"#)).is_none()
        );
        assert!(event_of(&line("/snapshot/remove", r#"{"key":"x"}"#)).is_none());
        assert!(event_of("").is_none());
    }
}
