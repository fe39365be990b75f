//! The verbs that `stdlib/testing.rhai` has. They are no part of the API for scripts of users.

use super::super::api::Returned;
use super::super::diagnostics::{Sources, error_map, from_rhai, from_thrown, innermost, to_rhai};
use super::super::run::Run;
use super::super::scope;
use super::batch::{Batch, Case, File};
use super::outcome::{Attempt, Status};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::event;
use crate::host::fs;
use crate::host::kubectl::Target;
use rhai::{Array, CallFnOptions, Dynamic, Engine, FnPtr, Map, NativeCallContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What only `stdlib/testing.rhai` can call, for the check before a run.
pub const VERBS: [&str; 8] =
    ["keeps", "attach", "context", "invoke", "guard", "attempt", "clean", "evidence_of"];

/// What a test throws to be skipped.
pub const SKIPPED: &str = "test.skipped";

fn thrown<T>(result: Result<T>) -> Returned<T> {
    result.map_err(|e| to_rhai(&e))
}

/// Runs `body` for at most `limit`; says whether its time was over. `over` hears of that before `body` is ended.
fn limited<T>(
    run: &Run,
    limit: Duration,
    step: Option<event::StepId>,
    over: impl FnOnce() + Send + 'static,
    body: impl FnOnce() -> T,
) -> (T, bool) {
    let mut inner = scope::current();
    inner.cancel = inner.cancel.child_token();
    inner.step = step.or(inner.step);
    let expired = Arc::new(AtomicBool::new(false));
    let (flag, cancel) = (expired.clone(), inner.cancel.clone());
    let timer = run.runtime().spawn(async move {
        tokio::time::sleep(limit).await;
        over();
        flag.store(true, Ordering::SeqCst);
        cancel.cancel();
    });
    let result = scope::with(inner, body);
    timer.abort();
    (result, expired.load(Ordering::SeqCst))
}

fn too_long(what: &str, limit: Duration) -> Error {
    Error::script("test.time_limit", format!("{what} ran longer than {} s", limit.as_secs_f64()))
        .hint("--timeout gives tests more time")
}

/// Calls a function of the file, with as many of the arguments as it takes. Errors carry the place in the file.
fn invoke(
    ctx: &NativeCallContext,
    run: &Run,
    sources: &Sources,
    file: &File,
    name: &str,
    args: Vec<Dynamic>,
) -> Returned<Dynamic> {
    let Some(arity) = file.file().arity(name) else { return Ok(Dynamic::UNIT) };
    if let Some(target) = lock(&run.options.kubectl).as_mut() {
        target.folder = file.file().folder();
    }
    let args: Vec<Dynamic> = args.into_iter().take(arity).collect();
    let ast = &file.file().ast;
    let options = CallFnOptions::new();
    ctx.engine()
        .call_fn_with_options::<Dynamic>(options, &mut rhai::Scope::new(), ast, name, args)
        .map_err(|error| to_rhai(&from_rhai(&error, &file.name(), sources)))
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs `setup` or `cleanup`. Its failure is that of the file's tests, or one of its own; returned as a map.
fn guard(
    ctx: &NativeCallContext,
    run: &Run,
    sources: &Sources,
    file: &File,
    phase: &str,
    cluster: Dynamic,
) -> Returned<Dynamic> {
    let context = Dynamic::from_map(thrown(file.context(None))?);
    let limit = file.batch().shared().options.limit;
    let body = || invoke(ctx, run, sources, file, phase, vec![cluster, context]);
    let (result, expired) = limited(run, limit, None, || (), body);
    let error = match result {
        Ok(value) => {
            if phase == "setup" {
                file.set_fixture(value);
            }
            return Ok(Dynamic::UNIT);
        }
        Err(_) if expired => too_long(phase, limit),
        Err(error) => {
            let error_found = innermost(&error);
            if error_found.is_cancelled() {
                return Err(error);
            }
            error_found.while_(phase)
        }
    };
    if phase == "setup" {
        file.fail_rest(&error, &file.batch().capture().take());
    } else {
        file.fail_besides(phase, error.clone());
    }
    Ok(Dynamic::from_map(error_map(&error)))
}

/// One try of a test; whether another one is to follow.
fn attempt(ctx: &NativeCallContext, run: &Run, file: &File, case: &Case, body: &FnPtr) -> Returned<bool> {
    let batch = file.batch();
    let shared = batch.shared();
    let before = batch.outcome(case);
    let tries = match before.attempts.len() {
        0 => String::new(),
        count => format!(" (try {} of {})", count + 1, shared.options.retries + 1),
    };
    let title = format!("{} › {}{tries}", before.file, before.full_name());
    // what was told between tests belongs to none
    let _ = batch.capture().take();
    let begun = run.events.begin(None, case.name(), &title, &[]);
    let since = Instant::now();
    case.set_expired(false);
    let limit = shared.options.limit;
    let step = begun.0;
    // seen by the script while it cleans up
    let over = {
        let case = case.clone();
        move || case.set_expired(true)
    };
    let (result, expired) =
        limited(run, limit, Some(step), over, || body.call_within_context::<Dynamic>(ctx, ()));
    let unclean = case.take_unclean();
    let error = match result {
        Ok(_) => unclean,
        Err(_) if expired => Some(too_long(case.name(), limit)),
        Err(error) => {
            let found = innermost(&error);
            if found.is_cancelled() {
                run.events.end(begun, event::Outcome::Failed("interrupted".to_owned()));
                return Err(error);
            }
            Some(found)
        }
    };
    let status = match &error {
        None => Status::Passed,
        Some(error) if error.code() == SKIPPED => Status::Skipped,
        Some(_) => Status::Failed,
    };
    let outcome = match &error {
        Some(error) if status == Status::Failed => event::Outcome::Failed(error.message().to_owned()),
        _ => event::Outcome::Done,
    };
    run.events.end(begun, outcome);
    let took = since.elapsed().max(Duration::from_nanos(1));
    let output = batch.capture().take();
    if status == Status::Failed {
        thrown(batch.add_output(case, &output))?;
    }
    let again = batch.record(case, Attempt { error, output, took }, status);
    thrown(batch.write_timeline(case, step))?;
    Ok(again)
}

/// Cleans up after a test; a failure is the test's, and does not hide an earlier one.
fn clean(ctx: &NativeCallContext, case: &Case, body: &FnPtr) -> Returned<()> {
    if let Err(error) = body.call_within_context::<Dynamic>(ctx, ()) {
        let found = innermost(&error);
        if found.is_cancelled() {
            return Err(error);
        }
        case.set_unclean(found.while_("after_each"));
    }
    Ok(())
}

/// Lets `kubectl(…)` reach the batch's cluster.
fn attach(run: &Run, batch: &Batch, cluster: &Cluster) -> Returned<()> {
    let text = thrown(run.block(cluster.kubeconfig(false)))?;
    thrown(fs::write(batch.kubeconfig(), text.as_bytes(), 0o600))?;
    *lock(&run.options.kubectl) =
        Some(Target { kubeconfig: batch.kubeconfig().clone(), folder: std::path::PathBuf::from(".") });
    Ok(())
}

fn register_getters(engine: &mut Engine) {
    engine.register_type_with_name::<Batch>("TestBatch");
    engine.register_type_with_name::<File>("TestFile");
    engine.register_type_with_name::<Case>("TestCase");
    engine.register_get("scope", |b: &mut Batch| b.planned().needs.scope.clone());
    engine.register_get("cluster", |b: &mut Batch| b.cluster().to_owned());
    engine.register_get("image", |b: &mut Batch| b.planned().image.clone().unwrap_or_default());
    engine.register_get("existing", |b: &mut Batch| b.existing());
    engine.register_get("kubeconfig", |b: &mut Batch| b.kubeconfig().display().to_string());
    for key in ["config", "wait", "preload"] {
        engine.register_get(key, move |b: &mut Batch| thrown(b.says(key)));
    }
    engine.register_get("files", |b: &mut Batch| -> Array {
        b.files().into_iter().map(Dynamic::from).collect()
    });
    engine.register_get("name", |f: &mut File| f.name());
    engine.register_get("tests", |f: &mut File| -> Array {
        f.cases().iter().cloned().map(Dynamic::from).collect()
    });
    engine.register_get("name", |c: &mut Case| c.name().to_owned());
    engine.register_get("timed_out", |c: &mut Case| c.expired());
}

/// Registers the verbs.
pub fn register(engine: &mut Engine, run: &Arc<Run>, sources: &Sources) {
    register_getters(engine);
    engine.register_fn("keeps", |batch: Batch| batch.keeps());
    let r = run.clone();
    engine.register_fn("attach", move |batch: Batch, cluster: Cluster| attach(&r, &batch, &cluster));
    engine.register_fn("context", |file: File, case: Case| -> Returned<Map> {
        thrown(file.context(Some(&case)))
    });
    let (r, s) = (run.clone(), sources.clone());
    engine.register_fn("guard", move |ctx: NativeCallContext, file: File, phase: &str, cluster: Dynamic| {
        guard(&ctx, &r, &s, &file, phase, cluster)
    });
    let (r, s) = (run.clone(), sources.clone());
    engine.register_fn(
        "invoke",
        move |ctx: NativeCallContext, file: File, name: &str, cluster: Dynamic, context: Dynamic| {
            invoke(&ctx, &r, &s, &file, name, vec![cluster, context])
        },
    );
    let r = run.clone();
    engine.register_fn("attempt", move |ctx: NativeCallContext, file: File, case: Case, body: FnPtr| {
        attempt(&ctx, &r, &file, &case, &body)
    });
    engine.register_fn("clean", |ctx: NativeCallContext, case: Case, body: FnPtr| clean(&ctx, &case, &body));
    // where evidence of the error is to go; empty when none is wanted
    engine.register_fn("evidence_of", |file: File, case: Case, error: Map| -> Returned<String> {
        let error = from_thrown(&Dynamic::from_map(error));
        let unwanted = error.code() == SKIPPED || (error.code() == "cancelled" && !case.expired());
        if unwanted {
            return Ok(String::new());
        }
        let folder = thrown(file.batch().evidence(&case))?;
        file.batch().has_evidence(&case, Some(folder.clone()));
        Ok(folder.display().to_string())
    });
}
