//! Calls of functions: of the script, of modules, of the API, of Rhai.

use super::super::testing::VERBS;
use super::expressions::closure_in;
use super::names::Names;
use super::parsed::Function;
use super::{CURSOR, Cursor, Known, Target};
use crate::script::record::{Parameter, Record, records};
use crate::script::stdlib::closest;
use crate::script::types::Type;
use rhai::{Expr, FnCallExpr, Namespace, Position};
use std::ops::Range;

impl Names<'_, '_> {
    /// Looks through a call; the type of what it returns.
    pub fn call(&mut self, call: &FnCallExpr, position: Position) -> Type {
        if call.is_operator_call() {
            return self.operator(call);
        }
        if !call.namespace.is_empty() {
            return self.qualified_call(call, position);
        }
        let name = call.name.as_str();
        let span = self.text.token(position);
        if name == CURSOR {
            self.names_at_cursor();
        }
        if call.capture_parent_scope {
            for variable in &mut self.variables {
                variable.used = true;
            }
        }
        if let Some(function) = self.parsed.function(name, Some(call.args.len())).cloned() {
            let text = self.text.clone();
            self.means_function(span.clone(), &text, &function);
            self.all(&call.args);
            self.mistaken_for_a_method(&function, call.args.len(), span.clone());
            // the script's own is found first, another number of arguments may be the API's
            if function.parameters.len() == call.args.len() || Self::global_record(name).is_none() {
                if function.parameters.len() != call.args.len() && !self.checker.known.has(name) {
                    self.wrong_count(span, &function.signature(), call.args.len());
                }
                return Type::Any;
            }
        }
        if let Some(record) = Self::global_record(name) {
            self.means(span.clone(), Target::Record(record));
            return self.call_of(record, &call.args, &span);
        }
        self.all(&call.args);
        if Known::is_special(name) {
            return if name == "type_of" { Type::String } else { Type::Any };
        }
        // a variable that holds a closure
        if let Some(variable) = self.variables.iter_mut().rfind(|v| v.name == name) {
            variable.used = true;
            let message = format!("{name} is a variable; a closure in it is called with {name}.call(…)");
            self.error("unknown-function", span, message);
            return Type::Any;
        }
        match self.checker.known.counts(name) {
            Some(counts) if !counts.contains(&call.args.len()) => {
                self.wrong_count(span, name, call.args.len());
            }
            Some(_) => {}
            // what the runner of tests has is known to its own script alone
            None if VERBS.contains(&name) && self.parsed.text.name.ends_with("testing.rhai") => {}
            None => self.unknown_function(name, span),
        }
        Type::Any
    }

    /// Rhai remembers what a name with so many arguments means, for all modules at once. When a method of that name
    /// was called before, a module may not find its own function, depending on a hash that differs in each process.
    fn mistaken_for_a_method(&mut self, function: &Function, count: usize, span: Range<usize>) {
        let known = self.checker.known.counts(&function.name).is_some_and(|counts| counts.contains(&count));
        if !known || self.parsed.runs() || Self::global_record(&function.name).is_some() {
            return;
        }
        let message = format!(
            "{0}({1}) may not be found: where a method {0} is called, Rhai can take one for the other",
            function.name,
            function.parameters.join(", ")
        );
        self.warning("method-name", span, message).hint = Some("give the function another name".to_owned());
    }

    fn unknown_function(&mut self, name: &str, span: Range<usize>) {
        let own = self.parsed.functions.iter().map(|f| f.name.as_str());
        let global = records().filter(|r| r.module.is_empty()).map(|r| r.name);
        let elsewhere: Vec<String> = records().filter(|r| r.name == name).map(Record::qualified).collect();
        let hint = if elsewhere.is_empty() {
            closest(name, own.chain(global).chain(self.checker.known.names()))
                .map(|near| format!("did you mean {near}?"))
        } else {
            Some(format!("{name} is {}", elsewhere.join(" or ")))
        };
        self.error("unknown-function", span, format!("there is no function {name}")).hint = hint;
    }

    fn operator(&mut self, call: &FnCallExpr) -> Type {
        let kinds: Vec<Type> = call.args.iter().map(|a| self.expression(a)).collect();
        match (call.name.as_str(), kinds.as_slice()) {
            ("==" | "!=" | "<" | ">" | "<=" | ">=" | "!" | "in" | "!in", _) => Type::Bool,
            (".." | "..=", _) => Type::Range,
            ("+", [Type::String, _] | [_, Type::String]) => Type::String,
            ("+" | "-" | "*" | "/" | "%" | "**", [Type::Int, Type::Int]) => Type::Int,
            ("+" | "-" | "*" | "/", [Type::Float, Type::Int | Type::Float] | [Type::Int, Type::Float]) => {
                Type::Float
            }
            ("+", [Type::Array(a), Type::Array(b)]) => Type::Array(Box::new((**a).clone().or((**b).clone()))),
            _ => Type::Any,
        }
    }

    /// `module::function(…)`
    fn qualified_call(&mut self, call: &FnCallExpr, position: Position) -> Type {
        let name = call.name.as_str();
        let span = self.after_namespace(&call.namespace, name, position);
        if name == CURSOR {
            self.in_module(&call.namespace);
            return Type::Any;
        }
        let root = call.namespace.root().to_owned();
        let root_span = self.text.token(call.namespace.position());
        if let Some(i) = self.aliases.iter().rposition(|a| a.name == root) {
            self.aliases[i].used = true;
            let module = self.aliases[i].module.clone();
            self.all(&call.args);
            let (Some(module), 1) = (module, call.namespace.path.len()) else { return Type::Any };
            self.means(root_span, Target::Module(module.text.clone()));
            match module.function(name, Some(call.args.len())).filter(|f| !f.private).cloned() {
                Some(function) => {
                    self.means_function(span.clone(), &module.text, &function);
                    if function.parameters.len() != call.args.len() {
                        let written = format!("{root}::{}", function.signature());
                        self.wrong_count(span, &written, call.args.len());
                    }
                }
                None => self.not_in_module(&root, name, span, &module),
            }
            return Type::Any;
        }
        if root == "global" {
            self.all(&call.args);
            return Type::Any;
        }
        if !self.checker.known.modules.contains(&root) {
            self.all(&call.args);
            self.unknown_module(&root, root_span);
            return Type::Any;
        }
        let Some(record) = records().find(|r| r.module == root && r.name == name) else {
            self.all(&call.args);
            let near = closest(name, records().filter(|r| r.module == root).map(|r| r.name));
            let hint = near.map_or(format!("kind doc {root} lists what it has"), |n| {
                format!("did you mean {root}::{n}?")
            });
            self.error("unknown-function", span, format!("the module {root} has no function {name}")).hint =
                Some(hint);
            return Type::Any;
        };
        self.means(span.clone(), Target::Record(record));
        self.call_of(record, &call.args, &span)
    }

    fn not_in_module(&mut self, root: &str, name: &str, span: Range<usize>, module: &super::Parsed) {
        let private = module.functions.iter().any(|f| f.name == name && f.private);
        let names = module.functions.iter().filter(|f| !f.private).map(|f| f.name.as_str());
        let near = closest(name, names).map(|near| format!("did you mean {root}::{near}?"));
        let message = if private {
            format!("{name} is private to {}", module.text.name)
        } else {
            format!("{} has no function {name}", module.text.name)
        };
        self.error("missing-export", span, message).hint = near;
    }

    fn unknown_module(&mut self, root: &str, span: Range<usize>) {
        let aliases = self.aliases.iter().map(|a| a.name.as_str());
        let known = self.checker.known.modules.iter().map(String::as_str);
        let hint = closest(root, aliases.chain(known)).map(|near| format!("did you mean {near}?"));
        let hint = hint.unwrap_or_else(|| format!("import \"…\" as {root}; at the top makes one known"));
        self.error("unknown-module", span, format!("there is no module {root}")).hint = Some(hint);
    }

    /// `module::NAME`
    pub fn qualified_variable(&mut self, namespace: &Namespace, name: &str, position: Position) -> Type {
        if name == CURSOR {
            self.in_module(namespace);
            return Type::Any;
        }
        let root = namespace.root().to_owned();
        let root_span = self.text.token(namespace.position());
        let span = self.after_namespace(namespace, name, position);
        if root == "global" {
            self.constants_used.insert(name.to_owned());
            if let Some(made) = self.parsed.constants.get(name).cloned() {
                self.means(span, Target::Variable(made, name.to_owned()));
            } else {
                let near = closest(name, self.parsed.constants.keys().map(String::as_str));
                let hint = near.map(|near| format!("did you mean global::{near}?"));
                self.error("unknown-variable", span, format!("this script has no constant {name}")).hint =
                    hint;
            }
            return Type::Any;
        }
        let Some(i) = self.aliases.iter().rposition(|a| a.name == root) else {
            if self.checker.known.modules.contains(&root) {
                let hint = records().find(|r| r.module == root && r.name == name);
                let hint = hint.map(|r| format!("it is a function: {root}::{}", r.written()));
                self.error("unknown-variable", span, format!("the module {root} has no value {name}")).hint =
                    hint;
            } else {
                self.unknown_module(&root, root_span);
            }
            return Type::Any;
        };
        self.aliases[i].used = true;
        if let (Some(module), 1) = (self.aliases[i].module.clone(), namespace.path.len())
            && !module.exported.contains(name)
        {
            let hint = if module.function(name, None).is_some() {
                Some(format!("it is a function: {root}::{name}(…)"))
            } else if module.constants.contains_key(name) {
                Some(format!("write export const {name} = …; in {}", module.text.name))
            } else {
                None
            };
            self.error("missing-export", span, format!("{} exports no {name}", module.text.name)).hint = hint;
        }
        Type::Any
    }

    /// The cursor stands behind `module::`.
    fn in_module(&mut self, namespace: &Namespace) {
        let root = namespace.root();
        let module = self.aliases.iter().rfind(|a| a.name == root).and_then(|a| a.module.clone());
        self.cursor = Some(Cursor::Module(root.to_owned(), module));
    }

    /// Where the name after `module::` stands.
    fn after_namespace(&self, namespace: &Namespace, name: &str, position: Position) -> Range<usize> {
        let from = self.text.offset(namespace.position());
        self.text.find_word(name, from).unwrap_or_else(|| self.text.token(position))
    }

    pub fn wrong_count(&mut self, span: Range<usize>, what: &str, given: usize) {
        let s = if given == 1 { "" } else { "s" };
        self.error("arguments", span, format!("{what} does not take {given} argument{s}"));
    }

    /// A call of a function of the API: number, types and keys of its arguments.
    pub fn call_of(&mut self, record: &'static Record, arguments: &[Expr], span: &Range<usize>) -> Type {
        let is_parallel = record.module.is_empty() && record.name == "parallel";
        let apart = self.apart;
        let mut kinds = Vec::new();
        let mut of_body = Type::Any;
        for (i, argument) in arguments.iter().enumerate() {
            let given: Vec<Type> = match (is_parallel, kinds.first()) {
                (true, Some(list)) => vec![Type::item(list)],
                _ => Vec::new(),
            };
            if is_parallel
                && (i == 1
                    || matches!(argument, Expr::Array(items, _) if items.iter().any(|e| closure_in(e).is_some())))
            {
                self.apart = Some(self.variables.len());
            }
            let (kind, returned) = self.argument(argument, &given);
            self.apart = apart;
            if closure_in(argument).is_some() && of_body == Type::Any {
                of_body = returned;
            }
            kinds.push(kind);
        }
        let (least, most) = record.arity();
        if arguments.len() < least || most.is_some_and(|most| arguments.len() > most) {
            let what = record.qualified();
            self.wrong_count(span.clone(), &what, arguments.len());
            self.last_hint(format!("it is {}", record.written()));
        } else {
            self.fit(record, arguments, &kinds);
        }
        match record.returns() {
            Some("value of body") => of_body,
            _ if is_parallel => Type::Array(Box::new(of_body)),
            _ => record.returned(),
        }
    }

    /// Finds the parameters that the arguments are for, and tells of the first that does not fit.
    fn fit(&mut self, record: &'static Record, arguments: &[Expr], kinds: &[Type]) {
        let wrong = |form: &Vec<(usize, Parameter)>| -> Vec<usize> {
            (0..kinds.len()).filter(|i| !form[*i].1.kind.accepts(&kinds[*i])).collect()
        };
        let Some(best) = forms(record, arguments.len()).into_iter().min_by_key(|f| wrong(f).len()) else {
            return;
        };
        if let Some(i) = wrong(&best).first() {
            let parameter = &best[*i].1;
            let span = self.text.token(arguments[*i].start_position());
            let message = format!(
                "{} of {} is {}, not {}",
                parameter.name,
                record.qualified(),
                parameter.written,
                kinds[*i]
            );
            self.error("type", span, message).hint = Some(format!("it is {}", record.written()));
        }
        let Some(keyed) = record.keyed() else { return };
        for (argument, (place, _)) in arguments.iter().zip(&best) {
            if let (true, Expr::Map(entries, _)) = (*place == keyed, argument) {
                self.keys(record, entries.0.as_slice());
            }
        }
    }

    fn keys(&mut self, record: &'static Record, entries: &[(rhai::Ident, Expr)]) {
        let known = record.keys();
        for (key, value) in entries {
            if key.name == CURSOR {
                self.cursor = Some(Cursor::Key(record));
                continue;
            }
            let span = self.text.token(key.pos);
            let Some((_, wanted)) = known.iter().find(|(name, _)| *name == key.name) else {
                let hint = match closest(&key.name, known.iter().map(|(name, _)| *name)) {
                    Some(near) => format!("did you mean {near}?"),
                    None => {
                        format!("there are: {}", known.iter().map(|k| k.0).collect::<Vec<_>>().join(", "))
                    }
                };
                let message = format!("{} has no option {}", record.qualified(), key.name);
                self.error("unknown-key", span, message).hint = Some(hint);
                continue;
            };
            let kind = literal(value);
            if !wanted.accepts(&kind) {
                let span = self.text.token(value.start_position());
                let message =
                    format!("the option {} of {} is {wanted}, not {kind}", key.name, record.qualified());
                self.error("type", span, message);
            }
        }
    }
}

/// The ways in which a function's parameters take `count` arguments: each with its place in the signature.
pub fn forms(record: &Record, count: usize) -> Vec<Vec<(usize, Parameter)>> {
    let mut forms: Vec<Vec<(usize, Parameter)>> = vec![Vec::new()];
    for (place, parameter) in record.parameters().into_iter().enumerate() {
        let times = match (parameter.many, parameter.optional) {
            (true, _) => 0..=count,
            (_, true) => 0..=1,
            _ => 1..=1,
        };
        forms = forms
            .iter()
            .flat_map(|form| {
                let parameter = &parameter;
                times.clone().map(move |n| {
                    let more = std::iter::repeat_n((place, parameter.clone()), n);
                    form.iter().cloned().chain(more).collect::<Vec<_>>()
                })
            })
            .filter(|form: &Vec<_>| form.len() <= count)
            .collect();
    }
    forms.retain(|form| form.len() == count);
    // where a map may be options or a word, it is options
    forms.sort_by_key(|form| std::cmp::Reverse(form.last().map_or(0, |(place, _)| *place)));
    forms
}

/// The type of a value that is written out.
fn literal(value: &Expr) -> Type {
    match value {
        Expr::BoolConstant(..) => Type::Bool,
        Expr::IntegerConstant(..) => Type::Int,
        Expr::FloatConstant(..) => Type::Float,
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => Type::String,
        Expr::Array(items, _) => {
            Type::Array(Box::new(items.iter().map(literal).reduce(Type::or).unwrap_or(Type::Any)))
        }
        Expr::Map(..) => Type::Map,
        Expr::Unit(_) => Type::Unit,
        _ => Type::Any,
    }
}
