//! The types that records use, in words (`array of Node`) and taken apart, so that a check can compare them.

use std::fmt;

/// What a value can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Not known, or anything.
    Any,
    /// Nothing comes back: it throws or ends.
    Never,
    /// `()`
    Unit,
    /// true, false
    Bool,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Float,
    /// One character.
    Char,
    /// A text.
    String,
    /// Bytes.
    Blob,
    /// A time: a number of seconds or a text.
    Seconds,
    /// A list.
    Array(Box<Type>),
    /// A map whose keys are not known.
    Map,
    /// A map with these keys.
    Object(Vec<(String, Type)>),
    /// A range of numbers.
    Range,
    /// A closure or a function's name, with as many parameters, where that is known.
    Closure(Option<usize>),
    /// An object of the API: `Node`, `Cluster`.
    Named(String),
    /// One of these.
    Either(Vec<Type>),
}

impl Type {
    /// The type that `text` says; `None` when it is none of the words that records use.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let parts: Vec<&str> = text.split(" or ").collect();
        if parts.len() > 1 && split(text, ',').len() == 1 && !text.starts_with("#{") {
            return parts.into_iter().map(Self::parse).collect::<Option<_>>().map(Self::Either);
        }
        if let Some(items) = text.strip_prefix("array of ") {
            return Some(Self::Array(Box::new(Self::parse(items)?)));
        }
        if let Some(fields) = text.strip_prefix("#{").and_then(|t| t.strip_suffix('}')) {
            let field = |f: &str| {
                let (key, kind) = f.split_once(": ")?;
                Some((key.trim().to_owned(), Self::parse(kind)?))
            };
            return split(fields, ',').into_iter().map(field).collect::<Option<_>>().map(Self::Object);
        }
        if let Some(list) = text.strip_prefix("closure(").and_then(|t| t.strip_suffix(')')) {
            return Some(Self::Closure(Some(split(list, ',').len())));
        }
        Some(match text {
            "any" | "value of body" => Self::Any,
            "never" => Self::Never,
            "()" => Self::Unit,
            "bool" => Self::Bool,
            "int" | "octal int" => Self::Int,
            "float" => Self::Float,
            "char" => Self::Char,
            "string" => Self::String,
            "blob" => Self::Blob,
            "seconds" => Self::Seconds,
            "array" => Self::Array(Box::new(Self::Any)),
            "map" => Self::Map,
            "closure" => Self::Closure(None),
            "Node" | "Cluster" => Self::Named(text.to_owned()),
            _ => return None,
        })
    }

    /// Whether a value of type `given` may stand where this is wanted. What is not known may.
    #[expect(clippy::match_same_arms, reason = "one rule a line")]
    pub fn accepts(&self, given: &Self) -> bool {
        match (self, given) {
            (Self::Any, _) | (_, Self::Any | Self::Never) => true,
            (_, Self::Either(parts)) => parts.iter().any(|p| self.accepts(p)),
            (Self::Either(parts), _) => parts.iter().any(|p| p.accepts(given)),
            (Self::Seconds, Self::Int | Self::Float | Self::String) => true,
            (Self::Map | Self::Object(_), Self::Map | Self::Object(_)) => true,
            (Self::Array(wanted), Self::Array(items)) => wanted.accepts(items),
            (Self::Closure(Some(a)), Self::Closure(Some(b))) => a == b,
            (Self::Closure(_), Self::Closure(_)) => true,
            _ => self == given,
        }
    }

    /// The type of an item of it.
    pub fn item(&self) -> Self {
        match self {
            Self::Array(item) => (**item).clone(),
            Self::Range => Self::Int,
            _ => Self::Any,
        }
    }

    /// What both may be.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Never, b) => b,
            (a, Self::Never) => a,
            (Self::Array(_), Self::Array(_)) => Self::Array(Box::new(Self::Any)),
            _ => Self::Any,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::Never => "never",
            Self::Unit => "()",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Char => "char",
            Self::String => "string",
            Self::Blob => "blob",
            Self::Seconds => "seconds",
            Self::Map | Self::Object(_) => "map",
            Self::Range => "range",
            Self::Named(name) => name,
            Self::Array(item) if **item == Self::Any => "array",
            Self::Array(item) => return write!(f, "array of {item}"),
            Self::Closure(None) => "closure",
            Self::Closure(Some(1)) => return write!(f, "closure of 1 parameter"),
            Self::Closure(Some(n)) => return write!(f, "closure of {n} parameters"),
            Self::Either(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                return f.write_str(&parts.join(" or "));
            }
        })
    }
}

/// The parts of `text` between the separators that are in no brackets; none of an empty text.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut begin) = (0_usize, 0);
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if c == separator && depth == 0 => {
                parts.push(text[begin..i].trim());
                begin = i + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[begin..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_types() {
        for (text, shown) in [
            ("string or ()", "string or ()"),
            ("array of Node", "array of Node"),
            ("#{code: int, stdout: string}", "map"),
            ("closure(a, b)", "closure of 2 parameters"),
            ("map or array", "map or array"),
            ("octal int", "int"),
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), shown);
        }
        assert_eq!(Type::parse("text"), None);
        assert_eq!(Type::parse("array of thing"), None);
    }

    #[test]
    fn what_may_stand_where() {
        let accepts = |a: &str, b: &str| Type::parse(a).unwrap().accepts(&Type::parse(b).unwrap());
        for (wanted, given, fine) in [
            ("seconds", "string", true),
            ("seconds", "array", false),
            ("string", "int", false),
            ("string or array", "array of int", true),
            ("array of Node", "array of string", false),
            ("array of Node", "array", true),
            ("Node", "Cluster", false),
            ("map", "#{a: int}", true),
            ("closure(x)", "closure(a, b)", false),
            ("int", "any", true),
        ] {
            assert_eq!(accepts(wanted, given), fine, "{wanted} from {given}");
        }
    }
}
