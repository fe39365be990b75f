//! The standard library's files and the four places a module of it may come from.

mod contract;
pub mod library;

pub use contract::Outdated;

use crate::error::{Error, Result};
use include_dir::{Dir, include_dir};
use serde::Serialize;
use std::path::{Path, PathBuf};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");
/// What goes into a node image; read by `stdlib/node_image.rhai` through `asset::…`.
static NODE_IMAGE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/node-image");

/// Where a module was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// `--stdlib DIR`.
    CommandLine,
    /// `.kind/stdlib` of the project.
    Project,
    /// `stdlib` in the user's config folder.
    User,
    /// Compiled in.
    BuiltIn,
}

/// A module of the standard library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Such as `create`; imported as `std/create`.
    pub name: String,
    /// Which of the four places it comes from.
    pub place: Place,
    /// Its file; none when it is compiled in.
    pub path: Option<PathBuf>,
    /// Its text.
    #[serde(skip)]
    pub text: String,
}

impl Module {
    /// How errors name it.
    pub fn display_name(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => format!("std/{}.rhai", self.name),
        }
    }
    /// The first sentence of its documentation (`//!`).
    pub fn summary(&self) -> String {
        let lines = super::outline::about(&self.text).map(str::trim);
        let paragraph: Vec<&str> = lines.take_while(|l| !l.is_empty()).collect();
        let paragraph = paragraph.join(" ");
        let end = paragraph.find(". ").map_or(paragraph.len(), |i| i + 1);
        paragraph[..end].to_owned()
    }
}

/// The folders that are looked at before the built-in library, in order.
#[derive(Debug, Clone, Default)]
pub struct Places {
    command_line: Option<PathBuf>,
    project: Option<PathBuf>,
    user: Option<PathBuf>,
}

impl Places {
    /// The folders as they are for the working directory and the user of this process.
    pub fn new(command_line: Option<&Path>) -> Self {
        let project = std::env::current_dir().ok().map(|d| d.join(".kind").join("stdlib"));
        Self {
            command_line: command_line.map(Path::to_path_buf),
            project,
            user: Some(config_dir().join("stdlib")),
        }
    }

    fn folders(&self) -> impl Iterator<Item = (Place, &Path)> {
        [(Place::CommandLine, &self.command_line), (Place::Project, &self.project), (Place::User, &self.user)]
            .into_iter()
            .filter_map(|(place, path)| Some((place, path.as_deref()?)))
    }

    /// A line for each folder with a manifest: what it is, and where.
    pub fn manifests(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for (_, folder) in self.folders() {
            if let Some(manifest) = library::manifest_of(folder)? {
                lines.push(format!("{} {} is in {}", manifest.name, manifest.version, folder.display()));
            }
        }
        Ok(lines)
    }

    /// Where `kind stdlib eject` writes to.
    pub fn eject_folder(&self, user: bool) -> Option<&Path> {
        if user {
            return self.user.as_deref();
        }
        self.command_line.as_deref().or(self.project.as_deref())
    }

    /// The module `name`, from the first place that has it.
    pub fn find(&self, name: &str) -> Result<Module> {
        for (place, folder) in self.folders() {
            let path = folder.join(format!("{name}.rhai"));
            match crate::host::fs::read_to_string(&path) {
                Ok(text) => return Ok(Module { name: name.to_owned(), place, path: Some(path), text }),
                Err(error) if error.code() == "file.not_found" => {}
                Err(error) => return Err(error),
            }
        }
        built_in(name).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Error {
        let names: Vec<String> = self.list().into_iter().map(|m| m.name).collect();
        let error = Error::script("module.not_found", format!("the standard library has no module {name:?}"));
        match closest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None => error.hint(format!("there are: {}", names.join(", "))),
        }
    }

    /// Every module, each from the first place that has it, by name.
    pub fn list(&self) -> Vec<Module> {
        let mut names: Vec<String> = BUILT_IN.files().filter_map(|f| module_name(f.path())).collect();
        for (_, folder) in self.folders() {
            let Ok(entries) = crate::host::fs::list(folder) else { continue };
            names.extend(entries.iter().filter_map(|p| module_name(p)));
        }
        names.sort();
        names.dedup();
        names.iter().filter_map(|n| self.find(n).ok()).collect()
    }
}

fn module_name(path: &Path) -> Option<String> {
    (path.extension()? == "rhai").then(|| path.file_stem()?.to_str().map(str::to_owned))?
}

/// The compiled-in module `name`.
pub fn built_in(name: &str) -> Option<Module> {
    let file = BUILT_IN.get_file(format!("{name}.rhai"))?;
    Some(Module {
        name: name.to_owned(),
        place: Place::BuiltIn,
        path: None,
        text: file.contents_utf8()?.to_owned(),
    })
}

/// A file that comes with the program, such as `node-image/entrypoint` or `stdlib/engine/launch.sh`.
pub fn asset(path: &str) -> Option<&'static [u8]> {
    let (root, rest) = path.split_once('/')?;
    let dir = match root {
        "node-image" => &NODE_IMAGE,
        "stdlib" => &BUILT_IN,
        _ => return None,
    };
    dir.get_file(rest).map(include_dir::File::contents)
}

/// Paths of all files below an asset folder, relative to it.
pub fn asset_files(path: &str) -> Vec<String> {
    fn walk(dir: &Dir<'_>, out: &mut Vec<String>) {
        out.extend(dir.files().map(|f| f.path().display().to_string()));
        for sub in dir.dirs() {
            walk(sub, out);
        }
    }
    let (root, rest) = path.split_once('/').unwrap_or((path, ""));
    let dir = match root {
        "node-image" => &NODE_IMAGE,
        "stdlib" => &BUILT_IN,
        _ => return Vec::new(),
    };
    let mut all = Vec::new();
    walk(dir, &mut all);
    all.sort();
    let prefix = if rest.is_empty() { String::new() } else { format!("{}/", rest.trim_end_matches('/')) };
    all.into_iter().filter_map(|p| p.strip_prefix(&prefix).map(str::to_owned)).collect()
}

/// The user's config folder of this program.
pub fn config_dir() -> PathBuf {
    crate::host::dirs::config()
}

/// The name nearest to `name`, when one is near.
pub fn closest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    among
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        // not so far that nothing of the name is left
        .filter(|(distance, candidate)| {
            *distance <= 1 + candidate.len() / 4 && *distance < name.chars().count()
        })
        .min()
        .map(|(_, candidate)| candidate)
}
