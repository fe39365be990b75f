//! Stepping through a run, stopping where it fails, and going on from there.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "steps":
        plain each_step_can_be_run_repeated_skipped_or_looked_at,
        plain functions_of_the_script_can_be_called_at_its_stops,
        plain a_named_step_is_stopped_at,
        plain a_failed_step_is_run_again_with_the_variables_of_the_failing_call,
        plain a_failed_method_shows_the_variables_around_it,
        plain a_failed_statement_is_run_again_with_what_was_set,
        plain an_input_that_ends_ends_the_run,
    }
}

const STEPS: &str = r#"
    let n = 0;
    step("one", || { n += 1; print(`one ${n}`); });
    let got = step("two", || "two's own");
    print(got);
    step("three", || print(`three ${n}`));
"#;

fn each_step_can_be_run_repeated_skipped_or_looked_at() {
    let home = Home::new();
    home.file("s.rhai", STEPS);
    let ran = home.kind_with(&["run", "--step", "s.rhai"], "repeat\nrun\nn + 40\nskip \"other\"\n\n");
    ran.ok().stdout("one 1\none 2\n42\nother\nthree 2\n").tells("before step two");
}

fn functions_of_the_script_can_be_called_at_its_stops() {
    let home = Home::new();
    let text = "fn twice(x) { x * 2 }\nlet a = 4;\nstep(\"one\", || fail(\"no\"));\nprint(twice(a));";
    home.file("s.rhai", text);
    home.kind_with(&["run", "--step", "s.rhai"], "twice(a) + 1\nskip\n").ok().stdout("9\n8\n");
    home.kind_with(&["run", "-i", "s.rhai"], "twice(a) + 1\nskip\n").ok().stdout("9\n8\n");
}

fn a_named_step_is_stopped_at() {
    let home = Home::new();
    home.file("s.rhai", STEPS);
    let ran = home.kind_with(&["run", "--break", "three", "s.rhai"], "n = 7; ()\nrun\n");
    ran.ok().stdout("one 1\ntwo's own\nthree 1\n").tells("s.rhai:6").tells_not("before step one");
}

fn a_failed_step_is_run_again_with_the_variables_of_the_failing_call() {
    let home = Home::new();
    home.file(
        "s.rhai",
        r#"
        fn look(path) { let inner = path + "!"; if true { let deep = 1; host::read(path) } }
        print("before");
        print(step("look", || look("missing.txt")));
        print("after");
        "#,
    );
    let input = "inner\ndeep + 1\nhost::write(path, \"found\")\nretry\n";
    let ran = home.kind_with(&["run", "--interactive", "s.rhai"], input);
    ran.ok().stdout("before\nmissing.txt!\n2\nfound\nafter\n").tells("missing.txt");
    std::fs::remove_file(home.work().join("missing.txt")).unwrap();
    let ran = home.kind_with(&["run", "--interactive", "s.rhai"], "abort\n");
    ran.code(1).stdout("before\n");
}

fn a_failed_method_shows_the_variables_around_it() {
    let home = Home::new();
    home.file(
        "s.rhai",
        "fn pick(list) { let key = 7; list.index_of(key, |x| x); key }\nstep(\"pick\", || pick([1]));",
    );
    let ran = home.kind_with(&["run", "--no-check", "-i", "s.rhai"], "key\nlist\nskip\n");
    ran.ok().stdout("7\n- 1\n");
}

fn a_failed_statement_is_run_again_with_what_was_set() {
    let home = Home::new();
    home.file("s.rhai", "let a = 1;\nfn half(x) { if x % 2 == 1 { throw `${x} is odd`; } x / 2 }\nlet b = half(a);\nprint(b);");
    let ran = home.kind_with(&["run", "-i", "s.rhai"], "a = 8; ()\nretry\n");
    ran.ok().stdout("4\n").tells("1 is odd");
}

fn an_input_that_ends_ends_the_run() {
    let home = Home::new();
    home.file("s.rhai", STEPS);
    home.kind_with(&["run", "--break", "two", "s.rhai"], "").code(130).stdout("one 1\n");
}
