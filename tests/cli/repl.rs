//! The prompt, on a terminal.

use crate::harness::pty::{CTRL_C, CTRL_D, CTRL_R, ENTER, ESCAPE, Pty, TAB};
use crate::harness::{Home, shared, trials};
use libtest_mimic::Trial;
use std::path::Path;
use std::time::Duration;

pub fn tests() -> Vec<Trial> {
    trials! { "repl":
        plain lines_run_and_keep_their_variables,
        plain help_errors_and_history,
        plain several_lines_and_pastes,
        plain ctrl_c_ends_what_runs_and_keeps_the_session,
        plain errors_keep_values_and_tell_the_right_line,
        plain a_session_is_saved_as_a_script,
        plain a_script_is_edited_and_used,
        plain the_prompt_does_not_wait_for_an_engine,
        plain keys_of_vi,
        plain lines_of_a_pipe,
        real completion_knows_the_cluster_in_time,
        real a_shell_follows_the_window,
        real commands_on_nodes_and_their_output,
        real values_as_people_and_programs_read_them,
        real a_plan_at_the_prompt_changes_nothing,
    }
}

fn prompt(home: &Home, args: &[&str]) -> Pty {
    let mut all = vec!["repl"];
    all.extend(args);
    Pty::start(&home.command(&all), 110, 40)
}

/// On the shared cluster, in use.
fn on_cluster(home: &Home) -> (Pty, String) {
    let name = &shared().name;
    let pty = prompt(home, &["--cluster", name]);
    let waits = format!("kind:{name}>");
    pty.ready(&waits);
    (pty, waits)
}

/// Leaves, and is sure that it ends well.
#[track_caller]
fn leave(mut pty: Pty) {
    pty.enter(".quit");
    assert_eq!(pty.end(), 0);
}

/// Enters a line and waits for the next prompt; the lines between.
#[track_caller]
fn told(pty: &mut Pty, prompt: &str, line: &str) -> String {
    pty.send("\x0c");
    pty.until("clear screen", |screen| screen == prompt);
    pty.enter(line);
    pty.until("answer", |screen| screen.lines().count() > 1 && screen.lines().last() == Some(prompt));
    let screen = pty.screen();
    let lines: Vec<&str> = screen.lines().collect();
    lines[1..lines.len() - 1].join("\n")
}

fn lines_run_and_keep_their_variables() {
    let home = Home::new();
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    assert_eq!(told(&mut pty, "kind>", "let a = 41"), "41");
    assert_eq!(told(&mut pty, "kind>", "fn twice(x) { x * 2 }; twice(a + 1)"), "84");
    assert_eq!(told(&mut pty, "kind>", "it + 1"), "85");
    assert_eq!(told(&mut pty, "kind>", "a = 1; twice(a);"), "", "a ; at the end shows nothing");
    assert_eq!(told(&mut pty, "kind>", "#{a: [1, #{b: `x\\ny`}], c: ()}"), "a:\n  - 1\n  - b: x\\ny\nc: ()");
    leave(pty);
}

fn help_errors_and_history() {
    let home = Home::new();
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    assert!(
        told(&mut pty, "kind>", ".help parallel")
            .contains("Calls the closure for every item at the same time")
    );
    let error = told(&mut pty, "kind>", "sleeep(1)");
    assert!(
        error.contains("there is no function sleeep") && error.contains("did you mean sleep?"),
        "{error}"
    );
    let error = told(&mut pty, "kind>", "kubectl get nodes");
    assert!(error.contains("!kubectl get nodes runs it as a command on the node in use"), "{error}");
    assert!(told(&mut pty, "kind>", "c.nodes").contains(".focus CLUSTER binds c and n"));
    assert!(told(&mut pty, "kind>", ".hlep").contains("did you mean .help?"));
    let source = told(&mut pty, "kind>", ".source create.ready_within");
    assert!(source.contains("cluster.wait(\"node\""), "{source}");
    assert!(told(&mut pty, "kind>", ".doc create.ready_within").contains("Waits for the control plane"));
    assert!(told(&mut pty, "kind>", "help cni").contains("std/cni"));
    assert!(told(&mut pty, "kind>", ".history hlep").contains(".hlep"));
    // found by a part of it
    pty.send(CTRL_R);
    pty.send("eeep");
    pty.see("(reverse-i-search)`eeep': sleeep(1)");
    pty.send(CTRL_C);
    pty.ready("kind>");
    // dimmed, and taken by the right arrow
    pty.send("slee");
    pty.see("kind> sleeep(1)");
    pty.send("\x1b[C");
    pty.enter("");
    pty.see("there is no function sleeep");
    leave(pty);
    let history = home.root().join("home/.local/state/kind/repl_history");
    assert!(std::fs::read_to_string(&history).unwrap().contains("sleeep(1)"), "{}", history.display());
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    pty.send("\x1b[A\x1b[A");
    pty.see("kind> sleeep(1)");
    pty.send(CTRL_C);
    pty.ready("kind>");
    pty.send(CTRL_D);
    assert_eq!(pty.end(), 0);
}

fn several_lines_and_pastes() {
    let home = Home::new();
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    pty.enter("let sum = 0; for i in 0..4 {");
    pty.enter("  sum += i;");
    pty.enter("}");
    pty.see("}\nkind>");
    assert_eq!(told(&mut pty, "kind>", "sum"), "6");
    pty.send("\x1b[200~fn f(x) {\n    x + 1\n}\x1b[201~");
    pty.see("x + 1\n}");
    pty.enter("");
    pty.see("}\nkind>");
    assert_eq!(told(&mut pty, "kind>", "f(1)"), "2");
    leave(pty);
}

fn ctrl_c_ends_what_runs_and_keeps_the_session() {
    let home = Home::new();
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    for endless in ["let kept = 7; sleep(100)", "loop { kept += 0 }", "host::run([\"sleep\", \"100\"])"] {
        if endless.starts_with("host") {
            assert!(told(&mut pty, "kind>", endless).contains("--allow-host"));
            continue;
        }
        pty.enter(endless);
        std::thread::sleep(Duration::from_millis(400));
        pty.send(CTRL_C);
        pty.see("error: interrupted");
        pty.ready("kind>");
        assert_eq!(told(&mut pty, "kind>", "kept"), "7", "after {endless}");
    }
    // at the prompt it takes back the line
    pty.send("nonsense");
    pty.see("kind> nonsense");
    pty.send(CTRL_C);
    pty.ready("kind>");
    assert_eq!(told(&mut pty, "kind>", "kept + 1"), "8");
    leave(pty);
}

fn errors_keep_values_and_tell_the_right_line() {
    let home = Home::new();
    home.file("lib.rhai", "// one\nfn broken(x) {\n    x.nope()\n}\n");
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    let error = told(&mut pty, "kind>", "let a = 1; let b = 2; a / 0; let c = 3;");
    assert!(error.contains("division by zero") && error.contains("(prompt):1:25"), "{error}");
    assert_eq!(told(&mut pty, "kind>", "[a, b]"), "- 1\n- 2");
    told(&mut pty, "kind>", "fn late(x) { x.nope() } 1 / 0");
    let error = told(&mut pty, "kind>", "late(1)");
    assert!(
        error.contains("(input 3):1:16") && error.contains("1 | fn late(x) { x.nope() } 1 / 0"),
        "{error}"
    );
    assert!(error.contains("in late, called from (prompt):1:1"), "{error}");
    assert!(told(&mut pty, "kind>", ".load none.rhai").contains("none.rhai"));
    told(&mut pty, "kind>", ".load lib.rhai");
    let error = told(&mut pty, "kind>", "broken(1)");
    assert!(error.contains("lib.rhai:3:7") && error.contains("3 |     x.nope()"), "{error}");
    leave(pty);
}

fn a_session_is_saved_as_a_script() {
    let home = Home::new();
    let mut pty = prompt(&home, &[]);
    pty.ready("kind>");
    for line in ["let a = 20", "fn twice(x) { x * 2 }", "twice(a) + 1", "1 / 0", "print(it + 1)"] {
        told(&mut pty, "kind>", line);
    }
    let said = told(&mut pty, "kind>", ".save saved.rhai");
    assert!(said.contains("kind run saved.rhai does the same"), "{said}");
    leave(pty);
    home.kind(&["run", "saved.rhai"]).ok().stdout("42\n");
}

fn a_script_is_edited_and_used() {
    let home = Home::new();
    let editor = home.file("editor.sh", "#!/bin/sh\nsed -i \"$CHANGE\" \"$1\"\n");
    let mut command = home.command(&["repl"]);
    command.env("EDITOR", format!("sh {}", editor.display())).env("CHANGE", "s/, \"kind\")/, \"changed\")/");
    let mut pty = Pty::start(&command, 110, 40);
    pty.ready("kind>");
    told(&mut pty, "kind>", "import \"std/network\" as network");
    assert_eq!(told(&mut pty, "kind>", "network::name()"), "kind");
    let said = told(&mut pty, "kind>", ".edit network.name");
    let file = home.work().join(".kind/stdlib/network.rhai");
    assert!(said.contains("std/network is read from") && file.exists(), "{said}");
    assert_eq!(told(&mut pty, "kind>", "network::name()"), "changed");
    // a second time there is nothing to change, and the file stays
    told(&mut pty, "kind>", ".edit network");
    assert!(file.exists());
    leave(pty);

    // a mistake is told, and the prompt lives on without the script
    command.env("CHANGE", "s/^fn name() {/fn name( {/");
    let mut pty = Pty::start(&command, 110, 40);
    pty.ready("kind>");
    let said = told(&mut pty, "kind>", ".edit network");
    assert!(
        said.contains("error:") && said.contains("network.rhai:7") && said.contains(".edit network opens"),
        "{said}"
    );
    assert_eq!(told(&mut pty, "kind>", "1 + 1"), "2");
    leave(pty);

    // what was opened and not changed is not left behind
    command.env("CHANGE", "");
    let mut pty = Pty::start(&command, 110, 40);
    pty.ready("kind>");
    let said = told(&mut pty, "kind>", ".edit cni");
    assert!(
        said.contains("nothing was changed") && !home.work().join(".kind/stdlib/cni.rhai").exists(),
        "{said}"
    );
    leave(pty);
}

/// From the start to a prompt that takes keys, where an engine is named that never answers.
fn the_prompt_does_not_wait_for_an_engine() {
    let home = Home::new();
    let start = || {
        let mut command = home.command(&["repl"]);
        // an address for documentation: nobody is there, and nobody says so
        command.env("DOCKER_HOST", "tcp://192.0.2.1:2375");
        let pty = Pty::start(&command, 110, 40);
        pty.ready("kind>");
        let took = pty.time();
        leave(pty);
        took
    };
    let fastest = (0..5).map(|_| start()).min().unwrap();
    eprintln!("tests: the prompt is there after {fastest:?}");
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

fn keys_of_vi() {
    let home = Home::new();
    let mut command = home.command(&["repl"]);
    command.env("KIND_EDIT_MODE", "vi");
    for (command, vi) in [(command, true), (home.command(&["repl", "--edit-mode", "emacs"]), false)] {
        let mut pty = Pty::start(&command, 110, 40);
        pty.ready("kind>");
        pty.send("11");
        pty.send(ESCAPE);
        std::thread::sleep(Duration::from_millis(700));
        pty.send(if vi { "x" } else { "b" });
        pty.send(if vi { "a2" } else { "3" });
        pty.send(ENTER);
        let answer = if vi { "\n12\n" } else { "\n311\n" };
        pty.see(answer);
        leave(pty);
    }
    home.kind(&["repl", "--edit-mode", "ed"]).code(2).tells("emacs, vi");
}

fn lines_of_a_pipe() {
    let home = Home::new();
    let ran = home.kind_with(
        &["repl"],
        "let a = 2\nfn f(x) {\n  x + 1\n}\nf(a)\n.json #{b: [1, ()]}\n.yaml it\n1 / 0\n.time 5\n",
    );
    let ran = ran.ok().tells("division by zero");
    assert!(
        ran.stdout.starts_with("2\n3\n{\n  \"b\": [\n    1,\n    null\n  ]\n}\n3\n5\n0.0"),
        "{}",
        ran.stdout
    );
    home.kind_with(&["repl"], "exit(3)\n").code(3);
    home.kind_with(&["repl"], "!ls\n.shell\n").ok();
}

/// Types `keys`, waits a moment as somebody would, presses Tab; how long it took until `wanted` was there.
#[track_caller]
fn completed(pty: &mut Pty, prompt: &str, keys: &str, wanted: &str) -> Duration {
    pty.send("\x0c");
    pty.until("clear screen", |screen| screen == prompt);
    pty.send(keys);
    pty.until("what is typed", |screen| screen.starts_with(&format!("{prompt} {keys}")));
    std::thread::sleep(Duration::from_millis(600));
    pty.send(TAB);
    let took = pty.see(wanted);
    pty.send(CTRL_C);
    pty.ready(prompt);
    took
}

fn completion_knows_the_cluster_in_time() {
    let home = Home::new();
    home.file("notes.txt", "x");
    let (mut pty, waits) = on_cluster(&home);
    let name = shared().name.clone();
    let worker = shared().node("worker");
    let (find, node) = (
        format!("cluster(\"{}", &name[..name.len() - 3]),
        format!("c.node(\"{}", &worker[..worker.len() - 3]),
    );
    let cases = [
        ("c.work".to_owned(), "c.workers".to_owned()),
        ("n.exec(\"ls\").std".to_owned(), "stdout".to_owned()),
        ("c.nodes[0].wait_f".to_owned(), "wait_file".to_owned()),
        ("import \"std/crea".to_owned(), "std/create".to_owned()),
        (find, format!("cluster(\"{name}")),
        (node, format!("c.node(\"{worker}")),
        ("image::inspect(\"kindest/no".to_owned(), "kindest/node".to_owned()),
        ("n.read(\"/kind/vers".to_owned(), "n.read(\"/kind/version".to_owned()),
        ("n.exec(\"cat\", \"/etc/kubernetes/adm".to_owned(), "admin.conf".to_owned()),
        ("c.workers[0].sh(\"cat /etc/hostn".to_owned(), "/etc/hostname".to_owned()),
        ("!cat /kind/vers".to_owned(), "/kind/version".to_owned()),
        (".load not".to_owned(), "notes.txt".to_owned()),
        (".source create.bring".to_owned(), "create.bring_up".to_owned()),
        (format!(".shell {}", &worker[..worker.len() - 3]), format!(".shell {worker}")),
        (".clus".to_owned(), ".clusters".to_owned()),
    ];
    let mut times: Vec<(Duration, &str)> = Vec::new();
    for (keys, wanted) in &cases {
        times.push((completed(&mut pty, &waits, keys, wanted), keys));
    }
    leave(pty);
    times.sort();
    let (median, (slowest, keys)) = (times[times.len() / 2].0, times[times.len() - 1]);
    eprintln!("tests: completion took {median:?}, at most {slowest:?} ({keys})");
}

fn a_plan_at_the_prompt_changes_nothing() {
    let home = Home::new();
    let (mut pty, waits) = on_cluster(&home);
    told(&mut pty, &waits, "let text = \"planned\"; fn mark(n, text) { n.write(\"/kind/planned\", text) }");
    let plan = told(&mut pty, &waits, ".plan step(\"mark\", || mark(n, text))");
    let node = shared().node("control-plane");
    assert!(
        plan.contains("mark") && plan.contains(&format!("{node}: write /kind/planned (7 bytes)")),
        "{plan}"
    );
    assert!(plan.ends_with("this is a plan: nothing was changed"), "{plan}");
    assert!(crate::harness::engine::file(&node, "/kind/planned").is_none(), "the plan was carried out");
    assert!(told(&mut pty, &waits, ".plan").contains(".plan needs a file or an expression"));
    assert!(told(&mut pty, &waits, ".plan nope(1)").contains("there is no function nope"));
    leave(pty);
}

fn a_shell_follows_the_window() {
    let home = Home::new();
    let (mut pty, waits) = on_cluster(&home);
    pty.enter(".shell worker");
    pty.see(&format!("root@{}", shared().node("worker")));
    pty.enter("stty size");
    pty.see("40 110");
    pty.resize(90, 30);
    std::thread::sleep(Duration::from_millis(500));
    pty.enter("stty size");
    pty.see("30 90");
    // a key, and no signal to the program
    pty.enter("sleep 100");
    std::thread::sleep(Duration::from_millis(300));
    pty.send(CTRL_C);
    pty.enter("echo back-$?");
    pty.see("back-130");
    pty.enter("exit 3");
    pty.see("exit code 3");
    pty.ready(&waits);
    assert_eq!(told(&mut pty, &waits, &format!(".shell {} tput cols", shared().node("worker"))), "90");
    assert_eq!(
        told(&mut pty, &waits, ".shell nobody").lines().next(),
        Some("error: there is no node \"nobody\"")
    );
    assert_eq!(told(&mut pty, &waits, "1 + 1"), "2", "the terminal is as it was");
    leave(pty);
}

fn commands_on_nodes_and_their_output() {
    let home = Home::new();
    let (mut pty, waits) = on_cluster(&home);
    assert_eq!(
        told(&mut pty, &waits, "!hostname; exit 4"),
        format!("{}\nexit code 4", shared().node("control-plane"))
    );
    pty.enter(".node worker");
    let waits = format!("{}/worker>", waits.trim_end_matches('>'));
    pty.ready(&waits);
    assert_eq!(told(&mut pty, &waits, "!hostname"), shared().node("worker"));
    assert_eq!(told(&mut pty, &waits, "n.name"), shared().node("worker"));
    // it comes while it is written
    pty.enter("!echo begun; sleep 100");
    pty.see("\nbegun");
    pty.send(CTRL_C);
    pty.see("error: interrupted");
    pty.ready(&waits);
    pty.enter("let r = n.exec(\"sh\", \"-c\", \"echo begun; sleep 3; echo done\"); r");
    pty.see("| begun");
    assert!(!pty.screen().contains("code: 0"));
    pty.see("(2 lines, above)");
    pty.ready(&waits);
    assert_eq!(told(&mut pty, &waits, "r.stdout"), "begun\ndone");
    leave(pty);
}

fn values_as_people_and_programs_read_them() {
    let home = Home::new();
    let (mut pty, waits) = on_cluster(&home);
    let (first, worker) = (shared().node("control-plane"), shared().node("worker"));
    let table = told(&mut pty, &waits, "c.nodes");
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].starts_with("NAME ") && lines[1].starts_with(&first) && lines[2].starts_with(&worker),
        "{table}"
    );
    assert_eq!(told(&mut pty, &waits, "c.workers[0]").lines().count(), 1, "a node is a line");
    assert!(told(&mut pty, &waits, "c.list(\"nodes\")").contains("Ready"));
    assert!(told(&mut pty, &waits, ".nodes").contains(&worker));
    assert!(told(&mut pty, &waits, ".clusters").contains(&shared().name));
    assert!(told(&mut pty, &waits, ".json n").contains("\"role\": \"control-plane\""));
    // longer than the screen: paged, in a program that waits for its end
    // typed ahead of the first answer
    pty.enter("sleep(1); 6 * 7");
    pty.enter("let long = []; for i in 0..200 { long.push(i) }; long");
    pty.until("a pager", |screen| screen.lines().last() == Some(":") && screen.contains("- 7"));
    pty.send("q");
    pty.ready(&waits);
    leave(pty);
    let code = format!("cluster(\"{}\").nodes.to_json()", shared().name);
    let json: serde_json::Value =
        serde_json::from_str(&home.kind(&["run", "-e", &code]).ok().stdout).unwrap();
    assert_eq!(json[1]["name"], worker.as_str());
    assert!(json[1]["state"] == "running" && Path::new("/").exists(), "{json}");
}
