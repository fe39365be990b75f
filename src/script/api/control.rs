//! Flow: parallel work, retries, clean-up, errors.

use super::super::diagnostics::{Ending, innermost, to_rhai};
use super::super::host::STACK;
use super::super::params;
use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::scope::{self, Scope};
use super::{Returned, duration, strings};
use crate::error::Error;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext, Position};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// At most so many calls of one `parallel` run at the same time.
const PARALLEL: usize = 32;

pub const RECORDS: &[Record] = records_table! { "":
    "parallel" "(list: array, call?: closure(item)) -> array"
        "Calls the closure for every item at the same time; results in the list's order. The first error cancels the others and is thrown. A list of closures without `call` runs each of them.",
        "parallel([1, 2, 3], |x| x * 2)", throws "script.bad_value, and what call throws";
    "retry" "(times: int, pause: seconds, body: closure()) -> value of body"
        "Calls body until it does not throw, at most `times` times, with `pause` between.",
        "retry(3, 0.1, || 42)", throws "what body throws";
    "eventually" "(limit: seconds, body: closure()) -> value of body"
        "Calls body until it returns something other than false and () without throwing; throws `time_limit` with the last error after `limit`.",
        "eventually(1, || true)", throws "time_limit";
    "on_failure" "(body: closure(), cleanup: closure(error)) -> value of body"
        "Runs body; when it throws or the run is interrupted, runs cleanup with the error (which Ctrl-C does not stop at once) and throws on.",
        "on_failure(|| 1, |error| print(error.message))", throws "what body throws";
    "always" "(body: closure(), cleanup: closure()) -> value of body"
        "Runs body, then cleanup whatever happened.",
        "always(|| 1, || print(\"done\"))", throws "what body throws";
    "sleep" "(time: seconds) -> ()" "Waits; Ctrl-C ends it at once.", "sleep(0.01)", throws "script.bad_value";
    "assert" "(condition: bool, message?: string) -> ()" "Throws `assertion` unless condition holds. The message may be left out.", "assert(1 < 2, \"order\")", throws "assertion";
    "assert_eq" "(left: any, right: any, message?: string) -> ()" "Throws `assertion` unless the values are equal, and says how they differ. The message may be left out.", "assert_eq(1 + 1, 2)", throws "assertion";
    "fail" "(message: string or map) -> never" "Throws; a map may have code, message, hint, node.", "try { fail(\"no\") } catch (e) { e.message }",
        options "code: string, message: string, hint: string, hints: array of string, node: string, kind: string, causes: array of string, command: string, exit_code: int, stdout: string, stderr: string, place: string",
        throws "failed, or the code in message";
    "exit" "(code: int) -> never" "Ends the run with this exit code.", "if false { exit(3) }", throws "none";
    "args" "() -> array of string" "The arguments after the script's name.", "args().len()", throws "none";
    "params" "(declaration: map) -> map"
        "Declares the script's parameters and returns their values. Each is its default, or a map with type (string, int, float, bool, array, map), default, doc, choices; one without a default has to be given. Set by --set NAME=VALUE and --values FILE, shown by kind run FILE --help.",
        "params(#{workers: 2, mode: #{default: \"fast\", choices: [\"fast\", \"safe\"], doc: \"How\"}}).workers", throws "params.declaration params.value params.unknown params.missing";
    "join" "(list: array, separator: string) -> string" "The items as one text.", "join([1, 2], \", \")", throws "none";
    "now" "() -> float" "Seconds of a clock that never goes back.", "let t = now(); now() - t", throws "none";
};

/// The closure with copies of what it captured, so that threads do not fight over shared values.
fn own_captures(call: &FnPtr) -> FnPtr {
    let mut call = call.clone();
    let values: Vec<Dynamic> = call.iter_curry().map(Dynamic::flatten_clone).collect();
    call.set_curry(values);
    call
}

#[expect(deprecated, reason = "the context's storage is marked volatile; there is no other way into threads")]
fn parallel(run: &Run, ctx: &NativeCallContext, list: &Array, call: Option<&FnPtr>) -> Returned<Array> {
    let store = ctx.store_data();
    let engine = ctx.engine();
    let outer = scope::current();
    let cancel = outer.cancel.child_token();
    let next = AtomicUsize::new(0);
    let items: Vec<Dynamic> = list.iter().map(Dynamic::flatten_clone).collect();
    let work = || {
        scope::with(Scope { cancel: cancel.clone(), ..outer.clone() }, || {
            let ctx = store.create_context(engine);
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return done };
                let result = if let Some(call) = call {
                    own_captures(call).call_within_context::<Dynamic>(&ctx, (item.clone(),))
                } else if let Some(call) = item.read_lock::<FnPtr>() {
                    own_captures(&call).call_within_context::<Dynamic>(&ctx, ())
                } else {
                    Err(to_rhai(&Error::script(
                        "script.bad_value",
                        "parallel without a closure takes a list of closures",
                    )))
                };
                if result.is_err() {
                    cancel.cancel();
                }
                done.push((index, result));
            }
        })
    };
    let mut results: Vec<(usize, Returned<Dynamic>)> = std::thread::scope(|threads| {
        let mut handles = Vec::new();
        let mut lost = Vec::new();
        // A plan is told in the list's order.
        let threads_wanted = if run.plan.get().is_some() { 1 } else { PARALLEL };
        for _ in 0..items.len().min(threads_wanted) {
            match std::thread::Builder::new().stack_size(STACK / 4).spawn_scoped(threads, work) {
                Ok(handle) => handles.push(handle),
                Err(e) => lost
                    .push((0, Err(to_rhai(&Error::internal("thread", "cannot start a thread").because(e))))),
            }
        }
        for handle in handles {
            match handle.join() {
                Ok(done) => lost.extend(done),
                Err(_) => {
                    lost.push((0, Err(to_rhai(&Error::internal("panic", "a thread of parallel panicked")))));
                }
            }
        }
        lost
    });
    results.sort_by_key(|(index, _)| *index);
    // Siblings end as cancelled because of the first real error: that is the one to tell.
    let mut cancelled = None;
    let mut values = Array::new();
    for (_, result) in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) if innermost(&error).is_cancelled() => cancelled = Some(error),
            Err(error) => return Err(error),
        }
    }
    cancelled.map_or(Ok(values), Err)
}

/// Whether trying again could help: for what was thrown it could, for a mistake in the script it could not.
fn may_pass(error: &EvalAltResult) -> bool {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => may_pass(inner),
        EvalAltResult::ErrorRuntime(..) => true,
        _ => false,
    }
}

/// Waits without the run's runtime; wakes up when cancelled.
fn pause(run: &Run, what: &str, time: Duration) -> Returned<()> {
    if run.planned("wait", None, format!("wait {} s", time.as_secs_f64()), serde_json::Value::Null) {
        return Ok(());
    }
    run.wait(None, what, async {
        tokio::time::sleep(time).await;
        Ok(())
    })
    .map_err(|e| to_rhai(&e))
}

fn retry(run: &Run, ctx: &NativeCallContext, times: i64, wait: Duration, body: &FnPtr) -> Returned<Dynamic> {
    // What fails in a plan fails again.
    let mut left = if run.plan.get().is_some() { 1 } else { times.max(1) };
    loop {
        match body.call_within_context::<Dynamic>(ctx, ()) {
            Ok(value) => return Ok(value),
            Err(error) if left <= 1 || !may_pass(&error) => return Err(error),
            Err(_) => left -= 1,
        }
        pause(run, "retry", wait)?;
    }
}

fn eventually(run: &Run, ctx: &NativeCallContext, limit: Duration, body: &FnPtr) -> Returned<Dynamic> {
    let since = Instant::now();
    let mut wait = Duration::from_millis(20);
    loop {
        let last = match body.call_within_context::<Dynamic>(ctx, ()) {
            Ok(value) if !value.is_unit() && !matches!(value.as_bool(), Ok(false)) => return Ok(value),
            // Nothing changes by itself in a plan.
            Ok(value) if run.plan.get().is_some() => return Ok(value),
            Ok(value) => Err(value),
            Err(error) if !may_pass(&error) => return Err(error),
            Err(error) => Ok(innermost(&error)),
        };
        if since.elapsed() >= limit {
            let message = format!("not so within {} s", limit.as_secs_f64());
            return Err(to_rhai(&match last {
                Ok(cause) => Error::script("time_limit", message).because(cause),
                Err(value) => Error::script("time_limit", format!("{message}: it was still {value:?}")),
            }));
        }
        pause(run, "eventually", wait)?;
        wait = (wait * 3 / 2).min(Duration::from_millis(500));
    }
}

fn assert(condition: bool, message: &str) -> Returned<()> {
    if condition {
        return Ok(());
    }
    let colon = if message.is_empty() { "" } else { ": " };
    Err(to_rhai(&Error::script("assertion", format!("assertion failed{colon}{message}"))))
}

fn assert_eq(ctx: &NativeCallContext, left: &Dynamic, right: &Dynamic, message: &str) -> Returned<()> {
    let mut pair = [left.clone(), right.clone()];
    let [l, r] = &mut pair;
    let equal = ctx.call_native_fn_raw("==", true, &mut [l, r]).is_ok_and(|v| v.as_bool().unwrap_or(false));
    if equal {
        return Ok(());
    }
    let colon = if message.is_empty() { "" } else { ": " };
    let why = difference(left, right);
    Err(to_rhai(&Error::script("assertion", format!("{message}{colon}{why}"))))
}

/// Says how two values differ: short ones side by side, long ones line by line.
fn difference(left: &Dynamic, right: &Dynamic) -> String {
    const SHORT: usize = 60;
    let (l, r) = (format!("{left:?}"), format!("{right:?}"));
    let long = l.len() > SHORT || r.len() > SHORT || l.contains("\\n") || r.contains("\\n");
    if !long || left.type_name() != right.type_name() {
        return format!("{l} is not equal to {r}");
    }
    let (l, r) = (written(left), written(right));
    let diff = similar::TextDiff::from_lines(&l, &r);
    let mut text = "the values differ (- left, + right):".to_owned();
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        for change in hunk.iter_changes() {
            // a String takes whatever is written
            let _ = write!(text, "\n{}{}", change.tag(), change.value().trim_end_matches('\n'));
        }
    }
    text
}

/// A text as it is, anything else over several lines.
fn written(value: &Dynamic) -> String {
    if value.is_string() {
        return value.to_string() + "\n";
    }
    let json: Option<serde_json::Value> = rhai::serde::from_dynamic(value).ok();
    let text = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    text.unwrap_or_else(|| format!("{value:?}")) + "\n"
}

/// Runs clean-up under a scope that the first Ctrl-C does not end.
fn shielded<T>(run: &Run, work: impl FnOnce() -> T) -> T {
    scope::with(Scope { cancel: run.abort_token(), ..scope::current() }, work)
}

fn on_failure(run: &Run, ctx: &NativeCallContext, body: &FnPtr, cleanup: &FnPtr) -> Returned<Dynamic> {
    body.call_within_context::<Dynamic>(ctx, ()).inspect_err(|error| {
        let map = super::super::diagnostics::error_map(&innermost(error));
        shielded(run, || tell_failure(run, cleanup.call_within_context::<Dynamic>(ctx, (map,))));
    })
}

fn always(run: &Run, ctx: &NativeCallContext, body: &FnPtr, cleanup: &FnPtr) -> Returned<Dynamic> {
    let result = body.call_within_context::<Dynamic>(ctx, ());
    shielded(run, || tell_failure(run, cleanup.call_within_context::<Dynamic>(ctx, ())));
    result
}

/// A failing clean-up must not hide why it was needed, and must not be silent.
fn tell_failure(run: &Run, result: Returned<Dynamic>) {
    if let Err(error) = result {
        let text = format!("cleaning up failed: {}", innermost(&error).message());
        run.message(crate::event::Level::Warning, text, None);
    }
}

fn thrown_by_user(value: &Dynamic) -> Box<EvalAltResult> {
    let mut map = match value.read_lock::<Map>() {
        Some(map) => map.clone(),
        None => Map::from_iter([("message".into(), value.clone())]),
    };
    map.entry("code".into()).or_insert_with(|| "failed".into());
    EvalAltResult::ErrorRuntime(map.into(), Position::NONE).into()
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let r = run.clone();
    engine.register_fn("parallel", move |ctx: NativeCallContext, list: Array, call: FnPtr| {
        parallel(&r, &ctx, &list, Some(&call))
    });
    let r = run.clone();
    engine
        .register_fn("parallel", move |ctx: NativeCallContext, list: Array| parallel(&r, &ctx, &list, None));
    let r = run.clone();
    engine.register_fn("retry", move |ctx: NativeCallContext, times: i64, wait: Dynamic, body: FnPtr| {
        retry(&r, &ctx, times, duration(&wait)?, &body)
    });
    let r = run.clone();
    engine.register_fn("eventually", move |ctx: NativeCallContext, limit: Dynamic, body: FnPtr| {
        eventually(&r, &ctx, duration(&limit)?, &body)
    });
    let r = run.clone();
    engine.register_fn("on_failure", move |ctx: NativeCallContext, body: FnPtr, cleanup: FnPtr| {
        on_failure(&r, &ctx, &body, &cleanup)
    });
    let r = run.clone();
    engine.register_fn("always", move |ctx: NativeCallContext, body: FnPtr, cleanup: FnPtr| {
        always(&r, &ctx, &body, &cleanup)
    });
    // Rhai has a `sleep` for numbers, which nothing interrupts; one for exactly these types takes its place.
    let r = run.clone();
    engine.register_fn("sleep", move |time: i64| pause(&r, "sleep", duration(&time.into())?));
    let r = run.clone();
    engine.register_fn("sleep", move |time: f64| pause(&r, "sleep", duration(&time.into())?));
    let r = run.clone();
    engine.register_fn("sleep", move |time: &str| pause(&r, "sleep", duration(&time.into())?));
    engine.register_fn("assert", |condition: bool, message: &str| assert(condition, message));
    engine.register_fn("assert", |condition: bool| assert(condition, ""));
    engine.register_fn("assert_eq", |ctx: NativeCallContext, left: Dynamic, right: Dynamic| {
        assert_eq(&ctx, &left, &right, "")
    });
    engine.register_fn(
        "assert_eq",
        |ctx: NativeCallContext, left: Dynamic, right: Dynamic, message: &str| {
            assert_eq(&ctx, &left, &right, message)
        },
    );
    engine.register_fn("fail", |value: Dynamic| -> Returned<()> { Err(thrown_by_user(&value)) });
    engine.register_fn("exit", |code: i64| -> Returned<()> {
        let code = i32::try_from(code).unwrap_or(1);
        Err(EvalAltResult::ErrorTerminated(Dynamic::from(Ending::Exit(code)), Position::NONE).into())
    });
    let r = run.clone();
    engine.register_fn("args", move || -> Array {
        r.options.args.iter().cloned().map(Dynamic::from).collect()
    });
    let r = run.clone();
    engine.register_fn("params", move |spec: Map| -> Returned<Dynamic> {
        let declared = params::declared(&spec).map_err(|e| to_rhai(&e))?;
        super::to_value(&params::resolve(&declared, &r.options.values).map_err(|e| to_rhai(&e))?)
    });
    let start = Instant::now();
    engine.register_fn("now", move || start.elapsed().as_secs_f64());
    engine.register_fn("join", |list: Array, separator: &str| -> ImmutableString {
        strings(&list).join(separator).into()
    });
}
