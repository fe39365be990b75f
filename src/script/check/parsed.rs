//! A script taken apart: its statements, functions, closures, constants and imports.

use super::{Finding, Severity, Text};
use rhai::{AST, ASTFlags, ASTNode, Engine, Expr, FnAccess, Module, Stmt};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// A function of a script.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Names of its parameters; those that a closure captured come first.
    pub parameters: Vec<String>,
    /// Its `///` lines, without the marks.
    pub doc: String,
    /// Whether only its own script may call it.
    pub private: bool,
    /// Its statements.
    pub body: Vec<Stmt>,
    /// Where its name stands.
    pub name_span: Range<usize>,
    /// Where its body begins.
    pub begin: usize,
    /// Where it ends.
    pub end: usize,
}

impl Function {
    /// `name(a, b)`
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }
}

/// `import "path" as alias`
#[derive(Debug, Clone)]
pub struct Import {
    /// What is imported.
    pub path: String,
    /// The name it has here.
    pub alias: String,
}

/// A script taken apart.
#[derive(Debug)]
pub struct Parsed {
    /// Its text.
    pub text: Arc<Text>,
    /// Its statements outside of functions.
    pub statements: Vec<Stmt>,
    /// Its functions, in its order.
    pub functions: Vec<Arc<Function>>,
    /// Its closures by the names that Rhai gives them.
    pub closures: BTreeMap<String, Arc<Function>>,
    /// Constants outside of functions, with where they are named.
    pub constants: BTreeMap<String, Range<usize>>,
    /// Variables that importers see.
    pub exported: BTreeSet<String>,
    /// Imports outside of functions.
    pub imports: Vec<Import>,
    /// Variables that are given another value somewhere: their types are not followed.
    pub assigned: BTreeSet<String>,
}

impl Parsed {
    /// Takes a script apart.
    ///
    /// # Errors
    /// What is wrong with its syntax.
    pub fn new(parser: &Engine, text: &Arc<Text>) -> Result<Self, Box<Finding>> {
        let ast = parser.compile(text.for_rhai()).map_err(|error| Box::new(syntax(text, &error)))?;
        let statements = AsRef::<[Stmt]>::as_ref(&ast).to_vec();
        let mut parsed = Self {
            text: text.clone(),
            statements,
            functions: Vec::new(),
            closures: BTreeMap::new(),
            constants: BTreeMap::new(),
            exported: BTreeSet::new(),
            imports: Vec::new(),
            assigned: assigned(&ast),
        };
        parsed.outside();
        for (_, access, name, _, definition) in AsRef::<Module>::as_ref(&ast).iter_script_fn_info() {
            let body = definition.body.start_position();
            let begin = text.offset(body);
            let end = definition.body.end_position();
            let closure = name.starts_with("anon$");
            let function = Arc::new(Function {
                name: name.to_owned(),
                parameters: definition.params.iter().map(ToString::to_string).collect(),
                doc: doc(definition.comments.iter().map(AsRef::as_ref)),
                private: access == FnAccess::Private,
                body: body_of(&ast, name, definition.params.len()),
                name_span: if closure { begin..begin } else { text.function_name(name, begin) },
                begin,
                end: if end.is_none() { begin } else { text.offset(end) + 1 },
            });
            if closure {
                parsed.closures.insert(name.to_owned(), function);
            } else {
                parsed.functions.push(function);
            }
        }
        parsed.functions.sort_by_key(|f| f.begin);
        Ok(parsed)
    }

    /// The function of that name that others may call, with as many parameters if there is one.
    pub fn function(&self, name: &str, count: Option<usize>) -> Option<&Arc<Function>> {
        let mut named = self.functions.iter().filter(|f| f.name == name);
        let exact = named.clone().find(|f| count.is_none_or(|count| f.parameters.len() == count));
        exact.or_else(|| named.next())
    }

    /// Whether it does something by itself, and does not only hold what others import.
    pub fn runs(&self) -> bool {
        self.statements.iter().any(|s| !matches!(s, Stmt::Import(..) | Stmt::Export(..) | Stmt::Var(..)))
    }

    /// What stands outside of functions: constants, exports, imports.
    fn outside(&mut self) {
        for statement in &self.statements {
            match statement {
                Stmt::Var(var, flags, _) => {
                    if flags.contains(ASTFlags::CONSTANT) {
                        self.constants.insert(var.0.name.to_string(), self.text.token(var.0.pos));
                    }
                    if flags.contains(ASTFlags::EXPORTED) {
                        self.exported.insert(var.0.name.to_string());
                    }
                }
                Stmt::Export(names, _) => {
                    let name = if names.1.name.is_empty() { &names.0.name } else { &names.1.name };
                    self.exported.insert(name.to_string());
                }
                Stmt::Import(import, _) => {
                    if let Expr::StringConstant(path, _) = &import.0 {
                        let alias = import.1.name.to_string();
                        self.imports.push(Import { path: path.to_string(), alias });
                    }
                }
                _ => {}
            }
        }
    }
}

/// The statements of one function. Rhai keeps the type of a body to itself, so a tree that has only this function
/// is walked.
fn body_of(ast: &AST, name: &str, parameters: usize) -> Vec<Stmt> {
    let mut alone = ast.clone_functions_only();
    alone.retain_functions(|_, _, other, count| other == name && count == parameters);
    let mut body = Vec::new();
    alone.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            body.push((*statement).clone());
        }
        true
    });
    body
}

/// Names that an assignment gives another value, anywhere in the script.
fn assigned(ast: &AST) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Stmt(Stmt::Assignment(assignment))) = path.last()
            && let Some(name) = root(&assignment.1.lhs)
        {
            names.insert(name.to_owned());
        }
        true
    });
    names
}

/// The variable that an expression such as `a.b[0]` begins with.
pub fn root(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Variable(variable, ..) if variable.2.is_empty() => Some(variable.1.as_str()),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => root(&parts.lhs),
        _ => None,
    }
}

/// Comment lines without their marks.
fn doc<'a>(comments: impl Iterator<Item = &'a str>) -> String {
    let lines = comments.flat_map(str::lines).map(|line| line.trim().trim_start_matches('/').trim());
    lines.collect::<Vec<_>>().join("\n")
}

fn syntax(text: &Text, error: &rhai::ParseError) -> Finding {
    let message = error.err_type().to_string();
    let mut chars = message.chars();
    let message: String = chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
    Finding::new(text, Severity::Error, "syntax", text.token(error.position()), message)
}
