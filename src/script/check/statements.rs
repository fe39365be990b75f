//! Statements: blocks with their scopes, and what can't be reached.

use super::names::{Alias, Names};
use super::parsed::{Function, root};
use crate::script::record::records;
use crate::script::types::Type;
use rhai::{ASTFlags, Expr, FlowControl, Stmt};
use std::sync::Arc;

impl Names<'_, '_> {
    /// A function of a script that runs is found before a method or a function of the API of that name wherever one is
    /// called, in the library too. One of a module that is imported is found so while the module's functions run, in all
    /// that they call.
    fn hides_the_api(&mut self, function: &Function) {
        let count = function.parameters.len();
        let name = function.name.as_str();
        let (code, what, of) = if self.checker.known().is_method(name, count) {
            ("hidden-method", "method", ", on nodes and clusters")
        } else if Self::global_record(name).is_some_and(|record| record.takes(count)) {
            ("hidden-function", "function", "")
        } else {
            return;
        };
        let place = match (self.parsed.runs(), of.is_empty()) {
            (true, true) => ", in the library too".to_owned(),
            (true, false) => format!("{of} and in the library too"),
            (false, _) => format!("{of}, in all that this module's functions call"),
        };
        let parameters = function.parameters.join(", ");
        let message = format!("{name}({parameters}) takes the place of the {what} {name}{place}");
        self.warning(code, function.name_span.clone(), message).hint =
            Some("give it another name".to_owned());
    }

    /// The whole script.
    pub fn script(&mut self) {
        let parsed = self.parsed.clone();
        self.statements(&parsed.statements);
        // what was exported is read by others
        for variable in &mut self.variables {
            variable.used |= parsed.exported.contains(&variable.name);
        }
        // constants may be read by functions, which come next
        let constants: Vec<_> =
            self.variables.iter().filter(|v| parsed.constants.contains_key(&v.name)).collect();
        let left: Vec<_> = constants.into_iter().map(|v| (v.name.clone(), v.span.clone(), v.used)).collect();
        for variable in &mut self.variables {
            variable.quiet |= parsed.constants.contains_key(&variable.name);
        }
        self.leave(0);
        self.in_function = true;
        for function in &parsed.functions {
            self.hides_the_api(function);
            self.function(function);
        }
        for (name, span, used) in left {
            if !used && !self.constants_used.contains(&name) && !name.starts_with('_') {
                self.warning("unused-variable", span, format!("the constant {name} is never read"));
            }
        }
        let unused: Vec<_> =
            self.aliases.iter().filter(|a| !a.used).map(|a| (a.name.clone(), a.span.clone())).collect();
        for (name, span) in unused {
            self.warning("unused-import", span, format!("the module {name} is never used"));
        }
    }

    fn function(&mut self, function: &Arc<Function>) {
        for parameter in &function.parameters {
            let span = self.text.find_word(parameter, function.name_span.end);
            let span = span.filter(|s| s.end <= function.begin).unwrap_or(function.name_span.clone());
            self.declare_at(parameter, span, Type::Any, true);
        }
        let text = self.text.clone();
        self.means_function(function.name_span.clone(), &text, function);
        self.block(&function.body);
        self.leave(0);
    }

    /// Statements with a scope of their own; the type of the last one's value.
    pub fn block(&mut self, statements: &[Stmt]) -> Type {
        let (before, aliases) = (self.variables.len(), self.aliases.len());
        let kind = self.statements(statements);
        self.leave(before);
        for alias in self.aliases.split_off(aliases) {
            if !alias.used {
                self.warning("unused-import", alias.span, format!("the module {} is never used", alias.name));
            }
        }
        kind
    }

    fn statements(&mut self, statements: &[Stmt]) -> Type {
        let mut kind = Type::Unit;
        let mut ended = false;
        for statement in statements {
            if ended && !matches!(statement, Stmt::Noop(_)) {
                let span = self.text.token(statement.position());
                self.warning("unreachable", span, "this is never reached").label =
                    "what stands before ends it".into();
                ended = false;
            }
            kind = self.statement(statement);
            ended |= kind == Type::Never;
        }
        kind
    }

    /// One statement; the type of its value, `Never` when what follows is not reached.
    fn statement(&mut self, statement: &Stmt) -> Type {
        match statement {
            Stmt::If(flow, _) => {
                self.expression(&flow.expr);
                let body = self.block(flow.body.statements());
                let branch = self.block(flow.branch.statements());
                body.or(branch)
            }
            Stmt::Switch(parts, _) => self.switch(parts),
            Stmt::While(flow, _) | Stmt::Do(flow, _, _) => {
                if !matches!(flow.expr, Expr::Unit(_)) {
                    self.expression(&flow.expr);
                }
                self.block(flow.body.statements());
                // a loop that nothing leaves but a return
                if matches!(flow.expr, Expr::Unit(_)) && !leaves(flow) {
                    return Type::Never;
                }
                Type::Any
            }
            Stmt::For(parts, _) => {
                let (name, counter, flow) = &**parts;
                let item = self.expression(&flow.expr).item();
                let before = self.variables.len();
                self.declare(&name.name, name.pos, item, true);
                if let Some(counter) = counter {
                    self.declare(&counter.name, counter.pos, Type::Int, true);
                }
                self.block(flow.body.statements());
                self.leave(before);
                Type::Any
            }
            Stmt::Var(var, flags, _) => {
                let kind = self.expression(&var.1);
                if kind == Type::Unit && matches!(var.1, Expr::Dot(..)) {
                    let span = self.text.token(var.0.pos);
                    let message = format!(
                        "{} becomes (): what is called last changes its text or list in place",
                        var.0.name
                    );
                    self.warning("no-value", span, message).hint =
                        Some(format!("let {0} = …; and then {0}.trim() or the like", var.0.name));
                }
                let exported = flags.contains(ASTFlags::EXPORTED);
                self.declare(&var.0.name, var.0.pos, kind, exported);
                Type::Unit
            }
            Stmt::Assignment(assignment) => {
                let (operation, sides) = &**assignment;
                let given = self.expression(&sides.rhs);
                self.assigned(&sides.lhs, operation.is_op_assignment());
                if given == Type::Never { Type::Never } else { Type::Unit }
            }
            Stmt::FnCall(call, position) => self.call(call, *position),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::TryCatch(flow, _) => {
                let body = self.block(flow.body.statements());
                let before = self.variables.len();
                if let Expr::Variable(variable, _, position) = &flow.expr {
                    self.declare(&variable.1, *position, Type::Any, true);
                }
                let branch = self.block(flow.branch.statements());
                self.leave(before);
                body.or(branch)
            }
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::BreakLoop(value, ..) | Stmt::Return(value, ..) => {
                if let Some(value) = value {
                    self.expression(value);
                }
                Type::Never
            }
            Stmt::Import(import, _) => {
                self.import(&import.0, &import.1);
                Type::Unit
            }
            _ => Type::Unit,
        }
    }

    fn switch(&mut self, parts: &(Expr, rhai::SwitchCasesCollection)) -> Type {
        self.expression(&parts.0);
        let mut kind = Type::Never;
        for case in &parts.1.expressions {
            self.expression(&case.lhs);
            kind = kind.or(self.expression(&case.rhs));
        }
        if parts.1.def_case.is_none() { Type::Any } else { kind }
    }

    fn assigned(&mut self, side: &Expr, reads: bool) {
        let span = self.text.token(side.start_position());
        if let Some(name) = root(side).map(str::to_owned) {
            self.write(&name, span.clone());
            if let Expr::Variable(_, _, position) = side
                && !reads
                && let Some(variable) = self.variables.iter().rfind(|v| v.name == name)
            {
                // given a value, which is no reading
                let made = variable.span.clone();
                self.means(self.text.token(*position), super::Target::Variable(made, name));
                return;
            }
        }
        self.expression(side);
    }

    fn import(&mut self, path: &Expr, alias: &rhai::Ident) {
        let Expr::StringConstant(path, position) = path else {
            self.expression(path);
            return;
        };
        let span = self.text.token(*position);
        let from = self.text.name.clone();
        let module = match self.checker.module(&from, path) {
            Ok(module) => Some(module),
            Err(why) => {
                self.error("import", span.clone(), why);
                None
            }
        };
        if let Some(module) = &module {
            self.means(span.clone(), super::Target::Module(module.text.clone()));
            let mut way = Vec::new();
            if self.checker.circle(&from, module, &mut way) {
                let way = if way.is_empty() { String::new() } else { format!("{} -> ", way.join(" -> ")) };
                self.error(
                    "import-circle",
                    span,
                    format!("the imports go in a circle: {from} -> {way}{from}"),
                );
            }
        }
        let name = alias.name.to_string();
        let span = self.text.token(alias.pos);
        if records().any(|r| r.module == name) {
            let message = format!("{name} is a module of the API, which this import hides");
            self.warning("hidden-module", span.clone(), message).hint =
                Some("give it another name after as".into());
        }
        // without a name it is run, and nothing is taken from it
        if !name.is_empty() {
            self.aliases.push(Alias { name, span, module, used: false });
        }
    }
}

/// Whether a `break` leaves this loop.
fn leaves(flow: &FlowControl) -> bool {
    let mut found = false;
    let mut path = Vec::new();
    for statement in flow.body.statements() {
        statement.walk(&mut path, &mut |nodes: &[rhai::ASTNode<'_>]| {
            if let Some(rhai::ASTNode::Stmt(Stmt::BreakLoop(_, flags, _))) = nodes.last() {
                found |= flags.contains(ASTFlags::BREAK);
            }
            true
        });
    }
    found
}
