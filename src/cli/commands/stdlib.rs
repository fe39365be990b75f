//! `kind stdlib …`: the scripts of the standard library, shown, ejected and compared.

use crate::cli::app::App;
use crate::cli::args::{ListFormat, Stdlib, StdlibAction, StdlibEject};
use crate::error::{Error, Result};
use crate::host::fs;
use crate::script::stdlib::{Module, Outdated, Place, Places, built_in, library};
use std::path::Path;

/// Runs it.
pub fn run(app: &App, stdlib: Stdlib) -> Result<()> {
    let places = Places::new(app.settings.stdlib.as_deref());
    match stdlib.action {
        Some(StdlibAction::List(args)) => list(app, &places, args.output.output),
        Some(StdlibAction::Show(args)) => app.printer.data(&places.find(bare(&args.name))?.text),
        Some(StdlibAction::Eject(args)) => eject(app, &places, &args),
        Some(StdlibAction::Diff(args)) => diff(app, &places, args.name.as_deref()),
        None => Ok(()),
    }
}

/// Names may be given as they are imported or as files are called.
fn bare(name: &str) -> &str {
    name.trim_start_matches("std/").trim_end_matches(".rhai")
}

fn list(app: &App, places: &Places, format: Option<ListFormat>) -> Result<()> {
    let modules = places.list();
    if format.is_none() {
        for manifest in places.manifests()? {
            app.printer.info(manifest);
        }
    }
    let row = |m: &Module| {
        let place = match (&m.place, &m.path) {
            (Place::BuiltIn, _) | (_, None) => "built-in".to_owned(),
            (_, Some(path)) => fs::shown(path),
        };
        vec![vec![m.name.clone(), place, m.summary()]]
    };
    let name = |m: &Module| vec![m.name.clone()];
    let format = format.unwrap_or(ListFormat::Wide);
    app.printer.list(format, &modules, name, (&["NAME", "FROM", "WHAT"], row))
}

fn eject(app: &App, places: &Places, args: &StdlibEject) -> Result<()> {
    let name = bare(&args.name);
    let Some(module) = built_in(name) else { return places.find(name).map(|_| ()) };
    let folder = places.eject_folder(args.user).ok_or_else(|| {
        Error::user("stdlib.no_folder", "there is no folder to eject to").hint("give one with --stdlib DIR")
    })?;
    if library::is_unpacked(folder) {
        return Err(Error::user(
            "stdlib.archive",
            "what --stdlib names is an archive, which is not written to",
        )
        .hint("unpack it and name the folder; without --stdlib the script goes to .kind/stdlib/"));
    }
    let path = folder.join(format!("{name}.rhai"));
    if path.exists() && !args.force {
        return Err(Error::user("stdlib.exists", format!("{} is there already", path.display()))
            .hint("kind stdlib diff shows what it changes; --force replaces it"));
    }
    fs::write(&path, module.text.as_bytes(), 0o644)?;
    app.printer.info(format!("from now on std/{name} is read from this file; remove it to go back"));
    app.printer.line(&fs::shown(&path))
}

fn diff(app: &App, places: &Places, name: Option<&str>) -> Result<()> {
    let modules = match name {
        Some(name) => vec![places.find(bare(name))?],
        None => places.list(),
    };
    for module in modules.iter().filter(|m| m.place != Place::BuiltIn) {
        let Some(original) = built_in(&module.name) else {
            app.printer.info(format!("{} has no built-in counterpart", module.display_name()));
            continue;
        };
        if let Some(outdated) = Outdated::of(module) {
            app.printer.warning(outdated.message(&module.display_name()), Some(outdated.hint()));
        }
        let diff = similar::TextDiff::from_lines(&original.text, &module.text);
        let text = diff
            .unified_diff()
            .header(&format!("std/{} (built-in)", module.name), &fs::shown(Path::new(&module.display_name())))
            .to_string();
        app.printer.data(&text)?;
    }
    Ok(())
}
