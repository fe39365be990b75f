//! Verbs for tests: `kubectl(…)` against the cluster of the running test, `skip(…)`.

use super::super::diagnostics::to_rhai;
use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::scope;
use super::super::testing::SKIPPED;
use super::{Returned, Thrown, for_words, only_keys, strings, text, text_of};
use crate::error::{Context, Error};
use crate::event::{CallKind, Event};
use crate::host::process;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map};
use std::sync::Arc;

pub const RECORDS: &[Record] = records_table! { "":
    "kubectl" "(word: any, words…: any, options?: map) -> string"
        "In a test: runs the kubectl of this machine against the test's cluster; its standard output. A map as the last word may have stdin. Without --allow-host, what touches more than the cluster and files below the test's folder is refused. Throws `kubectl.failed`, and `kubectl.no_cluster` outside of a test.",
        "try { kubectl(\"get nodes\") } catch (e) { e.code }", options "stdin: string", throws "kubectl.*, script.not_allowed";
    "skip" "(reason: string) -> never" "In a test: ends it without counting as a failure.",
        "try { skip(\"no GPU\") } catch (e) { e.code }", throws "test.skipped";
};

fn kubectl(run: &Run, words: &[Dynamic]) -> Returned<ImmutableString> {
    let target = run.options.kubectl.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let target = target.ok_or_else(|| {
        let error =
            Error::user("kubectl.no_cluster", "kubectl(…) needs the cluster of a test, and there is none");
        to_rhai(&error.hint("elsewhere c.kubectl(…) runs the one on the control plane of the cluster c"))
    })?;
    let mut all = Vec::new();
    let mut stdin = None;
    for word in words {
        if let Some(map) = word.read_lock::<Map>() {
            only_keys("kubectl", &map, &["stdin"])?;
            stdin = text_of(&map, "stdin").map(String::into_bytes);
        } else if let Some(list) = word.read_lock::<Array>() {
            all.extend(strings(&list));
        } else {
            all.push(word.to_string());
        }
    }
    // one text is what one would type
    if let [line] = all.as_slice()
        && let Some(split) = shlex::split(line)
    {
        all = split;
    }
    if all.first().is_some_and(|word| word == "kubectl") {
        all.remove(0);
    }
    let command = target.command(&all, stdin, run.options.allow_host).thrown()?;
    let step = scope::current().step;
    let line = |stream, line: &str| {
        run.events.emit(&Event::Output { step, node: None, stream, line: line.to_owned() });
    };
    let shown = format!("kubectl {}", crate::host::process::quote(&all));
    let work = || {
        let output = run.block(process::run(&command, &line))?;
        if output.code == 0 {
            return Ok(output);
        }
        let context = Context {
            command: Some(shown.clone()),
            exit_code: Some(output.code),
            stdout: Some(output.stdout),
            stderr: Some(output.stderr),
            ..Context::default()
        };
        let verb = all.first().map_or("", String::as_str);
        let message = format!("kubectl {verb} ended with exit code {}", output.code);
        Err(Error::kubernetes("kubectl.failed", message).with_context(context))
    };
    let done = run.call_with(CallKind::Exec, None, &shown, work, |output| Some(output.code)).thrown()?;
    Ok(text(done.stdout))
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    macro_rules! forms {
        ($($word:ident)*) => {
            let r = run.clone();
            engine.register_fn("kubectl", move |$($word: Dynamic),*| kubectl(&r, &[$($word),*]));
        };
    }
    for_words!(forms);
    engine.register_fn("skip", |reason: &str| -> Returned<()> {
        Err(to_rhai(&Error::script(SKIPPED, reason)))
    });
}
