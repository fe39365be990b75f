//! Commands: the answers that were given for them, and files that can be looked at.

use super::Simulated;
use super::archive::collect;
use super::deed::{Deed, File};
use super::operation::Operation;
use crate::engine::{ExecIo, ExecResult, ExecSpec};
use crate::error::{Error, Result};
use crate::event::Stream;
use std::collections::BTreeMap;
use std::time::Duration;

impl Simulated {
    pub(super) async fn run(&self, container: &str, spec: &ExecSpec, io: ExecIo<'_>) -> Result<ExecResult> {
        let container = {
            let mut state = self.begin(Operation::Exec)?;
            let key = state.key(container)?;
            state.running(&key)?;
            key
        };
        let stdin = match io.stdin {
            Some(stdin) => collect(stdin).await?,
            None => Vec::new(),
        };
        let (made, takes) = self.made_up(&container, spec, &stdin)?;
        if let Some(limit) = spec.time_limit.filter(|limit| *limit < takes) {
            tokio::time::sleep(limit).await;
            let name = spec.command.first().map_or("", String::as_str);
            let message = format!("{name} did not end within {limit:?} and was killed");
            return Err(Error::engine("engine.time_limit", message));
        }
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let mut result = made?;
        if let Some(tell) = io.output {
            for (stream, bytes) in [(Stream::Stdout, &result.stdout), (Stream::Stderr, &result.stderr)] {
                if !bytes.is_empty() {
                    tell(stream, bytes);
                }
            }
        }
        if io.discard {
            (result.stdout, result.stderr) = (Vec::new(), Vec::new());
        }
        Ok(result)
    }

    /// Records a command and finds its answer and how long it takes.
    fn made_up(
        &self,
        container: &str,
        spec: &ExecSpec,
        stdin: &[u8],
    ) -> Result<(Result<ExecResult>, Duration)> {
        let mut state = self.lock();
        let rule =
            state.rules.iter().rposition(|r| r.left != Some(0) && r.matcher.matches(container, spec, stdin));
        let answer = rule.map(|at| {
            let rule = &mut state.rules[at];
            rule.left = rule.left.map(|left| left - 1);
            rule.answer.clone()
        });
        let looked = look(&state.container(container)?.files, &spec.command);
        state.record(Deed::Exec {
            container: container.to_owned(),
            spec: Box::new(spec.clone()),
            stdin: stdin.to_owned(),
        });
        // an answer may ask the engine for something
        drop(state);
        Ok(match answer {
            Some(answer) => (answer.make.map(|make| make(container, spec, stdin)), answer.takes),
            None => (Ok(looked), Duration::ZERO),
        })
    }
}

/// What `cat` and `test` would see of the files that were uploaded; other commands end well.
fn look(files: &BTreeMap<String, File>, command: &[String]) -> ExecResult {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let folder =
        |path: &str| files.keys().any(|name| name.starts_with(&format!("{}/", path.trim_end_matches('/'))));
    let code = |is: bool| ExecResult { code: i64::from(!is), ..Default::default() };
    match words.as_slice() {
        ["cat", paths @ ..] => {
            let mut result = ExecResult::default();
            for path in paths {
                if let Some(file) = files.get(*path) {
                    result.stdout.extend_from_slice(&file.content);
                } else {
                    result.code = 1;
                    result.stderr.extend(format!("cat: {path}: No such file or directory\n").bytes());
                }
            }
            result
        }
        ["test" | "[", "-f", path, ..] => code(files.contains_key(*path)),
        ["test" | "[", "-s", path, ..] => code(files.get(*path).is_some_and(|file| !file.content.is_empty())),
        ["test" | "[", "-e", path, ..] => code(files.contains_key(*path) || folder(path)),
        ["test" | "[", "-d", path, ..] => code(folder(path)),
        ["false", ..] => code(false),
        _ => code(true),
    }
}
