//! Files and folders as candidates.

use crate::host::fs;
use crate::repl::Candidate;
use std::path::Path;

/// A path cut into its folder (with the slash at its end) and the beginning of a name.
pub fn split(typed: &str) -> (&str, &str) {
    typed.split_at(typed.rfind('/').map_or(0, |i| i + 1))
}

/// Names of `entries` (folders end with a slash) that begin with what is typed, as candidates for the whole path.
/// What is hidden is shown only to who asks for it.
pub fn matching<'a>(typed: &str, entries: impl Iterator<Item = &'a str>) -> Vec<Candidate> {
    let (folder, name) = split(typed);
    entries
        .filter(|entry| entry.starts_with(name) && (!entry.starts_with('.') || name.starts_with('.')))
        .map(|entry| Candidate::shown_as(format!("{folder}{entry}"), entry))
        .collect()
}

/// Files of this machine, relative to `root` unless the path is absolute. With `ending` only files that end so, and folders.
pub fn here(root: &Path, typed: &str, ending: &str) -> Vec<Candidate> {
    let (folder, _) = split(typed);
    let place = match folder.strip_prefix("~/").zip(std::env::home_dir()) {
        Some((rest, home)) => home.join(rest),
        // no folder at all is the one we are in
        None => root.join(if folder.is_empty() { "." } else { folder }),
    };
    let entries: Vec<String> = fs::list(&place)
        .unwrap_or_default()
        .iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let entry = if path.is_dir() { format!("{name}/") } else { name.to_owned() };
            (entry.ends_with('/') || entry.ends_with(ending)).then_some(entry)
        })
        .collect();
    matching(typed, entries.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_folder() {
        let entries = ["hosts", "hostname", "kubernetes/", ".pwd.lock"];
        let texts = |typed: &str| -> Vec<String> {
            matching(typed, entries.into_iter()).into_iter().map(|c| c.text).collect()
        };
        assert_eq!(texts("/etc/host"), ["/etc/hosts", "/etc/hostname"]);
        assert_eq!(texts("/etc/k"), ["/etc/kubernetes/"]);
        assert_eq!(texts("/etc/."), ["/etc/.pwd.lock"]);
        assert_eq!(texts("/etc/").len(), 3);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = here(root, "stdlib/cre", ".rhai");
        assert_eq!(found, [Candidate::shown_as("stdlib/create.rhai", "create.rhai")]);
        assert_eq!(here(root, "Cargo.to", ".rhai"), []);
    }
}
