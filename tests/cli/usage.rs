//! Words on the command line, without an engine: texts and exit codes as upstream kind has them.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "usage":
        plain version_is_data,
        plain wrong_words_end_with_upstreams_code,
        plain wrong_words_of_our_own_commands_end_with_2,
        plain nothing_to_delete_is_told,
        plain no_engine_says_what_was_tried,
    }
}

fn version_is_data() {
    let home = Home::new();
    let version = env!("CARGO_PKG_VERSION");
    let ran = home.kind(&["version"]).ok().stderr("");
    assert!(ran.stdout.starts_with("kind ") && ran.stdout.contains(version), "{}", ran.stdout);
    home.kind(&["--version"]).ok().stderr("").prints(version);
    home.kind(&["version", "-q"]).ok().stderr("").stdout(&format!("{version}\n"));
    for form in ["json", "yaml"] {
        let ran = home.kind(&["version", "-o", form]).ok().stderr("");
        let value = if form == "json" { ran.json() } else { ran.yaml() };
        assert_eq!(value["version"], version);
    }
}

fn wrong_words_end_with_upstreams_code() {
    let home = Home::new();
    home.kind(&["creat", "cluster"])
        .code(1)
        .stdout("")
        .tells("error: unrecognized subcommand 'creat'\n")
        .tells("  hint: ");
    home.kind(&["get", "nodes", "-o", "xml"]).code(1).stdout("").tells("json, yaml");
    home.kind(&["create"]).code(1).prints("Usage: kind create").tells("error: Subcommand is required\n");
    home.kind(&["-q", "creat"]).code(1).stdout("").stderr("");
    home.kind(&["-q", "create"]).code(1).prints("Usage: kind create").stderr("");
}

fn wrong_words_of_our_own_commands_end_with_2() {
    let home = Home::new();
    home.kind(&["run"]).code(2).stdout("").tells("<FILE>");
    home.kind(&["engine", "begin"]).code(2).stdout("").tells("'begin'");
}

fn nothing_to_delete_is_told() {
    Home::new().kind(&["delete", "clusters"]).code(1).stdout("").tells("error: no cluster names provided\n");
}

fn no_engine_says_what_was_tried() {
    let home = Home::new();
    let missing = home.tmp().join("missing.sock");
    let mut command = home.command(&["get", "clusters"]);
    command.env("DOCKER_HOST", format!("unix://{}", missing.display()));
    crate::harness::home::run(command, "")
        .code(1)
        .stdout("")
        .tells("error: ")
        .tells(&missing.display().to_string())
        .tells("  hint: ");
}
