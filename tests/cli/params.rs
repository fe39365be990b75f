//! Parameters of scripts: set, checked and shown.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "params":
        plain they_come_from_words_and_files,
        plain what_does_not_fit_is_told_before_anything_runs,
        plain help_shows_them,
    }
}

const SCRIPT: &str = r#"// greet.rhai
//! Greets somebody.
    let p = params(#{
        name: #{type: "string", doc: "Who is greeted"},
        times: 1,
        tone: #{default: "kind", choices: ["kind", "cold"], doc: "How"},
    });
    for i in 0..p.times { print(`${p.tone} ${p.name} ${args()}`); }
"#;

fn they_come_from_words_and_files() {
    let home = Home::new();
    home.file("s.rhai", SCRIPT);
    home.file("v.yaml", "name: Ada\ntimes: 2\n");
    home.kind(&["run", "s.rhai", "--values", "v.yaml", "--set=times=1", "x"])
        .ok()
        .stdout("kind Ada [\"x\"]\n");
    home.kind(&["run", "--set", "name=Bo", "s.rhai", "--set", "tone=cold", "--", "--set"])
        .ok()
        .stdout("cold Bo [\"--set\"]\n");
}

fn what_does_not_fit_is_told_before_anything_runs() {
    let home = Home::new();
    home.file("s.rhai", &format!("print(\"begun\");\n{SCRIPT}"));
    for (words, told) in [
        (&["--set", "name=a", "--set", "times=often"][..], "it is of type int"),
        (&["--set", "nam=a"], "did you mean name?"),
        (&[], "the parameter name has to be given"),
        (&["--set", "name=a", "--set", "tone=loud"], "it is one of \"kind\", \"cold\""),
        (&["--set", "name"], "--set NAME=VALUE"),
    ] {
        let all: Vec<&str> = ["run", "s.rhai"].iter().chain(words).copied().collect();
        home.kind(&all).code(1).stdout("").tells(told);
    }
    home.kind(&["run", "--set", "a=1", "-e", "print(1)"]).code(1).stdout("").tells("no parameter \"a\"");
}

fn help_shows_them() {
    let home = Home::new();
    home.file("s.rhai", SCRIPT);
    let help = home.kind(&["run", "s.rhai", "--help"]).ok();
    for part in
        ["Greets somebody.", "--set name=<string>", "Who is greeted [has to be given]", "[default: 1]"]
    {
        assert!(help.stdout.contains(part), "{part:?} is not in\n{}", help.stdout);
    }
}
