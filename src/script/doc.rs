//! The reference: every function of the API and of the standard library's scripts, as values, for a terminal, and as
//! Markdown.

use super::check::{Parsed, Text};
use super::record::{Record, WORDS, records};
use super::stdlib::{Module, Places, closest};
use crate::error::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// A module of the API (`host`), a type (`Node`), or a script of the standard library (`std/create`).
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// Its name; `everywhere` for functions that need no module.
    pub name: String,
    /// What it is for.
    pub text: String,
    /// What is in it.
    pub functions: Vec<Entry>,
}

/// One function.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// How a script writes it.
    pub name: String,
    /// Its name with parameters and, where known, types.
    pub signature: String,
    /// What it does.
    pub text: String,
    /// Parameters; of functions of the standard library only the names are known.
    pub parameters: Vec<Parameter>,
    /// The type of what it returns, where known.
    pub returns: Option<String>,
    /// Keys of its options with types.
    pub options: BTreeMap<String, String>,
    /// Codes of errors it throws.
    pub throws: Vec<String>,
    /// A line that uses it.
    pub example: Option<String>,
}

/// One parameter.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What may be given, in words.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether several may be given.
    pub many: bool,
}

/// What a module of the API is for.
const ABOUT: &[(&str, &str)] = &[
    ("", "Flow, errors and the script's surroundings. These need no module in front."),
    ("log", "Messages to people. They go to standard error; `print` is for data."),
    ("yaml", "YAML texts and values."),
    ("json", "JSON texts and values."),
    ("toml", "TOML texts as values."),
    ("host", "The machine that the program runs on. A script of yours needs `--allow-host` for most of it."),
    ("cache", "Results that are made once and kept. A script of yours needs `--allow-host`."),
    ("asset", "Files that come with the program."),
    ("env", "Variables of the environment."),
    ("engine", "Containers, networks and volumes, as the engine has them."),
    ("image", "Images of the engine, image archives, and the way of both into nodes."),
    ("Node", "One node of a cluster, or any other container. `cluster(…).nodes` has them."),
    ("Value", "What every value can do."),
    ("plan", "What a planned run (`--plan`) takes for granted. In a real run these do nothing."),
    ("cluster", "Finding clusters and planning new ones."),
    ("Cluster", "A cluster: its nodes and its Kubernetes API. `cluster(\"kind\")` is one."),
    ("kubeadm", "Config documents of kubeadm."),
    ("containerd", "The config of the nodes' container runtime."),
    ("kubeconfig", "The user's kubeconfig files, and those that belong to a cluster."),
];

impl Page {
    /// The name of its file in the reference.
    pub fn file(&self) -> String {
        match self.name.as_str() {
            // two names that some file systems take for one
            "Cluster" | "Node" => format!("type-{}.md", self.name.to_lowercase()),
            name => format!("{}.md", name.replace('/', "-")),
        }
    }
}

/// All pages: the API's modules and types, then the standard library's scripts.
pub fn pages(places: &Places) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for record in records() {
        let name = if record.module.is_empty() { "everywhere" } else { record.module };
        let index = pages.iter().position(|p| p.name == name).unwrap_or_else(|| {
            let text = ABOUT.iter().find(|(module, _)| *module == record.module).map_or("", |(_, text)| text);
            pages.push(Page { name: name.to_owned(), text: text.to_owned(), functions: Vec::new() });
            pages.len() - 1
        });
        pages[index].functions.push(entry(record));
    }
    pages.extend(places.list().iter().map(script));
    pages
}

/// Only what a name means: a page, or functions of that name.
///
/// # Errors
/// When nothing has that name.
pub fn find(pages: Vec<Page>, name: &str) -> Result<Vec<Page>> {
    let wanted = name.trim_end_matches("()").trim_end_matches(".rhai");
    if let Some(page) = pages.iter().find(|p| p.name == wanted && wanted.starts_with("std/")) {
        return Ok(vec![page.clone()]);
    }
    // a type, a module and a script may differ by a capital or the folder only: who asks for one wants to know of all
    let bare = |p: &Page| p.name.strip_prefix("std/").unwrap_or(&p.name).eq_ignore_ascii_case(wanted);
    let all: Vec<Page> = pages.iter().filter(|p| bare(p)).cloned().collect();
    if !all.is_empty() {
        return Ok(all);
    }
    let named = |e: &Entry| {
        let bare = e.name.rsplit(['.', ':']).next().unwrap_or(&e.name);
        e.name.eq_ignore_ascii_case(wanted) || bare == wanted || e.name.strip_prefix("std/") == Some(wanted)
    };
    let names: Vec<String> = pages
        .iter()
        .flat_map(|p| std::iter::once(&p.name).chain(p.functions.iter().map(|f| &f.name)))
        .cloned()
        .collect();
    let found: Vec<Page> = pages
        .into_iter()
        .map(|mut page| {
            page.functions.retain(named);
            page
        })
        .filter(|page| !page.functions.is_empty())
        .collect();
    if found.is_empty() {
        let error = Error::user("doc.not_found", format!("nothing is called {name}"));
        return Err(match closest(wanted, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("kind doc lists what there is"),
        });
    }
    Ok(found)
}

fn entry(record: &'static Record) -> Entry {
    let signature =
        format!("{}{}{}", record.qualified(), if record.is_property() { " " } else { "" }, record.signature);
    let parameter = |p: super::record::Parameter| Parameter {
        name: p.name.to_owned(),
        kind: Some(p.written.to_owned()),
        optional: p.optional,
        many: p.many,
    };
    let options = super::types::split(record.options, ',').into_iter().filter_map(|o| o.split_once(": "));
    Entry {
        name: record.qualified(),
        signature,
        text: record.doc.to_owned(),
        parameters: record.parameters().into_iter().map(parameter).collect(),
        returns: record.returns().map(str::to_owned),
        options: options.map(|(key, kind)| (key.to_owned(), kind.to_owned())).collect(),
        throws: thrown(record),
        example: Some(record.example.to_owned()),
    }
}

/// Codes, and in words what else is thrown.
fn thrown(record: &Record) -> Vec<String> {
    let codes = record.codes().into_iter().map(str::to_owned);
    let words = record.throws.split(", ").skip(usize::from(!record.codes().is_empty()));
    codes.chain(words.filter(|w| *w != "none").map(|w| w.trim_start_matches("and ").to_owned())).collect()
}

/// The page of a script of the standard library.
fn script(module: &Module) -> Page {
    let name = format!("std/{}", module.name);
    let about: Vec<&str> = super::outline::about(&module.text).map(str::trim).collect();
    let text = Arc::new(Text::new(&module.display_name(), &module.text));
    let functions = Parsed::new(&super::check::parser(), &text).map(|p| p.functions).unwrap_or_default();
    let alias = module.name.clone();
    let entry = |f: &Arc<super::check::Function>| Entry {
        name: format!("{name}::{}", f.name),
        signature: format!("{alias}::{}", f.signature()),
        text: f.doc.clone(),
        parameters: f
            .parameters
            .iter()
            .map(|p| Parameter { name: p.clone(), kind: None, optional: false, many: false })
            .collect(),
        returns: None,
        options: BTreeMap::new(),
        throws: Vec::new(),
        example: None,
    };
    let functions = functions.iter().filter(|f| !f.private).map(entry).collect();
    Page { name, text: about.join("\n"), functions }
}

/// A list of everything, in short.
pub fn overview(pages: &[Page], style: &Style) -> String {
    let (head, end) = (style.head, style.end);
    let mut out = String::new();
    for (i, page) in pages.iter().enumerate() {
        if i == 0 {
            let _ = writeln!(out, "{head}The API of scripts{end}");
        } else if page.name.starts_with("std/") && !pages[i - 1].name.starts_with("std/") {
            let _ =
                writeln!(out, "\n{head}The scripts behind the commands{end} (import \"std/NAME\" as name;)");
        }
        let names: Vec<&str> =
            page.functions.iter().map(|f| f.name.rsplit(['.', ':']).next().unwrap_or(&f.name)).collect();
        super::help::wrap(&mut out, &format!("  {:<26}", page.name), &names.join(" "));
    }
    let _ = write!(
        out,
        "\nkind doc NAME tells more: of a module (image), a type (Cluster), a function (node.exec)\n"
    );
    out
}

/// Pages for a terminal.
pub fn terminal(pages: &[Page], style: &Style) -> String {
    let (head, dim, end) = (style.head, style.dim, style.end);
    let mut out = String::new();
    for page in pages {
        let whole = pages.len() == 1 && page.functions.len() > 1 || page.functions.len() > 4;
        if whole {
            let _ = writeln!(out, "{head}{}{end}", page.name);
            super::help::wrap(&mut out, "", &page.text);
            out.push('\n');
        }
        for f in &page.functions {
            let _ = writeln!(out, "{head}{}{end}", f.signature);
            super::help::wrap(&mut out, "    ", &f.text);
            if !f.options.is_empty() {
                let keys: Vec<String> =
                    f.options.iter().map(|(key, kind)| format!("{key}: {kind}")).collect();
                super::help::wrap(&mut out, "    keys: ", &keys.join(", "));
            }
            if !f.throws.is_empty() {
                super::help::wrap(&mut out, "    throws: ", &f.throws.join(", "));
            }
            if let Some(example) = &f.example {
                let _ = writeln!(out, "    {dim}{example}{end}");
            }
            out.push('\n');
        }
    }
    out
}

/// Escape codes; empty where there are no colours.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// Begins a title.
    pub head: &'static str,
    /// Begins what matters less.
    pub dim: &'static str,
    /// Ends both.
    pub end: &'static str,
}

/// The reference as Markdown: name of the file, and its text. `README.md` lists all others.
pub fn markdown(pages: &[Page]) -> Vec<(String, String)> {
    let mut index = String::from(
        "# Reference\n\nMade by `kind doc --markdown docs/reference`; a change here is lost. The same in a terminal: `kind doc`, \
         `kind doc NAME`.\n\n| in signatures | means |\n|---|---|\n",
    );
    for (word, meaning) in WORDS {
        let _ = writeln!(index, "| `{word}` | {} |", meaning.replace('|', "\\|"));
    }
    index.push_str("\n## The API\n\n");
    let mut files = Vec::new();
    for (i, page) in pages.iter().enumerate() {
        if page.name.starts_with("std/") && !pages[i - 1].name.starts_with("std/") {
            index.push_str("\n## The scripts behind the commands\n\n");
        }
        let first = page.text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        let _ = writeln!(index, "- [{}]({}): {first}", page.name, page.file());
        files.push((page.file(), page_markdown(page)));
    }
    files.insert(0, ("README.md".to_owned(), index));
    files
}

fn page_markdown(page: &Page) -> String {
    let mut out = format!("# {}\n\n{}\n", page.name, page.text);
    for f in &page.functions {
        let bare = f.name.rsplit(['.', ':']).next().unwrap_or(&f.name);
        let _ = write!(out, "\n## {bare}\n\n```text\n{}\n```\n\n{}\n", f.signature, f.text);
        if !f.options.is_empty() {
            out.push_str("\nKeys:\n\n");
            for (key, kind) in &f.options {
                let _ = writeln!(out, "- `{key}`: {kind}");
            }
        }
        if let Some(example) = &f.example {
            let throws = if f.throws.is_empty() { "nothing".to_owned() } else { f.throws.join(", ") };
            // run by a test of its own, which has what the examples name
            let _ = write!(out, "\nThrows: {throws}\n\n```rhai,no_run\n{example}\n```\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Page> {
        pages(&Places::default())
    }

    #[test]
    fn a_name_is_a_page_a_function_or_a_suggestion() {
        let names = |name: &str| -> Vec<String> {
            let found = find(all(), name).unwrap();
            found.iter().flat_map(|p| p.functions.iter().map(|f| f.name.clone())).collect()
        };
        assert_eq!(names("step"), ["step", "cache::step"]);
        assert_eq!(names("node.exec"), ["node.exec"]);
        assert!(names("std/node").contains(&"std/node::boot".to_owned()));
        assert!(!names("std/node").contains(&"node.exec".to_owned()));
        assert!(names("node").contains(&"std/node::boot".to_owned()));
        assert!(names("node").contains(&"node.exec".to_owned()));
        assert!(names("cluster").contains(&"cluster::plan".to_owned()));
        assert!(names("cluster").contains(&"cluster.nodes".to_owned()));
        assert!(find(all(), "paralel").unwrap_err().hints()[0].contains("parallel"));
    }

    #[test]
    fn every_module_says_what_it_is_for() {
        for page in all() {
            assert!(!page.text.is_empty(), "{} says nothing", page.name);
            for f in &page.functions {
                assert!(!f.text.is_empty(), "{} says nothing", f.name);
            }
        }
        let mut files: Vec<String> =
            markdown(&all()).into_iter().map(|(file, _)| file.to_lowercase()).collect();
        let count = files.len();
        files.sort();
        files.dedup();
        assert_eq!(files.len(), count);
    }

    /// docs/reference is what `kind doc --markdown` writes.
    #[test]
    fn the_reference_is_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
        let wanted = markdown(&all());
        for (file, text) in &wanted {
            let found = crate::host::fs::read_to_string(&folder.join(file)).unwrap_or_default();
            assert!(
                found == *text,
                "docs/reference/{file} is not current: kind doc --markdown docs/reference"
            );
        }
        assert_eq!(
            crate::host::fs::list(&folder).unwrap().len(),
            wanted.len(),
            "docs/reference has a file too many"
        );
    }
}
