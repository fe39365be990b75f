//! `kind run`: where scripts come from, their arguments, exit codes and trust.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "run":
        plain a_script_comes_from_a_file_standard_input_or_the_command_line,
        plain a_script_chooses_its_exit_code,
        plain what_is_thrown_can_be_caught_by_its_code,
        plain parallel_calls_run_at_the_same_time,
        plain imports_are_found_beside_the_script,
        plain the_host_is_closed_to_scripts_unless_allowed,
        plain messages_are_json_when_asked,
    }
}

fn a_script_comes_from_a_file_standard_input_or_the_command_line() {
    let home = Home::new();
    home.file("a.rhai", "print(args());");
    home.kind(&["run", "a.rhai", "x", "--name", "-v"]).ok().prints("[\"x\", \"--name\", \"-v\"]");
    home.kind_with(&["run", "-", "y"], "print(args()[0] + 1);").ok().stdout("y1\n");
    home.kind(&["run", "-e", "1 + 1"]).ok().stderr("").stdout("2\n");
    home.kind(&["run", "-e", "print(args().len())", "a", "b"]).ok().stdout("2\n");
}

fn a_script_chooses_its_exit_code() {
    let home = Home::new();
    home.kind(&["run", "-e", "exit(7)"]).code(7).stdout("").stderr("");
    home.kind(&["run", "-e", "exit(0)"]).ok();
    home.kind(&["run", "-e", "fail(\"no way\")"]).code(1).stdout("").tells("error: no way\n");
    home.kind(&["run", "-e", "try { exit(7) } catch { } print(\"not reached\")"]).code(7).stdout("");
}

fn what_is_thrown_can_be_caught_by_its_code() {
    let home = Home::new();
    let code = "try { host::read(\"/none/at/all\") } catch (e) { print(e.code) }";
    home.script(code).ok().stdout("file.not_found\n");
    let code = "try { fail(#{code: \"mine\", message: \"m\", hint: \"h\"}) } catch (e) { print(e.code + e.message) }";
    home.kind(&["run", "-e", code]).ok().stdout("minem\n");
}

fn parallel_calls_run_at_the_same_time() {
    let home = Home::new();
    // Each call waits for the file of the other one: in turns they would never end.
    let code = r#"
        let dir = host::temp_dir("kind-parallel-");
        let met = parallel(["a", "b"], |me| {
            host::write(dir + "/" + me, "");
            let other = if me == "a" { "b" } else { "a" };
            eventually(60, || host::exists(dir + "/" + other));
            me
        });
        host::remove(dir);
        print(met);
    "#;
    home.script(code).ok().stdout("[\"a\", \"b\"]\n");
}

fn imports_are_found_beside_the_script() {
    let home = Home::new();
    home.file("lib/helper.rhai", "fn twice(x) { x * 2 }");
    home.file("lib/main.rhai", "import \"helper\" as helper; print(helper::twice(21));");
    home.kind(&["run", "lib/main.rhai"]).ok().stdout("42\n");
}

fn the_host_is_closed_to_scripts_unless_allowed() {
    let home = Home::new();
    let code = "host::run([\"touch\", \"made\"])";
    home.kind(&["run", "-e", code]).code(1).tells("--allow-host");
    assert!(!home.work().join("made").exists());
    home.kind(&["run", "--allow-host", "-e", code]).ok();
    assert!(home.work().join("made").exists());
}

fn messages_are_json_when_asked() {
    let home = Home::new();
    let code = "step(\"greet\", || log::info(\"hello\")); fail(\"the end\")";
    let ran = home.kind(&["--log-format", "json", "run", "-e", code]).code(1).stdout("");
    let events: Vec<serde_json::Value> =
        ran.stderr.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect();
    assert!(events.iter().all(serde_json::Value::is_object), "{}", ran.stderr);
    assert!(ran.stderr.contains("hello") && ran.stderr.contains("the end"), "{}", ran.stderr);
}
