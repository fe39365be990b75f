//! What could stand at the cursor: names of the API, of variables and of functions, and after a dot the methods of
//! what stands before it, as far as that can be told without running anything.

use super::record::{Record, records};
use crate::cluster::Cluster;
use crate::node::Node;
use crate::repl::Candidate;
use rhai::{Array, Dynamic};

const KEYWORDS: &[&str] = &[
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "return", "throw", "try", "catch",
    "import", "true", "false",
];
/// Methods of Rhai's own that are wanted most.
const OF_ARRAYS: &[&str] = &[
    "all", "contains", "filter", "find", "insert", "len", "map", "pop", "push", "reduce", "remove", "some",
    "sort",
];
const OF_MAPS: &[&str] = &["contains", "keys", "len", "remove", "values"];
const OF_TEXTS: &[&str] = &[
    "contains",
    "ends_with",
    "index_of",
    "len",
    "replace",
    "split",
    "starts_with",
    "sub_string",
    "to_lower",
    "to_upper",
    "trim",
];

/// What is typed so far, and what earlier lines left.
pub struct Names<'a> {
    /// Variables with their values.
    pub variables: Vec<(&'a str, &'a Dynamic)>,
    /// Names of functions.
    pub functions: Vec<String>,
}

impl Names<'_> {
    /// Candidates at the end of `head`, and at which byte the word that they replace begins.
    pub fn complete(&self, head: &str) -> (usize, Vec<Candidate>) {
        let (begin, word) = word(head);
        let (begin, mut found) = match word.rsplit_once('.') {
            Some((_, typed)) => {
                let begin = head.len() - typed.len();
                (begin, self.methods(&head[..begin - 1], typed))
            }
            None => (begin, self.names(word)),
        };
        found.sort_by(|a, b| a.text.cmp(&b.text));
        found.dedup_by(|a, b| a.text == b.text);
        (begin, found)
    }

    fn names(&self, typed: &str) -> Vec<Candidate> {
        let api = records().filter(|r| !r.is_method() && r.qualified().starts_with(typed));
        let mut found: Vec<Candidate> = api
            .map(|r| Candidate::shown_as(r.qualified(), format!("{}{}", r.qualified(), r.signature)))
            .collect();
        let variables = self.variables.iter().map(|(name, _)| *name);
        let functions = self.functions.iter().map(String::as_str);
        let own = variables.chain(functions).chain(KEYWORDS.iter().copied());
        found.extend(own.filter(|name| name.starts_with(typed)).map(Candidate::new));
        found
    }

    fn methods(&self, owner: &str, typed: &str) -> Vec<Candidate> {
        let of = self.type_of(owner);
        let own = match of.as_deref() {
            Some(of) if of.starts_with("array") => OF_ARRAYS,
            Some(of) if of.starts_with("map") || of.starts_with('#') => OF_MAPS,
            Some(of) if of.starts_with("string") => OF_TEXTS,
            _ => &[],
        };
        let api = records().filter(|r| r.is_method() && of.as_deref().is_none_or(|of| of == r.module));
        let mut found: Vec<Candidate> = api
            .filter(|r| r.name.starts_with(typed))
            .map(|r| Candidate::shown_as(r.name, r.written()))
            .collect();
        found.extend(own.iter().filter(|name| name.starts_with(typed)).map(|name| Candidate::new(*name)));
        found
    }

    /// The type of the value that the expression at the end of `text` has, in the words of the records.
    fn type_of(&self, text: &str) -> Option<String> {
        if text.ends_with(']') {
            let list = self.type_of(&text[..opening(text)?])?;
            return list.strip_prefix("array of ").map(str::to_owned);
        }
        let called = text.ends_with(')');
        let text = if called { &text[..opening(text)?] } else { text };
        let begin = text.char_indices().rev().take_while(|(_, c)| is_name(*c)).last()?.0;
        let name = &text[begin..];
        if let Some(owner) = text[..begin].strip_suffix('.') {
            let of = self.type_of(owner);
            let fits = |r: &&Record| {
                r.is_method() && r.name == name && of.as_deref().is_none_or(|of| of == r.module)
            };
            return records().find(fits).and_then(Record::returns).map(str::to_owned);
        }
        if called {
            let function = records().find(|r| !r.is_method() && r.qualified() == name);
            return function.and_then(Record::returns).map(str::to_owned);
        }
        self.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| type_name(value))
    }
}

/// The record of the function or method whose open bracket `head` ends with.
pub fn called(head: &str) -> Option<&'static Record> {
    let (_, word) = word(head.strip_suffix('(')?);
    let name = word.rsplit('.').next()?;
    records().find(|r| r.qualified() == word || (word.contains('.') && r.is_method() && r.name == name))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':')
}

/// The word at the end of `head`, with dots, and where it begins.
fn word(head: &str) -> (usize, &str) {
    let begin = head.char_indices().rev().take_while(|(_, c)| is_name(*c) || *c == '.').last();
    let begin = begin.map_or(head.len(), |(i, _)| i);
    (begin, &head[begin..])
}

/// Where the bracket that `text` ends with was opened.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, c) in text.char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(i);
        }
    }
    None
}

fn type_name(value: &Dynamic) -> String {
    if value.is::<Cluster>() {
        "Cluster".to_owned()
    } else if value.is::<Node>() {
        "Node".to_owned()
    } else if let Some(list) = value.read_lock::<Array>() {
        list.first().map_or_else(|| "array".to_owned(), |first| format!("array of {}", type_name(first)))
    } else {
        value.type_name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(variables: &[(&str, Dynamic)], head: &str) -> (usize, Vec<String>) {
        let variables = variables.iter().map(|(name, value)| (*name, value)).collect();
        let names = Names { variables, functions: vec!["greet".to_owned()] };
        let (begin, found) = names.complete(head);
        (begin, found.into_iter().map(|c| c.text).collect())
    }

    #[test]
    fn names_of_all_kinds_at_the_beginning_of_a_word() {
        assert_eq!(texts(&[("green", 1.into())], "gre"), (0, vec!["green".to_owned(), "greet".to_owned()]));
        assert_eq!(texts(&[], "let a = image::fla"), (8, vec!["image::flatten".to_owned()]));
    }

    #[test]
    fn methods_follow_the_type_of_what_stands_before_the_dot() {
        let (begin, found) = texts(&[], "cluster(\"kind\").nod");
        assert_eq!((begin, found), (16, vec!["node".to_owned(), "nodes".to_owned()]));
        for node in
            ["cluster(\"a\").workers[0].", "cluster(\"a\").control_plane.", "cluster(\"a\").node(\"b\")."]
        {
            let (_, found) = texts(&[], node);
            assert!(
                found.contains(&"freeze".to_owned()) && !found.contains(&"workers".to_owned()),
                "{node}: {found:?}"
            );
        }
        assert_eq!(texts(&[("t", "x".into())], "t.tri").1, ["trim"]);
        assert_eq!(texts(&[("m", rhai::Map::new().into())], "m.k").1, ["keys"]);
        assert_eq!(texts(&[], "cluster(\"a\").nodes.fil").1, ["filter"]);
        // what is not known could be anything
        assert!(texts(&[], "parallel(x, |n| n.freez").1.contains(&"freeze".to_owned()));
    }

    #[test]
    fn the_function_of_an_open_bracket() {
        assert_eq!(called("let x = parallel(").map(|r| r.name), Some("parallel"));
        assert_eq!(called("c.nodes[0].wait_file(").map(|r| r.name), Some("wait_file"));
        assert!(called("(").is_none());
    }
}
