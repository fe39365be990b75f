//! `a.b(c)[d].e`: properties and methods, by the type of what stands before them.

use super::names::Names;
use super::parsed::root;
use super::{CURSOR, Cursor, Known, Target};
use crate::script::record::{Record, records};
use crate::script::stdlib::closest;
use crate::script::types::Type;
use rhai::{ASTFlags, Expr, FnCallExpr, Position};

/// Methods that change what they are called on.
const CHANGES: &[&str] = &[
    "append", "clear", "drain", "insert", "mixin", "pad", "pop", "push", "remove", "replace", "retain",
    "reverse", "set", "shift", "sort", "splice", "trim", "truncate",
];
/// Those of them that return nothing, which surprises who knows other languages.
const RETURN_NOTHING: &[&str] =
    &["append", "clear", "insert", "pad", "push", "replace", "reverse", "sort", "trim", "truncate"];
/// Properties that arrays and texts have.
const OF_LISTS_AND_TEXTS: &[&str] = &["bytes", "chars", "is_empty", "len", "tag"];
/// Methods of arrays that call a closure for each item.
const FOR_EACH: &[&str] =
    &["all", "filter", "find", "find_map", "for_each", "index_of", "map", "retain", "some", "drain"];

impl Names<'_, '_> {
    /// Looks through a chain; the type at its end.
    pub fn chain(&mut self, expression: &Expr) -> Type {
        let (Expr::Dot(parts, flags, _) | Expr::Index(parts, flags, _)) = expression else {
            return Type::Any;
        };
        let start = self.expression(&parts.lhs);
        let owner = root(&parts.lhs).map(str::to_owned).filter(|_| matches!(parts.lhs, Expr::Variable(..)));
        let dotted = matches!(expression, Expr::Dot(..));
        self.links(&start, dotted, &parts.rhs, *flags, owner.as_deref())
    }

    /// What follows a value of type `of`. `flags` are those of the sign before it: they say whether a chain goes on.
    fn links(&mut self, of: &Type, dotted: bool, rest: &Expr, flags: ASTFlags, owner: Option<&str>) -> Type {
        // `?.` is for what may be (): nothing is known after it
        let of = if flags.contains(ASTFlags::NEGATED) { &Type::Any } else { of };
        match rest {
            Expr::Dot(parts, inner, _) | Expr::Index(parts, inner, _) if !flags.contains(ASTFlags::BREAK) => {
                let kind = self.link(of, dotted, &parts.lhs, owner);
                self.links(&kind, matches!(rest, Expr::Dot(..)), &parts.rhs, *inner, owner)
            }
            last => self.link(of, dotted, last, owner),
        }
    }

    fn link(&mut self, of: &Type, dotted: bool, link: &Expr, owner: Option<&str>) -> Type {
        match link {
            Expr::Property(names, position) if dotted => self.property(of, &names.2, *position),
            Expr::MethodCall(call, position) if dotted => self.method(of, call, *position, owner),
            index => {
                self.expression(index);
                of.item()
            }
        }
    }

    fn property(&mut self, of: &Type, name: &str, position: Position) -> Type {
        let span = self.text.token(position);
        if name == CURSOR {
            self.cursor = Some(Cursor::Member(of.clone()));
            return Type::Any;
        }
        match of {
            Type::Named(owner) => {
                let found = records().find(|r| r.module == owner && r.name == name);
                let Some(record) = found else {
                    let all = || records().filter(|r| r.module == owner);
                    let near = closest(name, all().filter(|r| r.is_property()).map(|r| r.name))
                        .or_else(|| closest(name, all().map(|r| r.name)))
                        .map(|near| format!("did you mean {near}?"));
                    let hint = near.unwrap_or_else(|| format!("kind doc {owner} lists what it has"));
                    self.error("unknown-property", span, format!("a {owner} has no {name}")).hint =
                        Some(hint);
                    return Type::Any;
                };
                self.means(span.clone(), Target::Record(record));
                if !record.is_property() {
                    let hint = format!("write {name}(…): it is {}", record.written());
                    self.error("unknown-property", span, format!("{name} is a method of a {owner}")).hint =
                        Some(hint);
                    return Type::Any;
                }
                record.returned()
            }
            Type::Object(fields) => {
                if let Some((_, kind)) = fields.iter().find(|(key, _)| key == name) {
                    kind.clone()
                } else {
                    let keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
                    let hint = match closest(name, keys.iter().copied()) {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("there are: {}", keys.join(", ")),
                    };
                    self.warning("unknown-key", span, format!("this map has no {name}")).hint = Some(hint);
                    Type::Any
                }
            }
            Type::Array(_) | Type::String if !OF_LISTS_AND_TEXTS.contains(&name) => {
                let hint = match (of, name) {
                    (Type::Array(item), _) if matches!(**item, Type::Named(_)) => {
                        format!("this is an {of}; [0].{name} asks the first, .map(|x| x.{name}) all of them")
                    }
                    _ if self.checker.known.has(name) => format!("write {name}(…): it is a method"),
                    _ => format!("this is of type {of}"),
                };
                self.error("unknown-property", span, format!("there is no property {name} here")).hint =
                    Some(hint);
                Type::Any
            }
            _ => Type::Any,
        }
    }

    fn method(&mut self, of: &Type, call: &FnCallExpr, position: Position, owner: Option<&str>) -> Type {
        let name = call.name.as_str();
        let span = self.text.token(position);
        if name == CURSOR {
            self.cursor = Some(Cursor::Member(of.clone()));
        }
        if CHANGES.contains(&name)
            && !matches!(of, Type::Named(_))
            && let Some(owner) = owner
        {
            self.write(owner, span.clone());
        }
        // what every value can do
        if records().any(|r| r.module == "Value" && r.name == name) {
            return Type::String;
        }
        if let Type::Named(kind) = of
            && let Some(record) = records().find(|r| r.module == kind && r.name == name)
        {
            if record.is_property() {
                self.all(&call.args);
                let hint = format!("write {name} without brackets: it is a property");
                self.error("unknown-method", span, format!("{name} of a {kind} takes no arguments")).hint =
                    Some(hint);
                return record.returned();
            }
            self.means(span.clone(), Target::Record(record));
            return self.call_of(record, &call.args, &span);
        }
        let item = of.item();
        let given: &[Type] =
            if FOR_EACH.contains(&name) && matches!(of, Type::Array(_)) { &[item] } else { &[] };
        let mut returned = Type::Any;
        for argument in &call.args {
            let (_, value) = self.argument(argument, given);
            returned = value;
        }
        self.must_be_a_method(of, call, span);
        method_type(of, name, &returned)
    }

    /// Tells when nothing has a method of this name, as far as that can be known.
    fn must_be_a_method(&mut self, of: &Type, call: &FnCallExpr, span: std::ops::Range<usize>) {
        let name = call.name.as_str();
        if let Some(function) = self.parsed.function(name, Some(call.args.len())).cloned() {
            let text = self.text.clone();
            self.means_function(span.clone(), &text, &function);
            if function.parameters.len() != call.args.len() {
                self.wrong_count(span, &function.signature(), call.args.len());
            }
            return;
        }
        // a map may have a closure of any name
        if matches!(of, Type::Map | Type::Object(_)) || Known::is_special(name) {
            return;
        }
        let of_objects = matches!(of, Type::Any | Type::Either(_))
            .then(|| records().filter(|r| r.is_method() && r.name == name).collect::<Vec<&Record>>());
        let of_objects = of_objects.unwrap_or_default();
        if let Some(record) = of_objects.first() {
            if of_objects.len() == 1 {
                self.means(span, Target::Record(record));
            }
            return;
        }
        let known = &self.checker.known;
        match known.counts(name) {
            Some(_)
                if !matches!(of, Type::Any | Type::Either(_) | Type::Named(_))
                    && known.is_of_objects(name) =>
            {
                self.unknown_method(of, name, span);
            }
            Some(counts) if counts.contains(&(call.args.len() + 1)) => {}
            Some(_) => self.wrong_count(span, &format!("the method {name}"), call.args.len()),
            None => self.unknown_method(of, name, span),
        }
    }

    fn unknown_method(&mut self, of: &Type, name: &str, span: std::ops::Range<usize>) {
        let owned = |r: &&Record| match of {
            Type::Named(kind) => r.module == kind,
            _ => r.is_method(),
        };
        let ours: Vec<&str> = records().filter(owned).map(|r| r.name).collect();
        let near = closest(name, ours.iter().copied()).or_else(|| closest(name, self.checker.known.names()));
        let owner = records().find(|r| r.is_method() && r.name == name);
        let hint = match (owner, of) {
            (Some(owner), Type::Array(item)) if **item == Type::Named(owner.module.to_owned()) => Some(
                format!("it is a method of each: .map(|x| x.{name}(…)), or parallel(…, |x| x.{name}(…))"),
            ),
            (Some(owner), _) => Some(format!("it is a method of a {}", owner.module)),
            _ => near.map(|near| format!("did you mean {near}?")),
        };
        let hint = hint.or_else(|| match of {
            Type::Named(kind) => Some(format!("kind doc {kind} lists what it has")),
            _ => None,
        });
        match of {
            // it may be a map that has a closure of this name
            Type::Any | Type::Either(_) => {
                self.warning("unknown-method", span, format!("nothing has a method {name}")).hint = hint;
            }
            of => {
                let message = match of {
                    Type::Named(kind) => format!("a {kind} has no method {name}"),
                    of => format!("what is of type {of} has no method {name}"),
                };
                self.error("unknown-method", span, message).hint = hint;
            }
        }
    }
}

/// What Rhai's own methods return, where that is known.
fn method_type(of: &Type, name: &str, of_closure: &Type) -> Type {
    let basic = matches!(of, Type::Array(_) | Type::String);
    match (of, name) {
        (Type::Array(_), "map") => Type::Array(Box::new(of_closure.clone())),
        (Type::Array(_), "filter" | "extract" | "drain") => of.clone(),
        (Type::String, "split") | (Type::Map | Type::Object(_), "keys") => {
            Type::Array(Box::new(Type::String))
        }
        (Type::String, "sub_string" | "to_upper" | "to_lower") | (_, "to_string") => Type::String,
        (_, "contains" | "starts_with" | "ends_with") => Type::Bool,
        (_, "len") if basic => Type::Int,
        (_, name) if basic && RETURN_NOTHING.contains(&name) => Type::Unit,
        _ => Type::Any,
    }
}
