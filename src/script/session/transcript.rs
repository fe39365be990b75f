//! All that was typed into a session: where a place in it is, which modules it has imported, and the script that
//! does the same.
//!
//! For the language the whole session is one text, in which every line has its own number: so an error in a function
//! shows that function's line, whenever it was typed. People are told the line within the input.

use super::super::complete::Import;
use super::super::lexer::{Kind, Token, tokens};
use super::super::outline;
use crate::error::{Context, Error};
use std::path::{Path, PathBuf};

/// What errors call a typed line.
const PROMPT: &str = "(prompt)";

/// Where an input came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It was typed.
    Prompt,
    /// It was loaded.
    File(PathBuf),
}

impl Origin {
    /// How errors name it.
    pub fn source(&self) -> String {
        match self {
            Self::Prompt => PROMPT.to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

struct Piece {
    origin: Origin,
    text: String,
    /// Its first line within the session, from 0.
    line: usize,
    worked: bool,
    /// Whether it gave a value, which later ones may call `it`.
    valued: bool,
}

/// The inputs of a session.
#[derive(Default)]
pub struct Transcript {
    pieces: Vec<Piece>,
    /// All of them, a line's end behind each.
    whole: String,
    lines: usize,
    imports: Vec<Import>,
    working: Vec<bool>,
}

impl Transcript {
    /// Takes an input in; the text of all before it.
    pub fn begin(&mut self, origin: Origin, text: &str) -> String {
        let before = self.whole.clone();
        let line = self.lines;
        self.whole.push_str(text);
        self.whole.push('\n');
        self.lines += text.matches('\n').count() + 1;
        self.pieces.push(Piece { origin, text: text.to_owned(), line, worked: false, valued: false });
        before
    }

    /// Says what became of the last one.
    pub fn end(&mut self, worked: bool) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.worked = worked;
        }
    }

    /// Says that the last one gave a value.
    pub fn gave_value(&mut self) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.valued = true;
        }
    }

    /// Takes up the imports of the last one; whether it has any.
    pub fn imports_of_last(&mut self) -> bool {
        let Some(piece) = self.pieces.last() else { return false };
        let found = imports(&piece.text);
        let folder = match &piece.origin {
            Origin::File(path) => path.parent().map(Path::to_owned),
            Origin::Prompt => None,
        };
        for mut import in found.clone() {
            // a file is named relative to the one that imports it
            if let Some(folder) = &folder
                && !import.path.starts_with("std/")
            {
                import.path = folder.join(&import.path).display().to_string();
            }
            self.imports.retain(|known| known.alias != import.alias);
            self.imports.push(import);
        }
        self.working = vec![true; self.imports.len()];
        !found.is_empty()
    }

    /// What is imported.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The functions that were typed or loaded, in their order.
    pub fn functions(&self) -> Vec<outline::Function> {
        self.pieces.iter().flat_map(|piece| outline::functions(&piece.text)).collect()
    }

    /// All imports as statements, numbered.
    pub fn import_lines(&self) -> Vec<(usize, String)> {
        self.imports.iter().map(statement).enumerate().collect()
    }

    /// Says whether an import works.
    pub fn set_import(&mut self, number: usize, works: bool) {
        if let Some(slot) = self.working.get_mut(number) {
            *slot = works;
        }
    }

    /// Those that work, as statements.
    pub fn working_imports(&self) -> Vec<String> {
        let working = self.imports.iter().zip(&self.working).filter(|(_, works)| **works);
        working.map(|(import, _)| statement(import)).collect()
    }

    /// The error with its places told as people count: within the input or the file they stand in.
    pub fn relabel(&self, error: Error) -> Error {
        let Some(place) = &error.context().place else { return error };
        let mut lines: Vec<String> = place.lines().map(str::to_owned).collect();
        let mut shift = None;
        for (i, line) in lines.iter_mut().enumerate() {
            let excerpt = line
                .trim_start()
                .split_once(" | ")
                .and_then(|(n, text)| Some((n.parse::<usize>().ok()?, text)));
            if i == 1
                && let Some(((number, text), shift)) = excerpt.zip(shift)
            {
                *line = format!("{:>5} | {text}", number - shift);
            } else if let Some((new, first)) = self.relabelled(line) {
                *line = new;
                shift = shift.or(Some(first).filter(|_| i == 0));
            }
        }
        let context = Context { place: Some(lines.join("\n")), ..error.context().clone() };
        error.with_context(context)
    }

    /// A line with `SOURCE:LINE` of this session in it, and how far its number was moved.
    fn relabelled(&self, line: &str) -> Option<(String, usize)> {
        let sources = self.pieces.iter().map(|piece| piece.origin.source());
        for source in sources {
            let Some(at) = line.find(&format!("{source}:")) else { continue };
            let rest = &line[at + source.len() + 1..];
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let number: usize = digits.parse().ok()?;
            let (i, piece) = self.pieces.iter().enumerate().rev().find(|(_, piece)| piece.line < number)?;
            let label = match &piece.origin {
                Origin::File(path) => path.display().to_string(),
                Origin::Prompt if i + 1 == self.pieces.len() => PROMPT.to_owned(),
                Origin::Prompt => format!("(input {})", i + 1),
            };
            let new = format!("{}{label}:{}{}", &line[..at], number - piece.line, &rest[digits.len()..]);
            return Some((new, piece.line));
        }
        None
    }

    /// The session as a script that does the same, after `first`. What failed is there as a comment.
    pub fn script(&self, first: &str) -> String {
        let mut text = first.to_owned();
        for (i, piece) in self.pieces.iter().enumerate() {
            if !piece.worked {
                let lines = piece.text.lines().map(|line| format!("//   {line}\n"));
                text.push_str("// failed:\n");
                text.extend(lines);
                continue;
            }
            // the next value takes the name over
            let later = &self.pieces[i + 1..];
            let until = later.iter().position(|next| next.valued).map_or(later.len(), |next| next + 1);
            let named = piece.valued && later[..until].iter().any(|next| says_it(&next.text));
            if named {
                text.push_str("let it = ");
            }
            text.push_str(&ended(&piece.text));
            text.push('\n');
        }
        text
    }
}

fn statement(import: &Import) -> String {
    format!("import {:?} as {};", import.path, import.alias)
}

/// `import "PATH" as ALIAS` wherever it stands.
fn imports(text: &str) -> Vec<Import> {
    let all: Vec<Token<'_>> = tokens(text).into_iter().filter(|t| !t.is_blank()).collect();
    let import = |window: &[Token<'_>]| {
        let [import, path, word, alias] = window else { return None };
        let is =
            import.text == "import" && word.text == "as" && matches!(path.kind, Kind::Text { closed: true });
        let path = path.text.trim_matches(['"', '`']).to_owned();
        is.then(|| Import { alias: alias.text.to_owned(), path })
    };
    all.windows(4).filter_map(import).collect()
}

fn says_it(text: &str) -> bool {
    tokens(text).iter().any(|t| t.kind == Kind::Name && t.text == "it")
}

/// A text with the `;` behind it that a prompt does not ask for.
fn ended(text: &str) -> String {
    let all = tokens(text);
    let Some(last) = all.iter().rev().find(|t| !t.is_blank()) else { return text.to_owned() };
    let is_function = all.iter().find(|t| !t.is_blank()).is_some_and(|t| matches!(t.text, "fn" | "private"));
    if last.is(";") || (is_function && last.is("}")) {
        return text.to_owned();
    }
    let end = last.start + last.text.len();
    format!("{};{}", &text[..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(inputs: &[(&str, bool, bool)]) -> Transcript {
        let mut transcript = Transcript::default();
        for (text, worked, valued) in inputs {
            transcript.begin(Origin::Prompt, text);
            transcript.end(*worked);
            if *valued {
                transcript.gave_value();
            }
            transcript.imports_of_last();
        }
        transcript
    }

    #[test]
    fn the_saved_script_has_what_worked() {
        let transcript = typed(&[
            ("let a = 1 // one", true, false),
            ("fn f(x) {\n    x\n}", true, false),
            ("f(a)", true, true),
            ("it + 1", true, true),
            ("nonsense(\n1)", false, false),
            ("if a > 0 { print(a) }", true, false),
        ]);
        assert_eq!(
            transcript.script("let c = 1;\n"),
            "let c = 1;\nlet a = 1; // one\nfn f(x) {\n    x\n}\nlet it = f(a);\nit + 1;\n// failed:\n//   nonsense(\n\
             //   1)\nif a > 0 { print(a) };\n"
        );
    }

    #[test]
    fn places_are_told_within_their_input() {
        let mut transcript = typed(&[("fn f() {\n  g()\n}", true, false)]);
        transcript.begin(Origin::File("a/b.rhai".into()), "\nfail()");
        transcript.begin(Origin::Prompt, "f()");
        let place = "(prompt):2:3\n    2 |   g()\n      |   ^\nin f, called from (prompt):6:1";
        let error = transcript.relabel(Error::script("x", "y").at(place));
        let told = "(input 1):2:3\n    2 |   g()\n      |   ^\nin f, called from (prompt):1:1";
        assert_eq!(error.context().place.as_deref(), Some(told));
        let error = transcript.relabel(Error::script("x", "y").at("a/b.rhai:5:1\n    5 | fail()\n      | ^"));
        assert_eq!(error.context().place.as_deref(), Some("a/b.rhai:2:1\n    2 | fail()\n      | ^"));
        let error = transcript.relabel(Error::script("x", "y").at("std/create.rhai:5:1"));
        assert_eq!(error.context().place.as_deref(), Some("std/create.rhai:5:1"));
    }

    #[test]
    fn imports_are_known_by_their_alias() {
        let transcript = typed(&[
            ("import \"std/create\" as a; import \"x\" as b;", true, false),
            ("import \"y\" as b", true, false),
        ]);
        assert_eq!(transcript.working_imports(), ["import \"std/create\" as a;", "import \"y\" as b;"]);
    }
}
