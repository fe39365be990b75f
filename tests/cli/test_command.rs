//! `kind test`: what it finds, runs and reports, and what it leaves behind, which is nothing.

use crate::harness::{Home, clusters, engine, home, plain, real, shared, slots};
use libtest_mimic::Trial;
use quick_junit::{Report, TestCaseStatus};

pub fn tests() -> Vec<Trial> {
    vec![
        plain("test::nothing_to_run_is_wrong_usage", nothing_to_run_is_wrong_usage),
        plain("test::results_in_every_form", results_in_every_form),
        plain("test::matrix_filter_and_list", matrix_filter_and_list),
        plain("test::set_up_and_clean_up_in_order", set_up_and_clean_up_in_order),
        plain("test::time_is_limited_and_retries_are_told", time_is_limited_and_retries_are_told),
        plain("test::what_a_test_may_not_do", what_a_test_may_not_do),
        plain("test::the_stdlib_without_a_cluster", the_stdlib_without_a_cluster),
        real("test::the_stdlib_on_a_cluster", the_stdlib_on_a_cluster),
        real("test::a_passing_and_a_failing_scenario", a_passing_and_a_failing_scenario),
        real("test::interrupted_in_the_middle", interrupted_in_the_middle),
    ]
}

fn nothing_to_run_is_wrong_usage() {
    let home = Home::new();
    home.kind(&["test"]).code(2).stdout("").tells("error: no tests found");
    home.kind(&["test", "nowhere"]).code(2).tells("no file or folder nowhere");
    home.kind(&["test", "--matrix", "x"]).code(2).tells("KEY=VALUE");
    home.file("a_test.rhai", "fn test_a() {}");
    home.kind(&["test", "--filter", "zzz"]).code(2).tells("1 test found, but none that was asked for");
    home.file("b_test.rhai", "fn test_b(");
    home.kind(&["test"]).code(2).tells("b_test.rhai:1");
    home.file("b_test.rhai", "fn cluster() { #{ scop: \"none\" } } fn test_b() {}");
    home.kind(&["test"]).code(2).tells("did you mean \"scope\"?");
}

const MIXED: &str = r#"
fn test_good() { print("I am good"); }
fn test_bad() {
    print("about to fail");
    assert_eq(#{a: [1, 2, 3], b: "some longer text that goes on and on"}, #{a: [1, 2, 4], b: "some longer text that goes on and on"});
}
fn test_skipped() { skip("not today"); }
"#;

fn results_in_every_form() {
    let home = Home::new();
    home.file("mixed_test.rhai", MIXED);
    let args = ["test", "--junit", "j.xml", "--json", "r.json", "--evidence", "evidence"];
    let ran = home.kind(&args).code(1).stdout("");
    for part in [
        "3 tests in 1 file, without a cluster",
        "mixed_test.rhai › test_good",
        "the values differ (- left, + right):",
        "-    3\n",
        "+    4\n",
        "mixed_test.rhai:5",
        "about to fail",
        "skipped  mixed_test.rhai:7  test_skipped  not today",
        "1 passed, 1 failed, 1 skipped in",
    ] {
        assert!(ran.stderr.contains(part), "{part:?} is not told:\n{}", ran.stderr);
    }

    let read = |name: &str| std::fs::read_to_string(home.work().join(name)).unwrap();
    let report = Report::deserialize_from_str(&read("j.xml")).unwrap();
    assert_eq!((report.tests, report.failures), (3, 1));
    let cases = &report.test_suites[0].test_cases;
    assert!(matches!(cases[0].status, TestCaseStatus::Success { .. }), "{:?}", cases[0]);
    let TestCaseStatus::NonSuccess { ty, .. } = &cases[1].status else { panic!("{:?}", cases[1]) };
    assert_eq!(ty.as_ref().map(quick_junit::XmlString::as_str), Some("assertion"));
    assert!(cases[0].system_out.as_ref().unwrap().as_str().contains("I am good"));

    let json: serde_json::Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(json["counts"]["failed"], 1);
    let evidence = json["tests"][1]["evidence"].as_str().unwrap();
    let error = std::fs::read_to_string(std::path::Path::new(evidence).join("error.txt")).unwrap();
    assert!(error.contains("the values differ") && error.contains("mixed_test.rhai:5"), "{error}");

    let json = home.kind(&["test", "--format", "json", "--filter", "good"]).ok().json();
    assert_eq!(json["tests"][0]["status"], "passed");
    home.kind(&["test", "--format", "github"])
        .code(1)
        .prints("::error file=mixed_test.rhai,line=5,title=test_bad failed::");
    let mut on_github = home.command(&["test", "mixed_test.rhai::test_bad"]);
    on_github.env("GITHUB_ACTIONS", "true");
    home::run(on_github, "").code(1).prints("::error file=mixed_test.rhai");
}

fn matrix_filter_and_list() {
    let home = Home::new();
    home.file("m_test.rhai", "fn matrix() { #{ size: [1, 2] } } fn test_m(c, t) { assert(t.params.size < 3); print(t.params); }\nfn cluster() { \"none\" }");
    home.file("sub/other_test.rhai", "fn test_other() {}");
    home.file("sub/helper.rhai", "fn test_never() {}");
    let listed =
        "m_test.rhai::test_m [size=1]\nm_test.rhai::test_m [size=2]\nsub/other_test.rhai::test_other\n";
    home.kind(&["test", "--list"]).ok().stdout(listed);
    home.kind(&["test", "sub", "--list"]).ok().stdout("sub/other_test.rhai::test_other\n");
    let json = home.kind(&["test", "--list", "--format", "json", "m_test.rhai::test_m"]).ok().json();
    assert_eq!(json["tests"].as_array().map(Vec::len), Some(2));
    home.kind(&["test", "--filter", "size=2"]).ok().tells("1 passed in");
    let wide = home.kind(&["test", "m_test.rhai", "--matrix", "size=2,3", "--matrix", "kind=a,b"]).code(1);
    wide.tells("2 passed, 2 failed in").tells("test_m [size=3, kind=b]");
}

fn set_up_and_clean_up_in_order() {
    let home = Home::new();
    home.file(
        "order_test.rhai",
        r#"
        fn setup() { print("setup"); 42 }
        fn cleanup() { log::warn("cleanup ran"); fail("and failed"); }
        fn before_each() { print("before"); }
        fn after_each(c, t) { print("after " + t.name); if t.name == "test_2" { fail("after broke"); } }
        fn test_1(c, t) { assert_eq(t.setup, 42); print("one"); }
        fn test_2() { print("two"); }
        fn cluster() { "none" }"#,
    );
    let json = home.kind(&["test", "--format", "json"]).code(1).json();
    let test = |index: usize| &json["tests"][index];
    assert_eq!(test(0)["status"], "passed");
    assert_eq!(test(0)["attempts"][0]["output"], "before\none\nafter test_1\n");
    assert_eq!(test(1)["status"], "failed");
    assert_eq!(test(1)["attempts"][0]["error"]["message"], "after_each: after broke");
    assert_eq!(test(2)["name"], "cleanup");
    assert_eq!(test(2)["attempts"][0]["error"]["message"], "cleanup: and failed");
    home.file(
        "order_test.rhai",
        "fn setup() { fail(\"no\"); } fn test_1() {} fn test_2() {} fn cleanup() { print(1); }",
    );
    home.kind(&["test"]).code(1).tells("0 passed, 2 failed").tells("setup: no");
}

fn time_is_limited_and_retries_are_told() {
    let home = Home::new();
    home.file(
        "slow_test.rhai",
        "fn test_loop() { loop {} }\nfn test_sleep() { sleep(60); }\nfn after_each() { print(\"cleaned\"); }",
    );
    let ran = home.kind(&["test", "--timeout", "300ms", "--format", "json"]).code(1);
    for index in 0..2 {
        let attempt = &ran.json()["tests"][index]["attempts"][0];
        assert_eq!(attempt["error"]["code"], "test.time_limit");
        assert!(attempt["output"].as_str().unwrap().contains("cleaned"), "{attempt}");
    }
    let marker = home.work().join("marker").display().to_string();
    home.file(
        "flaky_test.rhai",
        &format!("fn test_f() {{ if !host::exists(\"{marker}\") {{ host::write(\"{marker}\", \"\"); fail(\"first\"); }} }}"),
    );
    let args =
        ["test", "flaky_test.rhai", "--retries", "2", "--allow-host", "--junit", "j.xml", "--timelines", "t"];
    home.kind(&args).ok().tells("1 flaky in").tells("passed at try 2").tells("(try 2 of 3)");
    let report = std::fs::read_to_string(home.work().join("j.xml")).unwrap();
    assert!(report.contains("<flakyFailure"), "{report}");
    let page = std::fs::read_to_string(home.work().join("t/flaky_test-test_f-try2.html")).unwrap();
    assert!(page.contains("flaky_test.rhai › test_f"), "{page}");
}

fn what_a_test_may_not_do() {
    let home = Home::new();
    home.file("host_test.rhai", "fn test_h() { host::read(\"/etc/hostname\"); }");
    home.kind(&["test"]).code(1).tells("host::read touches /etc/hostname").tells("--allow-host");
    home.kind(&["test", "--allow-host"]).ok();
}

fn folder() -> String {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stdlib").display().to_string()
}

fn the_stdlib_without_a_cluster() {
    let home = Home::new();
    let files = ["flow_test.rhai", "node_image_test.rhai"].map(|name| format!("{}/{name}", folder()));
    home.kind(&["test", "--allow-host", &files[0], &files[1]]).ok().tells("without a cluster");
}

fn the_stdlib_on_a_cluster() {
    let cluster = shared();
    let file = format!("{}/cluster_test.rhai", folder());
    cluster.home.kind(&["test", "--cluster", &cluster.name, &file]).ok().tells("6 passed in");
    assert!(!engine::nodes(&cluster.name).is_empty(), "the user's own cluster is left alone");
}

/// Clusters whose names begin with `prefix`.
fn left(home: &Home, prefix: &str) -> Vec<String> {
    let all = home.kind(&["get", "clusters"]).ok().stdout;
    all.lines().filter(|name| name.starts_with(prefix)).map(str::to_owned).collect()
}

const SCENARIO: &str = r#"
fn cluster() { #{ scope: "file", config: #{ nodes: [#{role: "control-plane"}] } } }
fn test_pass(c) { assert_eq(kubectl("get nodes -o name"), "node/" + c.control_plane.name + "\n"); }
fn test_fail(c) { c.control_plane.exec("ls", "/nowhere"); }
"#;

fn a_passing_and_a_failing_scenario() {
    let _slot = slots::take(1);
    let home = Home::new();
    let prefix = format!("{}scenario", clusters::prefix());
    home.file("scenario_test.rhai", SCENARIO);
    let args =
        ["test", "--prefix", &prefix, "--junit", "j.xml", "--json", "r.json", "--evidence", "evidence"];
    let ran = home.kind(&args).code(1).stdout("").tells("1 passed, 1 failed in").tells("exit code 2");
    assert!(ran.stderr.contains("scenario_test.rhai:4"), "{}", ran.stderr);
    assert_eq!(left(&home, &prefix), [""; 0]);
    assert!(!home.kubeconfig().exists(), "the user's kubeconfig is not touched");
    let xml = std::fs::read_to_string(home.work().join("j.xml")).unwrap();
    let report = Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((report.tests, report.failures), (2, 1));
    let json = std::fs::read_to_string(home.work().join("r.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let failed = json["tests"].as_array().unwrap().iter().find(|test| test["status"] == "failed").unwrap();
    let evidence = std::path::Path::new(failed["evidence"].as_str().unwrap());
    let node = format!("{}-control-plane", failed["cluster"].as_str().unwrap());
    for (file, part) in [
        ("error.txt".to_owned(), "/nowhere"),
        ("objects.txt".to_owned(), node.as_str()),
        (format!("{node}/kubelet.log"), "kubelet"),
    ] {
        let text = std::fs::read_to_string(evidence.join(&file)).unwrap();
        assert!(text.contains(part), "{part} is not in {file}: {text}");
    }
    let mut files = home.temporary_files();
    files.retain(|name| !name.contains("-evidence-"));
    assert_eq!(files, [""; 0]);
}

fn interrupted_in_the_middle() {
    let _slot = slots::take(1);
    let home = Home::new();
    let prefix = format!("{}int", clusters::prefix());
    home.file("int_test.rhai", "fn test_long(c) { log::warn(\"the test runs\"); sleep(600); }\nfn test_next(c) {}\nfn cleanup() { log::warn(\"cleaned up\"); }");
    let running = home::Running::start(home.command(&["test", "-v", "1", "--prefix", &prefix]), "");
    running.wait_line("the test runs");
    running.signal(rustix::process::Signal::INT);
    let ran = running.end().code(130);
    assert!(ran.stderr.contains("cleaned up") && ran.stderr.contains("2 not run"), "{}", ran.stderr);
    assert_eq!(left(&home, &prefix), [""; 0]);
}
