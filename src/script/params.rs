//! Parameters of a script: declared by it with `params(#{…})`, set by the user with `--set` and `--values`, checked
//! before it runs.

use super::stdlib::closest;
use crate::error::{Error, Result};
use rhai::{AST, ASTNode, Dynamic, Expr, Map, Stmt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Values as the user gave them, by name.
pub type Given = BTreeMap<String, GivenValue>;

/// A value as it was given.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenValue {
    /// By `--set`: text, read as the parameter's type asks.
    Text(String),
    /// From a file of `--values`: has a type already.
    Value(Value),
}

/// Types that a parameter can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Int,
    Float,
    Bool,
    Array,
    Map,
}

impl Type {
    const ALL: [(&'static str, Self); 6] = [
        ("string", Self::String),
        ("int", Self::Int),
        ("float", Self::Float),
        ("bool", Self::Bool),
        ("array", Self::Array),
        ("map", Self::Map),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("value", |(name, _)| *name)
    }

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => Some(Self::String),
            Value::Bool(_) => Some(Self::Bool),
            Value::Number(n) if n.is_f64() => Some(Self::Float),
            Value::Number(_) => Some(Self::Int),
            Value::Array(_) => Some(Self::Array),
            Value::Object(_) => Some(Self::Map),
            Value::Null => None,
        }
    }
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    name: String,
    kind: Type,
    /// Without one it has to be given.
    default: Option<Value>,
    doc: String,
    choices: Vec<Value>,
}

fn broken(name: &str, why: &str) -> Error {
    Error::script("params.declaration", format!("the parameter {name} is declared wrongly: {why}"))
        .hint("a parameter is its default value, or a map with type, default, doc and choices")
}

/// The parameters of a declaration.
pub fn declared(spec: &Map) -> Result<Vec<Param>> {
    spec.iter().map(|(name, value)| param(name, value)).collect()
}

fn param(name: &str, declared: &Dynamic) -> Result<Param> {
    let value: Value =
        rhai::serde::from_dynamic(declared).map_err(|_| broken(name, "it holds what is no plain value"))?;
    let keys = ["type", "default", "doc", "choices"];
    let details = match &value {
        Value::Object(map) if map.keys().any(|key| keys.contains(&key.as_str())) => map.clone(),
        plain => serde_json::Map::from_iter([("default".to_owned(), plain.clone())]),
    };
    if let Some(unknown) = details.keys().find(|key| !keys.contains(&key.as_str())) {
        return Err(broken(name, &format!("there is no {unknown:?}")));
    }
    let default = details.get("default").filter(|value| !value.is_null()).cloned();
    let kind = match details.get("type").and_then(Value::as_str) {
        Some(word) => match Type::ALL.iter().find(|(known, _)| *known == word) {
            Some((_, kind)) => *kind,
            None => {
                let known: Vec<&str> = Type::ALL.iter().map(|(known, _)| *known).collect();
                return Err(broken(name, &format!("{word:?} is no type; there are {}", known.join(", "))));
            }
        },
        None => default.as_ref().and_then(Type::of).unwrap_or(Type::String),
    };
    let list = details.get("choices").and_then(Value::as_array).cloned();
    Ok(Param {
        name: name.to_owned(),
        kind,
        default,
        doc: details.get("doc").and_then(Value::as_str).unwrap_or_default().to_owned(),
        choices: list.unwrap_or_default(),
    })
}

impl Param {
    fn wrong(&self, shown: &str) -> Error {
        Error::user("params.value", format!("the parameter {} does not take {shown}", self.name)).hint(
            if self.choices.is_empty() {
                format!("it is of type {}", self.kind.name())
            } else {
                let all: Vec<String> = self.choices.iter().map(ToString::to_string).collect();
                format!("it is one of {}", all.join(", "))
            },
        )
    }

    fn read(&self, given: &GivenValue) -> Result<Value> {
        let value = match given {
            GivenValue::Value(Value::Number(n)) if self.kind == Type::Float => n.as_f64().into(),
            GivenValue::Value(value) => value.clone(),
            GivenValue::Text(text) if self.kind == Type::String => Value::String(text.clone()),
            GivenValue::Text(text) => match crate::yaml::parse(text, "a value").unwrap_or(Value::Null) {
                Value::Number(n) if self.kind == Type::Float => n.as_f64().into(),
                other => other,
            },
        };
        let fits =
            Type::of(&value) == Some(self.kind) && (self.choices.is_empty() || self.choices.contains(&value));
        if fits {
            return Ok(value);
        }
        Err(self.wrong(&match given {
            GivenValue::Text(text) => format!("{text:?}"),
            GivenValue::Value(value) => value.to_string(),
        }))
    }
}

/// The value of every parameter. Fails for what is unknown, missing or of another type.
pub fn resolve(params: &[Param], given: &Given) -> Result<BTreeMap<String, Value>> {
    for name in given.keys() {
        if params.iter().all(|param| param.name != *name) {
            let error = Error::user("params.unknown", format!("the script has no parameter {name:?}"));
            let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
            return Err(match closest(name, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None if names.is_empty() => error.hint("a script declares its parameters with params(#{…})"),
                None => error.hint(format!("it has: {}", names.join(", "))),
            });
        }
    }
    let value = |param: &Param| match (given.get(&param.name), &param.default) {
        (Some(given), _) => param.read(given),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => {
            let error =
                Error::user("params.missing", format!("the parameter {} has to be given", param.name));
            Err(error.hint(format!("--set {}=…", param.name)))
        }
    };
    params.iter().map(|param| Ok((param.name.clone(), value(param)?))).collect()
}

/// The parameters that a script declares at its top level with a literal map; `None` when it declares none.
pub fn of_script(ast: &AST) -> Result<Option<Vec<Param>>> {
    let mut found = None;
    ast.walk(&mut |path| {
        let Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) = path.last()
        else {
            return true;
        };
        if call.name == "params" && call.args.len() == 1 && found.is_none() {
            found = call.args[0].get_literal_value(None);
        }
        true
    });
    match found.as_ref().and_then(Dynamic::read_lock::<Map>) {
        Some(spec) => declared(&spec).map(Some),
        None => Ok(None),
    }
}

/// The parameters for people, a line each.
pub fn help(params: &[Param]) -> String {
    let mut text = String::new();
    for param in params {
        let default = match &param.default {
            Some(default) => format!(" [default: {default}]"),
            None => " [has to be given]".to_owned(),
        };
        let choices = if param.choices.is_empty() {
            String::new()
        } else {
            let all: Vec<String> = param.choices.iter().map(ToString::to_string).collect();
            format!(" [one of: {}]", all.join(", "))
        };
        let setting = format!("--set {}=<{}>", param.name, param.kind.name());
        let told = format!("{}{default}{choices}", param.doc);
        let _ = writeln!(text, "  {setting:<32} {}", told.trim());
    }
    text
}

/// Takes a word of `--set` apart.
pub fn parse_set(word: &str) -> Result<(String, GivenValue)> {
    match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), GivenValue::Text(value.to_owned()))),
        _ => Err(Error::user("params.set", format!("--set {word:?} says no value")).hint("--set NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Vec<Param> {
        let mut engine = rhai::Engine::new();
        crate::script::host::parse_default_as_a_name(&mut engine);
        let ast = engine
            .compile(
                r#"let p = params(#{
                    workers: 2, name: "demo", ratio: 0.5,
                    proxy: #{type: "string", choices: ["iptables", "nftables"], default: "iptables", doc: "The mode"},
                    token: #{type: "string"},
                });"#,
            )
            .expect("it compiles");
        of_script(&ast).expect("well declared").expect("declared")
    }

    fn given(words: &[&str]) -> Given {
        words.iter().map(|word| parse_set(word).expect("a setting")).collect()
    }

    #[test]
    fn values_take_the_declared_types() {
        let values = resolve(&params(), &given(&["workers=5", "token=7", "ratio=1"])).expect("they fit");
        assert_eq!(values["workers"], 5);
        assert_eq!(values["token"], "7");
        assert_eq!(values["ratio"], 1.0);
        assert_eq!(values["proxy"], "iptables");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (words, code, hint) in [
            (&["workers=many", "token=a"][..], "params.value", "it is of type int"),
            (&["proxy=ipvs", "token=a"], "params.value", "it is one of \"iptables\", \"nftables\""),
            (&["worker=1", "token=a"], "params.unknown", "did you mean workers?"),
            (&[], "params.missing", "--set token=…"),
        ] {
            let error = resolve(&params(), &given(words)).expect_err("it is wrong");
            assert_eq!((error.code(), error.hints()[0].as_str()), (code, hint));
        }
    }
}
