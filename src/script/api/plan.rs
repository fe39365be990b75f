//! `plan::…`: what a planned run takes for granted. In a real run these do nothing.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::placed::place;
use super::{Returned, only_keys, text_of};
use rhai::{Engine, Map, Module};
use std::sync::Arc;

pub const RECORDS: &[Record] = records_table! { "plan":
    "active" "() -> bool" "Whether this run is a plan, which changes nothing.", "plan::active()", throws "none";
    "answer" "(text: string, result: map) -> ()"
        "In a plan, lets commands on nodes with a word that contains the text end with this: code (0 unless given), stdout, stderr. The answer given last wins.",
        "plan::answer(\"uname -m\", #{stdout: \"x86_64\"})",
        options "code: int, stdout: string, stderr: string",
        throws "script.unknown_option";
    "file" "(path: string, text: string) -> ()" "In a plan, gives every node made from here on this file.", "plan::file(\"/kind/version\", \"v1.37.2\")", throws "none";
};

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut m = Module::new();
    let r = run.clone();
    place(&mut m, "active", move || r.plan.get().is_some());
    let r = run.clone();
    place(&mut m, "answer", move |text: &str, result: Map| -> Returned<()> {
        only_keys("plan::answer", &result, &["code", "stdout", "stderr"])?;
        if let Some(plan) = r.plan.get() {
            let code = result.get("code").and_then(|code| code.as_int().ok()).unwrap_or(0);
            let told = |key| text_of(&result, key).unwrap_or_default();
            plan.answer(text, code, &told("stdout"), &told("stderr"));
        }
        Ok(())
    });
    let r = run.clone();
    place(&mut m, "file", move |path: &str, content: &str| {
        if let Some(plan) = r.plan.get() {
            plan.engine().put_file(path, content);
        }
    });
    engine.register_static_module("plan", m.into());
}
