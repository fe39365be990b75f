//! Help on the script API, made from its records.

use super::record::{Record, WORDS, records};
use super::stdlib::closest;
use std::fmt::Write;

/// What is known about `name` (`node.exec`, `host::run`, `exec`, `host`), or the list of everything.
pub fn text(name: Option<&str>) -> String {
    let Some(name) = name else { return overview() };
    let wanted = name.trim().trim_end_matches("()");
    if wanted == "types" {
        return WORDS.iter().map(|(word, meaning)| format!("{word:<22} {meaning}\n")).collect();
    }
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
        let space = if record.is_property() { " " } else { "" };
        let _ = writeln!(text, "{}{space}{}", record.qualified(), record.signature);
        wrap(&mut text, "    ", record.doc);
        if !many {
            if !record.options.is_empty() {
                wrap(&mut text, "    keys: ", record.options);
            }
            wrap(&mut text, "    throws: ", record.throws);
            let _ = writeln!(text, "    example: {}", record.example);
        }
    }
    text.trim_end().to_owned()
}

/// Columns of help; a terminal of the usual width shows it without breaking words.
const WIDTH: usize = 100;

/// Adds `words` in lines of at most `WIDTH` columns; the first begins with `head`, all others are set in as far.
pub fn wrap(text: &mut String, head: &str, words: &str) {
    let indent = head.chars().count();
    text.push_str(head);
    let mut column = indent;
    for (i, word) in words.split_whitespace().enumerate() {
        let width = word.chars().count();
        if i > 0 && column + 1 + width > WIDTH {
            let _ = write!(text, "\n{}", " ".repeat(indent));
            column = indent;
        } else if i > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}

fn overview() -> String {
    let mut text = String::from(
        "try:  let c = cluster(\"kind\")      c.nodes      c.control_plane.exec(\"ls\", \"/kind\").stdout\n\n",
    );
    let mut told = Vec::new();
    for module in records().map(|r| r.module) {
        if told.contains(&module) {
            continue;
        }
        told.push(module);
        let title = if module.is_empty() { "everywhere" } else { module };
        let names: Vec<&str> = records().filter(|r| r.module == module).map(|r| r.name).collect();
        wrap(&mut text, &format!("{title:<11} "), &names.join(" "));
    }
    text + "\n.help NAME tells more, .help types explains the words in signatures; kind stdlib list shows the scripts behind the commands"
}
