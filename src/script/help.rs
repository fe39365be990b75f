//! Help on the script API, made from its records.

use super::record::{Record, records};
use super::stdlib::closest;
use std::fmt::Write;

/// What is known about `name` (`node.exec`, `host::run`, `exec`, `host`), or the list of everything.
pub fn text(name: Option<&str>) -> String {
    let Some(name) = name else { return overview() };
    let wanted = name.trim().trim_end_matches("()");
    let found: Vec<&Record> = records()
        .filter(|r| r.name == wanted || r.qualified() == wanted || r.module.eq_ignore_ascii_case(wanted))
        .collect();
    if found.is_empty() {
        let names: Vec<String> = records().flat_map(|r| [r.qualified(), r.name.to_owned()]).collect();
        return match closest(wanted, names.iter().map(String::as_str)) {
            Some(near) => format!("nothing is called {wanted}; did you mean {near}?"),
            None => format!("nothing is called {wanted}; .help alone lists what there is"),
        };
    }
    let many = found.len() > 4;
    let mut text = String::new();
    for record in found {
        let _ = write!(text, "{}{}\n    {}\n", record.qualified(), record.signature, record.doc);
        if !many {
            let _ = writeln!(text, "    example: {}", record.example);
        }
    }
    text.trim_end().to_owned()
}

fn overview() -> String {
    let mut text = String::from(
        "try:  let c = cluster(\"kind\")      c.nodes      c.control_plane.exec(\"ls\", \"/kind\").stdout\n\n",
    );
    let mut module = None;
    for record in records() {
        if module != Some(record.module) {
            module = Some(record.module);
            let title = if record.module.is_empty() { "everywhere" } else { record.module };
            let names: Vec<&str> = records().filter(|r| r.module == record.module).map(|r| r.name).collect();
            let _ = writeln!(text, "{title:<11} {}", names.join(" "));
        }
    }
    text + "\n.help NAME tells more; kind stdlib list shows the scripts behind the commands"
}
