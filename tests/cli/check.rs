//! `kind check`, and the check before a run.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "check":
        plain findings_have_their_place_and_a_way_out,
        plain a_folder_is_walked,
        plain machines_get_json_and_sarif,
        plain warnings_fail_only_when_asked,
        plain a_run_begins_with_a_check,
    }
}

const WRONG: &str = "let c = cluster(\"kind\");\nprint(c.worker);\n";

fn findings_have_their_place_and_a_way_out() {
    let home = Home::new();
    home.file("a.rhai", WRONG);
    let ran = home.kind(&["check", "a.rhai"]).code(1).tells("1 error in 1 script");
    let wanted = "error[unknown-property]: a Cluster has no worker\n --> a.rhai:2:9\n  |\n2 | print(c.worker);\n  \
                  |         ^^^^^^\n  |\n  = help: did you mean workers?\n";
    assert_eq!(ran.stdout.trim_end(), wanted.trim_end());
    home.kind(&["check", "none.rhai"]).code(1).stdout("").tells("none.rhai");
    home.kind(&["check"]).code(2).stdout("").tells("<FILE>");
}

fn a_folder_is_walked() {
    let home = Home::new();
    home.file("all/deep/a.rhai", WRONG);
    home.file("all/b.rhai", "print(1);");
    home.file("all/c.txt", WRONG);
    let ran = home.kind(&["check", "all"]).code(1).tells("1 error in 2 scripts");
    assert!(ran.stdout.contains("all/deep/a.rhai:2:9"), "{}", ran.stdout);
    home.kind(&["check", "all/b.rhai"]).ok().stdout("").tells("1 script, no findings");
}

fn machines_get_json_and_sarif() {
    let home = Home::new();
    home.file("a.rhai", WRONG);
    let ran = home.kind(&["check", "--format", "json", "a.rhai"]).code(1);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let first = &found[0];
    assert_eq!(
        (&first["code"], &first["line"], &first["column"]),
        (&"unknown-property".into(), &2.into(), &9.into())
    );
    assert_eq!((&first["end_line"], &first["end_column"]), (&2.into(), &15.into()));
    let ran = home.kind(&["check", "--format", "sarif", "a.rhai"]).code(1);
    let log: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "unknown-property");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a.rhai");
}

fn warnings_fail_only_when_asked() {
    let home = Home::new();
    home.file("a.rhai", "let a = 1;");
    home.kind(&["check", "a.rhai"]).ok().tells("1 warning in 1 script");
    home.kind(&["check", "--deny-warnings", "a.rhai"]).code(1).tells("1 warning in 1 script");
}

fn a_run_begins_with_a_check() {
    let home = Home::new();
    home.file("a.rhai", "print(\"begun\");\nparalel([1], |x| x);\n");
    let ran = home.kind(&["run", "a.rhai"]).code(1).stdout("").tells("there is no function paralel");
    ran.tells("a.rhai:2:1").tells("did you mean parallel?").tells("--no-check");
    home.kind(&["run", "--no-check", "a.rhai"])
        .code(1)
        .stdout("begun\n")
        .tells("there is no function paralel");
    home.file("b.rhai", "let a = 1;\nprint(\"ran\");\n");
    home.kind(&["run", "b.rhai"]).ok().stdout("ran\n").tells("b.rhai:1:5: the variable a is never read");
}
