//! `--timeline` and `--profile`: of a real create, as a page in a real browser, and as a trace.

use crate::harness::{Cluster, Home, home, plain, real};
use libtest_mimic::Trial;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    vec![
        plain("timeline::forms_are_known_before_the_work", forms_are_known_before_the_work),
        plain("timeline::the_longest_things_are_told", the_longest_things_are_told),
        real("timeline::a_create_as_a_page_and_a_trace", a_create_as_a_page_and_a_trace),
    ]
}

fn forms_are_known_before_the_work() {
    let home = Home::new();
    home.kind(&["run", "--timeline", "x.txt", "-e", "print(1)"]).code(2).stdout("").tells(".html (a page)");
    home.kind(&["run", "--timeline", "none/x.html", "-e", "print(1)"])
        .code(1)
        .stdout("")
        .tells("no folder none");
}

fn the_longest_things_are_told() {
    let home = Home::new();
    let code = "step(\"outer\", \"Outer\", || sleep(0.3)); try { step(\"bad\", || fail(\"no\")) } catch {}";
    home.kind(&["run", "--profile", "--timeline", "t.json", "-e", code]).ok().tells("wait        sleep");
    let trace = std::fs::read_to_string(home.work().join("t.json")).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&trace).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let named = |name: &str| events.iter().find(|event| event["name"] == name).unwrap();
    let (step, wait) = (named("Outer"), named("wait: sleep"));
    assert!(wait["dur"].as_u64().unwrap() >= 300_000, "{wait}");
    assert!(step["ts"].as_u64() <= wait["ts"].as_u64() && step["tid"] == wait["tid"], "{step} {wait}");
    assert_eq!(named("bad")["args"]["error"], "no");
}

/// The page as a browser has it after its script has run; none where there is no browser.
fn in_browser(home: &Home, page: &Path) -> Option<String> {
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find(|name| home.program("which", &[name]).output().is_ok_and(|found| found.status.success()))?;
    let profile = format!("--user-data-dir={}", home.tmp().join("browser").display());
    let page = format!("file://{}", page.display());
    let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                 --disable-component-update --disable-sync --enable-logging=stderr --dump-dom";
    let args: Vec<&str> = flags.split_whitespace().chain([profile.as_str(), page.as_str()]).collect();
    let ran = home::run(home.program(browser, &args), "").ok();
    assert!(!ran.stderr.contains("CONSOLE"), "the page's script complains:\n{}", ran.stderr);
    Some(ran.stdout)
}

fn a_create_as_a_page_and_a_trace() {
    let cluster = Cluster::named("timeline");
    cluster.create(&["--timeline", "create.html"]).ok().tells("the timeline is in create.html");
    let file = cluster.home.work().join("create.html");
    let page = std::fs::read_to_string(&file).unwrap();
    for part in ["Critical path", "waiting</span> for <code>API server answers", "kubeadm init"] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    for secret in ["PRIVATE KEY", "abcdef.0123456789abcdef"] {
        assert!(!page.contains(secret), "{secret} is in the page");
    }
    match in_browser(&cluster.home, &file) {
        Some(dom) => {
            let spans = dom.matches("class=\"span ").count();
            assert!(spans > 20, "{spans} spans are drawn");
            assert!(dom.contains(&cluster.node("control-plane")));
        }
        None => eprintln!("tests: there is no chromium, so the page was not rendered"),
    }
    cluster.home.kind(&["delete", "cluster", "--name", &cluster.name, "--timeline", "delete.json"]).ok();
    let trace = std::fs::read_to_string(cluster.home.work().join("delete.json")).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&trace).unwrap();
    let removed = trace["traceEvents"].as_array().unwrap().iter().any(|event| event["name"] == "remove");
    assert!(removed, "{trace}");
}
