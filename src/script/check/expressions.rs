//! Expressions, with what is known of their types.

use super::names::Names;
use crate::script::types::Type;
use rhai::{Expr, FnPtr, Stmt};

impl Names<'_, '_> {
    /// Looks through an expression; its type.
    pub fn expression(&mut self, expression: &Expr) -> Type {
        match expression {
            Expr::BoolConstant(..) => Type::Bool,
            Expr::IntegerConstant(..) => Type::Int,
            Expr::FloatConstant(..) => Type::Float,
            Expr::CharConstant(..) => Type::Char,
            Expr::StringConstant(..) => Type::String,
            Expr::Unit(_) => Type::Unit,
            Expr::InterpolatedString(parts, _) => {
                self.all(parts.iter());
                Type::String
            }
            Expr::Array(items, _) => {
                let kinds: Vec<Type> = items.iter().map(|item| self.expression(item)).collect();
                Type::Array(Box::new(kinds.into_iter().reduce(Type::or).unwrap_or(Type::Any)))
            }
            Expr::Map(entries, _) => {
                for (_, value) in &entries.0 {
                    self.expression(value);
                }
                Type::Map
            }
            Expr::Variable(variable, _, position) => {
                if variable.2.is_empty() {
                    self.read(&variable.1, *position)
                } else {
                    self.qualified_variable(&variable.2, &variable.1, *position)
                }
            }
            Expr::Stmt(block) => match closure_of(block.statements()) {
                Some((closure, captured)) => self.closure(&closure, captured, &[]).0,
                None => self.block(block.statements()),
            },
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Dot(..) | Expr::Index(..) => self.chain(expression),
            Expr::And(parts, _) | Expr::Or(parts, _) => {
                self.all(parts.iter());
                Type::Bool
            }
            Expr::Coalesce(parts, _) => {
                self.all(parts.iter());
                Type::Any
            }
            Expr::DynamicConstant(value, _) => match value.read_lock::<FnPtr>() {
                Some(pointer) => self.closure(pointer.fn_name(), 0, &[]).0,
                None => Type::Any,
            },
            _ => Type::Any,
        }
    }

    pub fn all<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    /// Looks through a closure whose parameters have these types; its own type and that of what it returns.
    pub fn closure(&mut self, name: &str, captured: usize, given: &[Type]) -> (Type, Type) {
        let Some(closure) = self.parsed.closures.get(name).cloned() else { return (Type::Any, Type::Any) };
        let before = self.variables.len();
        let mut at = self.text.content[..closure.begin].rfind('|').unwrap_or(closure.begin);
        at = self.text.content[..at].rfind('|').unwrap_or(at);
        for (i, parameter) in closure.parameters.iter().skip(captured).enumerate() {
            let span = self.text.find_word(parameter, at).filter(|s| s.end <= closure.begin);
            let kind = given.get(i).cloned().unwrap_or(Type::Any);
            self.declare_at(parameter, span.unwrap_or(closure.begin..closure.begin), kind, true);
        }
        let in_closure = self.block(&closure.body);
        self.leave(before);
        let returned = if in_closure == Type::Never { Type::Any } else { in_closure };
        (Type::Closure(Some(closure.parameters.len() - captured)), returned)
    }

    /// An argument that may be a closure: its type, and that of what the closure returns.
    pub fn argument(&mut self, expression: &Expr, given: &[Type]) -> (Type, Type) {
        match closure_in(expression) {
            Some((name, captured)) => self.closure(&name, captured, given),
            None => (self.expression(expression), Type::Any),
        }
    }
}

/// The closure that an expression is, with how many variables it captured.
pub(super) fn closure_in(expression: &Expr) -> Option<(String, usize)> {
    match expression {
        Expr::DynamicConstant(value, _) => {
            let pointer = value.read_lock::<FnPtr>()?;
            pointer.is_anonymous().then(|| (pointer.fn_name().to_owned(), 0))
        }
        Expr::Stmt(block) => closure_of(block.statements()),
        _ => None,
    }
}

/// Rhai makes a block of a closure that captures: share the variables, then put them in front of its parameters.
fn closure_of(statements: &[Stmt]) -> Option<(String, usize)> {
    let [Stmt::Share(_), Stmt::Expr(last)] = statements else { return None };
    let Expr::FnCall(call, _) = &**last else { return None };
    let (name, _) = closure_in(call.args.first().filter(|_| call.name == "curry")?)?;
    Some((name, call.args.len() - 1))
}
