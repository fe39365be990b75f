//! Tests that are scripts: `tests/stdlib/*.rhai`, and the example of every function of the script API.

use crate::harness::{Home, real, shared};
use libtest_mimic::Trial;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stdlib");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "rhai"));
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = format!("scripts::{}", path.file_stem().unwrap().to_string_lossy());
            Trial::test(name, move || {
                Home::new().kind(&["run", "--allow-host", &path.display().to_string()]).ok();
                Ok(())
            })
        })
        .chain([real("scripts::every_example_runs", every_example_runs)])
        .collect()
}

/// Examples that would change the machine or need what only their reader has.
const NOT_RUN: [&str; 0] = [];

fn every_example_runs() {
    let c = shared();
    let home = Home::new();
    let mut failed = Vec::new();
    for record in kind::script::records() {
        let name = record.qualified();
        if NOT_RUN.contains(&name.as_str()) {
            continue;
        }
        let code = format!("let c = cluster::find(\"{}\"); let n = c.nodes[0];\n{}", c.name, record.example);
        let ran = home.kind(&["run", "--allow-host", "-e", &code]);
        if ran.code != 0 {
            failed.push(format!("{name}: {}\n{}", record.example, ran.stderr));
        }
    }
    assert!(failed.is_empty(), "{} examples do not run:\n{}", failed.len(), failed.join("\n"));
}
