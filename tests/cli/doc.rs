//! `kind doc` and `kind definitions`.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "doc":
        plain all_in_short_and_one_at_length,
        plain data_for_machines,
        plain the_reference_and_the_definitions_are_files,
    }
}

fn all_in_short_and_one_at_length() {
    let home = Home::new();
    let ran = home.kind(&["doc"]).ok().stderr("");
    assert!(ran.stdout.contains("parallel") && ran.stdout.contains("std/create"), "{}", ran.stdout);
    let ran = home.kind(&["doc", "retry"]).ok().stderr("");
    assert!(ran.stdout.starts_with("retry(times: int, pause: seconds, body: closure()) -> value of body\n"));
    let ran = home.kind(&["doc", "std/node"]).ok();
    assert!(ran.stdout.contains("node::boot(n)\n"), "{}", ran.stdout);
    home.kind(&["doc", "retrie"]).code(1).stdout("").tells("did you mean retry?");
    // a script of one's own in place of a built-in one is what is told of
    home.file(".kind/stdlib/cni.rhai", "//! Mine.\n\n/// Does it my way.\nfn mine(c) { c }\n");
    let ran = home.kind(&["doc", "std/cni"]).ok();
    assert!(ran.stdout.contains("Does it my way.") && !ran.stdout.contains("conflist"), "{}", ran.stdout);
}

fn data_for_machines() {
    let home = Home::new();
    let ran = home.kind(&["doc", "node.exec", "-o", "json"]).ok();
    let pages: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let exec = &pages[0]["functions"][0];
    assert_eq!(exec["name"], "node.exec");
    assert_eq!(exec["parameters"][1]["many"], true);
    assert_eq!(exec["options"]["timeout"], "seconds");
    assert_eq!(exec["throws"][0], "node.exec_failed");
}

fn the_reference_and_the_definitions_are_files() {
    let home = Home::new();
    home.kind(&["doc", "--markdown", "reference"]).ok().stdout("reference\n");
    let page = std::fs::read_to_string(home.work().join("reference/type-node.md")).unwrap();
    assert!(page.contains("\n## exec\n"), "{page}");
    home.kind(&["definitions", "defs"]).ok().stdout("defs\n").tells("Rhai.toml");
    let file = std::fs::read_to_string(home.work().join("defs/kind.d.rhai")).unwrap();
    assert!(file.contains("fn parallel(list: Array, call: FnPtr) -> Array;"), "{file}");
}
