//! What a script may do to this machine.
//!
//! The commands of the program and `--allow-host` may do everything. A user's script without it uses the engine,
//! its own folder and the kubeconfig; what it asks of the standard library stays within the same bounds, and within
//! the program's own folders. This keeps honest scripts from surprises; it is no wall against malice: whoever may
//! run a command on a node runs it in a privileged container.

use super::resolver::is_stdlib;
use super::run::Run;
use crate::error::{Error, Result};
use crate::host::dirs;
use rhai::NativeCallContext;
use std::path::{Component, Path, PathBuf};

/// Modules of the standard library that run programs of the host.
const RUNS_PROGRAMS: [&str; 11] = [
    "emulation",
    "engine",
    "host_packages",
    "load_balancer",
    "node_image",
    "node_image_base",
    "node_image_binaries",
    "node_image_compiler",
    "node_image_pods",
    "node_image_store",
    "node_image_versions",
];
/// Those of them that do what their caller says, so that only the standard library may import them.
const INTERNAL: [&str; 7] = [
    "emulation",
    "host_packages",
    "node_image_base",
    "node_image_binaries",
    "node_image_compiler",
    "node_image_pods",
    "node_image_store",
];

/// Who calls a native.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// May do everything.
    Trusted,
    /// The standard library, for a script that is not trusted.
    Library,
    /// A script that is not trusted.
    Script,
}

fn caller(run: &Run, ctx: &NativeCallContext<'_>) -> Caller {
    let library = ctx.call_source().is_some_and(is_stdlib);
    match (run.options.allow_host, run.options.trusted, library) {
        (true, ..) | (_, true, true) => Caller::Trusted,
        (_, _, true) => Caller::Library,
        _ => Caller::Script,
    }
}

fn refused(what: &str) -> Error {
    Error::user("script.not_allowed", format!("{what}, which this script may not"))
        .hint("--allow-host lets it; give it to what you trust")
}

/// Running programs and the like: for what is trusted, and the parts of the library that are for it.
pub fn program(run: &Run, ctx: &NativeCallContext<'_>, what: &str) -> Result<()> {
    match caller(run, ctx) {
        Caller::Trusted => Ok(()),
        Caller::Library if ctx.call_source().is_some_and(|source| is_one_of(source, &RUNS_PROGRAMS)) => {
            Ok(())
        }
        _ => Err(refused(&format!("{what} touches the host"))),
    }
}

/// Looking at the host beyond files, which the library may.
pub fn look(run: &Run, ctx: &NativeCallContext<'_>, what: &str) -> Result<()> {
    if caller(run, ctx) == Caller::Script {
        return Err(refused(&format!("{what} touches the host")));
    }
    Ok(())
}

/// Reading a file of the host, or asking whether it is there. What builds needs the compilers' headers and what Go has
/// downloaded, wherever those are; no script that is not trusted can tell it what to read.
pub fn read(run: &Run, ctx: &NativeCallContext<'_>, what: &str, path: &Path) -> Result<()> {
    if ctx.call_source().is_some_and(|source| is_stdlib(source) && is_one_of(source, &INTERNAL)) {
        return Ok(());
    }
    self::path(run, ctx, what, path)
}

/// Changing a file of the host.
pub fn path(run: &Run, ctx: &NativeCallContext<'_>, what: &str, path: &Path) -> Result<()> {
    let caller = caller(run, ctx);
    let mut places: Vec<PathBuf> = run.options.folder.clone().into_iter().collect();
    match caller {
        Caller::Trusted => return Ok(()),
        // Its own folders, and those for the kubeconfigs of clusters, which it names kind-….
        Caller::Library => {
            places.extend([dirs::data(), dirs::cache()]);
            places.extend(run.options.library_folders.iter().cloned());
        }
        Caller::Script => {}
    }
    let real = resolve(path);
    let temporary = || {
        let below = real.strip_prefix(resolve(&std::env::temp_dir())).ok();
        let first = below.and_then(|rest| rest.components().next());
        first.is_some_and(|name| name.as_os_str().to_string_lossy().starts_with("kind-"))
    };
    if places.iter().any(|place| real.starts_with(resolve(place)))
        || (caller == Caller::Library && temporary())
    {
        return Ok(());
    }
    let own = match &run.options.folder {
        Some(folder) => format!(" outside of {}", folder.display()),
        None => String::new(),
    };
    Err(refused(&format!("{what} touches {}{own}", path.display())))
}

/// Folders of the host that a container is to see.
pub fn mounts<'a>(
    run: &Run,
    ctx: &NativeCallContext<'_>,
    sources: impl Iterator<Item = &'a str>,
) -> Result<()> {
    for source in sources.filter(|source| source.starts_with('/') && *source != "/lib/modules") {
        path(run, ctx, "mounting a folder of the host", Path::new(source))?;
    }
    Ok(())
}

/// Whether a script of this name may import a module of the standard library.
pub fn import(run_is_trusted: bool, from: Option<&str>, module: &str) -> Result<()> {
    let inner = from.is_some_and(is_stdlib);
    if run_is_trusted || inner || !INTERNAL.contains(&module) {
        return Ok(());
    }
    Err(refused(&format!("std/{module} runs programs of the host")))
}

fn is_one_of(source: &str, modules: &[&str]) -> bool {
    Path::new(source).file_stem().is_some_and(|stem| modules.iter().any(|module| stem == *module))
}

/// The path with every link in it followed, as far as it is there; what is not there yet is appended.
fn resolve(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                // `..` means the parent of where a link leads
                plain = canonical(&plain);
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    canonical(&plain)
}

fn canonical(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            // a link that leads to nothing could be written through
            let target = path.read_link().ok();
            match target {
                Some(target) => resolve(&canonical(parent).join(target)),
                None => canonical(parent).join(name),
            }
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_dots_lead_where_they_lead() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        crate::host::fs::link(Path::new("/etc"), &root.join("out")).expect("a link");
        crate::host::fs::link(Path::new("/nowhere/at-all"), &root.join("dangling")).expect("a link");
        assert_eq!(resolve(&root.join("a/../b")), root.join("b"));
        assert_eq!(resolve(&root.join("out/passwd")), Path::new("/etc/passwd"));
        assert_eq!(resolve(&root.join("out/../x")), Path::new("/x"));
        assert_eq!(resolve(&root.join("dangling")), Path::new("/nowhere/at-all"));
        assert_eq!(resolve(&root.join("new/file")), root.join("new/file"));
    }
}
