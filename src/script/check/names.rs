//! What names are known where: variables in scopes, functions of the script, of the API and of Rhai, modules.

use super::parsed::{Function, Parsed};
use super::text::Text;
use super::{CURSOR, Checker, Cursor, Finding, Severity, Target, Use};
use crate::cluster::Cluster;
use crate::node::Node;
use crate::script::record::{Record, records};
use crate::script::stdlib::closest;
use crate::script::types::Type;
use rhai::{Array, Engine, ImmutableString, Map, Position};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Words that Rhai itself calls like functions.
const BUILT_INTO_RHAI: &[&str] = &[
    "print",
    "debug",
    "type_of",
    "Fn",
    "call",
    "curry",
    "is_def_fn",
    "is_def_var",
    "is_shared",
    "this",
    "eval",
];

/// Functions that are registered, with how many arguments they take.
#[derive(Debug, Clone, Default)]
pub struct Known {
    functions: BTreeMap<String, BTreeSet<usize>>,
    /// What can be called on something else than a node or a cluster.
    elsewhere: BTreeSet<String>,
    /// Methods of nodes and clusters, with how many arguments they take.
    of_objects: BTreeMap<String, BTreeSet<usize>>,
    /// What can be called on an array, a map, a text.
    methods: [BTreeSet<String>; 3],
    /// Modules that need no import.
    pub modules: BTreeSet<String>,
}

impl Known {
    /// Those of an engine.
    pub fn of(engine: &Engine) -> Self {
        let named = |f: rhai::FuncInfo<'_>| {
            let first = f.metadata.param_types.first().copied();
            Some((f.namespace.to_string(), f.metadata.name.to_string(), f.metadata.num_params, first))
        };
        let owners = [TypeId::of::<Array>(), TypeId::of::<Map>(), TypeId::of::<ImmutableString>()];
        let objects = [TypeId::of::<Node>(), TypeId::of::<Cluster>()];
        let mut known = Self::default();
        for (module, name, count, first) in engine.collect_fn_metadata(None, named, true) {
            if objects.iter().any(|object| first == Some(*object)) {
                known.of_objects.entry(name.clone()).or_default().insert(count - 1);
            } else {
                known.elsewhere.insert(name.clone());
            }
            let owner = owners.iter().position(|owner| first == Some(*owner));
            if let (Some(owner), true) = (owner, is_word(&name)) {
                known.methods[owner].insert(name.clone());
            }
            if module.is_empty() {
                known.functions.entry(name).or_default().insert(count);
            } else {
                known.modules.insert(module);
            }
        }
        known
    }
    /// How many arguments `name` takes; `None` when there is no such function.
    pub fn counts(&self, name: &str) -> Option<&BTreeSet<usize>> {
        self.functions.get(name)
    }
    /// Whether something is called so.
    pub fn has(&self, name: &str) -> bool {
        BUILT_INTO_RHAI.contains(&name) || self.functions.contains_key(name)
    }
    /// Whether Rhai itself looks after its arguments.
    pub fn is_special(name: &str) -> bool {
        BUILT_INTO_RHAI.contains(&name)
    }
    /// Names that can be called, without operators and what begins with a sign.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str).filter(|name| is_word(name))
    }
    /// Whether only nodes and clusters have a method of this name.
    pub fn is_of_objects(&self, name: &str) -> bool {
        self.functions.contains_key(name) && !self.elsewhere.contains(name)
    }
    /// Whether nodes or clusters have a method of this name that takes `count` arguments.
    pub fn is_method(&self, name: &str, count: usize) -> bool {
        self.of_objects.get(name).is_some_and(|counts| counts.contains(&count))
    }
    /// Rhai's own methods of a type.
    pub fn methods(&self, of: &Type) -> impl Iterator<Item = &str> {
        let index = match of {
            Type::Array(_) => Some(0),
            Type::Map | Type::Object(_) => Some(1),
            Type::String => Some(2),
            _ => None,
        };
        index.into_iter().flat_map(|i| self.methods[i].iter().map(String::as_str))
    }
}

/// Whether a name is one that people call, and not an operator or a getter.
fn is_word(name: &str) -> bool {
    name.starts_with(char::is_alphabetic) && !name.contains('$')
}

/// A variable in a scope.
pub(super) struct Variable {
    pub name: String,
    pub span: Range<usize>,
    pub kind: Type,
    pub used: bool,
    /// Whether nobody minds when it is not used: parameters, loop variables.
    pub quiet: bool,
}

/// An imported module.
pub(super) struct Alias {
    pub name: String,
    pub span: Range<usize>,
    /// Nothing when it could not be read, which is told at the import.
    pub module: Option<Arc<Parsed>>,
    pub used: bool,
}

/// Walks through a script.
pub(super) struct Names<'c, 'a> {
    pub checker: &'c mut Checker<'a>,
    pub parsed: Arc<Parsed>,
    pub text: Arc<Text>,
    pub variables: Vec<Variable>,
    pub aliases: Vec<Alias>,
    /// How many of the variables were there when the closure began that `parallel` calls.
    pub apart: Option<usize>,
    /// Whether what is walked through is in a function, which sees no variables of the script.
    pub in_function: bool,
    pub constants_used: BTreeSet<String>,
    /// What could stand where the text has [`CURSOR`].
    pub cursor: Option<Cursor>,
    findings: Vec<Finding>,
    uses: Vec<Use>,
}

impl<'c, 'a> Names<'c, 'a> {
    pub fn new(checker: &'c mut Checker<'a>, parsed: &Arc<Parsed>) -> Self {
        Self {
            checker,
            parsed: parsed.clone(),
            text: parsed.text.clone(),
            variables: Vec::new(),
            aliases: Vec::new(),
            apart: None,
            in_function: false,
            constants_used: BTreeSet::new(),
            cursor: None,
            findings: Vec::new(),
            uses: Vec::new(),
        }
    }

    pub fn finish(self) -> (Vec<Finding>, Vec<Use>, Option<Cursor>) {
        (self.findings, self.uses, self.cursor)
    }

    /// The cursor stands where a name could be: all that is known there.
    pub fn names_at_cursor(&mut self) {
        let variables = self.variables.iter().map(|v| (v.name.clone(), v.kind.clone())).collect();
        let modules = self.aliases.iter().map(|a| a.name.clone()).collect();
        self.cursor = Some(Cursor::Name { variables, modules });
    }

    pub fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.tell(Severity::Error, code, span, message)
    }

    pub fn warning(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.tell(Severity::Warning, code, span, message)
    }

    fn tell(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let at = self.findings.len();
        self.findings.push(Finding::new(&self.text, severity, code, span, message));
        &mut self.findings[at]
    }

    /// Says what to do about what was told last.
    pub fn last_hint(&mut self, hint: String) {
        if let Some(last) = self.findings.last_mut() {
            last.hint = Some(hint);
        }
    }

    pub fn means(&mut self, span: Range<usize>, target: Target) {
        self.uses.push(Use { span, target });
    }

    pub fn means_function(&mut self, span: Range<usize>, text: &Arc<Text>, function: &Arc<Function>) {
        let target = Target::Function(text.clone(), function.name_span.clone(), function.clone());
        self.means(span, target);
    }

    /// Makes a variable known.
    pub fn declare(&mut self, name: &str, position: Position, kind: Type, quiet: bool) {
        let span = self.text.token(position);
        self.declare_at(name, span, kind, quiet);
    }

    pub fn declare_at(&mut self, name: &str, span: Range<usize>, kind: Type, quiet: bool) {
        let kind = if self.parsed.assigned.contains(name) { Type::Any } else { kind };
        self.means(span.clone(), Target::Variable(span.clone(), name.to_owned()));
        self.variables.push(Variable { name: name.to_owned(), span, kind, used: false, quiet });
    }

    /// Forgets the variables after the first `count`, and tells of those that nobody read.
    pub fn leave(&mut self, count: usize) {
        for variable in self.variables.split_off(count) {
            if !variable.used && !variable.quiet && !variable.name.starts_with('_') {
                let message = format!("the variable {} is never read", variable.name);
                let hint = format!("remove it, or call it _{} if that is meant", variable.name);
                self.warning("unused-variable", variable.span, message).hint = Some(hint);
            }
        }
    }

    /// The type of a variable that is read; tells when there is none.
    pub fn read(&mut self, name: &str, position: Position) -> Type {
        let span = self.text.token(position);
        if name == CURSOR {
            self.names_at_cursor();
            return Type::Any;
        }
        if let Some(i) = self.variables.iter().rposition(|v| v.name == name) {
            self.variables[i].used = true;
            let (kind, made) = (self.variables[i].kind.clone(), self.variables[i].span.clone());
            self.means(span, Target::Variable(made, name.to_owned()));
            return kind;
        }
        if let Some(function) = self.parsed.function(name, None).cloned() {
            let text = self.text.clone();
            self.means_function(span, &text, &function);
            return Type::Closure(Some(function.parameters.len()));
        }
        self.unknown_variable(name, span);
        Type::Any
    }

    fn unknown_variable(&mut self, name: &str, span: Range<usize>) {
        let hint = if self.parsed.constants.contains_key(name) && self.in_function {
            Some(format!("functions reach the script's constants as global::{name}"))
        } else if self.in_function && self.outside_has(name) {
            Some("functions see none of the script's variables; hand it over as a parameter".to_owned())
        } else if self.aliases.iter().any(|a| a.name == name) || self.checker.known.modules.contains(name) {
            Some(format!("{name} is a module: {name}::… reaches what is in it"))
        } else if let Some(record) = records().find(|r| !r.is_method() && r.qualified() == name) {
            Some(format!("{name} is a function: {}", record.written()))
        } else {
            let near = self.variables.iter().map(|v| v.name.as_str());
            closest(name, near).map(|near| format!("did you mean {near}?"))
        };
        self.error("unknown-variable", span, format!("there is no variable {name}")).hint = hint;
    }

    /// Whether the script has a variable of that name outside of its functions.
    fn outside_has(&self, name: &str) -> bool {
        let is = |s: &rhai::Stmt| matches!(s, rhai::Stmt::Var(var, ..) if var.0.name == name);
        self.parsed.statements.iter().any(is)
    }

    /// Tells when a call of `parallel` would lose what is written to this variable.
    pub fn write(&mut self, name: &str, span: Range<usize>) {
        let Some(apart) = self.apart else { return };
        if self.variables.iter().rposition(|v| v.name == name).is_some_and(|i| i < apart) {
            let message = format!("a closure of parallel changes {name}, which only its own copy will show");
            let hint = "return what is wanted: parallel gives back a list of what its calls returned";
            self.error("parallel-write", span, message).hint = Some(hint.to_owned());
        }
    }

    /// The records of functions that need no module.
    pub fn global_record(name: &str) -> Option<&'static Record> {
        records().find(|r| r.module.is_empty() && r.name == name)
    }
}
