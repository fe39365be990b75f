//! `.edit`: a script of the library in the user's editor, then read again.

use super::super::stdlib::{Place, built_in};
use super::ScriptSession;
use crate::error::{Error, Result};
use crate::host::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Editors that take `+LINE` in front of a file.
const LINE_EDITORS: &[&str] =
    &["vi", "vim", "nvim", "nano", "emacs", "emacsclient", "micro", "kak", "joe", "mcedit"];

/// Opens what is named, loads it again; what is shown.
pub fn edit(session: &mut ScriptSession, name: &str) -> Result<Option<String>> {
    if name.is_empty() {
        return Err(Error::user("repl.command", ".edit needs a script's name").hint(".edit cni"));
    }
    let file = Path::new(name);
    if file.is_file() {
        open(file, 1)?;
        return crate::repl::Session::load(session, file);
    }
    let found = session.in_library(name)?;
    let line = found.function.map_or(1, |function| function.line);
    let module = found.module;
    let (path, ejected) = match module.path {
        Some(path) if module.place != Place::BuiltIn => (path, false),
        _ => (eject(session, &module.name)?, true),
    };
    let opened = open(&path, line);
    let after = fs::read_to_string(&path)?;
    if ejected && built_in(&module.name).is_some_and(|original| original.text == after) {
        // a copy that says the same would only hide later versions
        fs::remove(&path)?;
        opened?;
        return Ok(Some(format!("nothing was changed; std/{} stays the built-in one", module.name)));
    }
    opened?;
    let hint = format!(".edit {} opens it again; without the file the built-in one is back", module.name);
    session
        .host
        .compile(&path.display().to_string(), &after)
        .and_then(|_| session.reload())
        .map_err(|error| error.hint(hint))?;
    Ok(Some(format!("std/{} is read from {} now", module.name, path.display())))
}

/// Copies a built-in script to where it can be changed.
fn eject(session: &ScriptSession, name: &str) -> Result<PathBuf> {
    let original =
        built_in(name).ok_or_else(|| Error::internal("stdlib", format!("{name} is not built in")))?;
    let folder = session.places.eject_folder(false).ok_or_else(|| {
        Error::user("stdlib.no_folder", "there is no folder to eject to")
            .hint("kind repl --stdlib DIR names one")
    })?;
    let path = folder.join(format!("{name}.rhai"));
    fs::write(&path, original.text.as_bytes(), 0o644)?;
    Ok(path)
}

/// Runs the user's editor and waits for it.
fn open(file: &Path, line: usize) -> Result<()> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    let program = editor.split_whitespace().next().unwrap_or_default();
    let program = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut command = Command::new("sh");
    // the editor may be named with arguments
    command.args(["-c", &format!("{editor} \"$@\""), "editor"]);
    if line > 1 && LINE_EDITORS.contains(&program) {
        command.arg(format!("+{line}"));
    }
    let failed = |why: String| {
        Error::user("repl.editor", format!("the editor {editor} {why}"))
            .hint("$VISUAL or $EDITOR names another one")
    };
    let status = command.arg(file).status().map_err(|e| failed("cannot be started".to_owned()).because(e))?;
    if status.success() { Ok(()) } else { Err(failed(format!("ended with {status}"))) }
}
