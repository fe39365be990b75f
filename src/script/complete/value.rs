//! What an expression is, told without running anything: its value where it hangs on variables alone, else its type
//! in the words of the records.

use super::super::lexer::{Kind, Token, tokens};
use super::super::record::{Record, records};
use crate::cluster::Cluster;
use crate::node::Node;
use rhai::{Array, Dynamic, Map};

/// What is known of an expression.
#[derive(Debug, Clone)]
pub enum Known {
    /// Its value.
    Value(Dynamic),
    /// Its type, such as `Node` or `array of Node`.
    Type(String),
    /// The cluster of that name.
    Cluster(String),
    /// The node of that name (as it was written), of that cluster if that is known.
    Node(Option<String>, String),
}

impl Known {
    /// The type in the words of the records.
    pub fn type_name(&self) -> String {
        match self {
            Self::Value(value) => type_name(value),
            Self::Type(name) => name.clone(),
            Self::Cluster(_) => "Cluster".to_owned(),
            Self::Node(..) => "Node".to_owned(),
        }
    }
}

/// What `expression` is, when `variable` gives values of names.
pub fn known(expression: &str, variable: &dyn Fn(&str) -> Option<Dynamic>) -> Option<Known> {
    let all: Vec<Token<'_>> = tokens(expression).into_iter().filter(|t| !t.is_blank()).collect();
    let (first, mut rest) = all.split_first()?;
    let mut now = match first.kind {
        Kind::Text { .. } => Known::Type("string".to_owned()),
        Kind::Name => {
            let mut name = first.text.to_owned();
            while let [colons, next, more @ ..] = rest
                && colons.is("::")
            {
                name = format!("{name}::{}", next.text);
                rest = more;
            }
            match arguments(&mut rest) {
                Some(words) => function(&name, words)?,
                None => Known::Value(variable(&name)?),
            }
        }
        _ => return None,
    };
    while let Some((token, more)) = rest.split_first() {
        if token.is("[") {
            let (inner, more) = brackets(rest)?;
            now = element(&now, inner)?;
            rest = more;
        } else if token.is("?") {
            rest = more;
        } else if token.is(".") {
            let (name, more) = more.split_first()?;
            rest = more;
            let words = arguments(&mut rest);
            now = member(&now, name.text, words)?;
        } else {
            return None;
        }
    }
    Some(now)
}

/// The tokens between the brackets that `tokens` begin with, and those behind.
fn brackets<'a, 't>(tokens: &'a [Token<'t>]) -> Option<(&'a [Token<'t>], &'a [Token<'t>])> {
    let mut depth = 0_usize;
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Mark) {
        match token.text {
            "(" | "[" | "{" | "${" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some((&tokens[1..i], &tokens[i + 1..]));
        }
    }
    None
}

/// The arguments of a call, when one follows; moves `rest` behind it.
fn arguments<'a, 't>(rest: &mut &'a [Token<'t>]) -> Option<&'a [Token<'t>]> {
    rest.first().filter(|t| t.is("("))?;
    let (inner, more) = brackets(rest)?;
    *rest = more;
    Some(inner)
}

/// The one text among the arguments.
fn text(words: &[Token<'_>]) -> Option<String> {
    match words {
        [only] if matches!(only.kind, Kind::Text { closed: true }) => {
            Some(only.text.trim_matches(['"', '`']).to_owned())
        }
        _ => None,
    }
}

fn function(name: &str, words: &[Token<'_>]) -> Option<Known> {
    if matches!(name, "cluster" | "cluster::find" | "cluster::lookup")
        && let Some(name) = text(words)
    {
        return Some(Known::Cluster(name));
    }
    let record = records().find(|r| !r.is_method() && r.qualified() == name)?;
    record.returns().map(|of| Known::Type(of.to_owned()))
}

fn element(of: &Known, index: &[Token<'_>]) -> Option<Known> {
    if let Known::Value(value) = of {
        if let Some(list) = value.read_lock::<Array>() {
            let found = match index {
                [number] => number.text.parse::<usize>().ok().and_then(|i| list.get(i).cloned()),
                _ => None,
            };
            return found.or_else(|| list.first().cloned()).map(Known::Value);
        }
        if let Some(map) = value.read_lock::<Map>() {
            return map.get(text(index)?.as_str()).cloned().map(Known::Value);
        }
    }
    of.type_name().strip_prefix("array of ").map(|of| Known::Type(of.to_owned()))
}

fn member(of: &Known, name: &str, words: Option<&[Token<'_>]>) -> Option<Known> {
    if let Known::Value(value) = of {
        if let Some(cluster) = value.read_lock::<Cluster>()
            && let Some(found) = part(&cluster, name, words)
        {
            return Some(Known::Value(found));
        }
        if words.is_none()
            && let Some(map) = value.read_lock::<Map>()
        {
            return map.get(name).cloned().map(Known::Value);
        }
    }
    let owner = of.type_name();
    if owner == "Cluster"
        && name == "node"
        && let Some(node) = words.and_then(text)
    {
        let cluster = if let Known::Cluster(name) = of { Some(name.clone()) } else { None };
        return Some(Known::Node(cluster, node));
    }
    if let (Known::Cluster(cluster), "control_plane", None) = (of, name, words) {
        return Some(Known::Node(Some(cluster.clone()), "control-plane".to_owned()));
    }
    let fits = |r: &&Record| r.is_method() && r.name == name && r.module == owner;
    if let Some(returns) = records().find(fits).and_then(Record::returns) {
        return Some(Known::Type(returns.to_owned()));
    }
    // what keeps the kind of a list
    let keeps = matches!(name, "filter" | "extract" | "reverse" | "sort");
    (keeps && owner.starts_with("array")).then_some(Known::Type(owner))
}

/// A part of a cluster that needs no question.
fn part(cluster: &Cluster, name: &str, words: Option<&[Token<'_>]>) -> Option<Dynamic> {
    let list = |nodes: Vec<Node>| Some(Dynamic::from_array(nodes.into_iter().map(Dynamic::from).collect()));
    match (name, words) {
        ("nodes", None) => list(cluster.nodes.clone()),
        ("members", None) => list(cluster.members().cloned().collect()),
        ("load_balancer", None) => cluster.load_balancer.clone().map(Dynamic::from),
        ("workers", None) => list(cluster.with_role("worker")),
        ("control_planes", None) => list(cluster.with_role("control-plane")),
        ("control_plane", None) => cluster.control_plane().ok().cloned().map(Dynamic::from),
        ("node", Some(words)) => cluster.node(&text(words)?).ok().cloned().map(Dynamic::from),
        _ => None,
    }
}

/// The type of a value in the words of the records.
pub fn type_name(value: &Dynamic) -> String {
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
