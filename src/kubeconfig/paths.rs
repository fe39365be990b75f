//! Which files count, by kubectl's rules.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The files to look at: the one given by `--kubeconfig` alone; else those of `$KUBECONFIG` (`env`), without
/// empty and repeated ones; else `.kube/config` in `home`. None where there would have to be a home and is none.
pub fn paths(explicit: Option<&Path>, env: Option<&OsStr>, home: Option<&Path>) -> Vec<PathBuf> {
    if let Some(path) = explicit.filter(|path| !path.as_os_str().is_empty()) {
        return vec![path.to_owned()];
    }
    let mut seen = HashSet::new();
    let listed: Vec<PathBuf> = env
        .map(|list| std::env::split_paths(list).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
        .filter(|path| !path.as_os_str().is_empty() && seen.insert(path.clone()))
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    home.map(|home| home.join(".kube").join("config")).into_iter().collect()
}

/// The file that a new entry goes to: the first that exists, else the last.
pub fn destination(paths: &[PathBuf]) -> Option<&Path> {
    paths.iter().find(|path| path.exists() && !path.is_dir()).or(paths.last()).map(PathBuf::as_path)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "files of a test's own folder")]
mod tests {
    use super::*;

    #[test]
    fn the_flag_comes_before_the_variable_before_home() {
        let home = Some(Path::new("/home/me"));
        let env = OsStr::new("/a::/b:/a");
        assert_eq!(paths(Some(Path::new("x")), Some(env), home), [PathBuf::from("x")]);
        assert_eq!(paths(None, Some(env), home), [PathBuf::from("/a"), PathBuf::from("/b")]);
        for empty in [None, Some(OsStr::new("")), Some(OsStr::new(":"))] {
            assert_eq!(paths(None, empty, home), [PathBuf::from("/home/me/.kube/config")]);
            assert!(paths(None, empty, None).is_empty());
        }
        assert_eq!(paths(None, Some(env), None).len(), 2, "home is not needed");
    }

    #[test]
    fn a_new_entry_goes_to_the_first_file_that_exists_else_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let list: Vec<PathBuf> = ["a", "b", "c"].iter().map(|name| folder.path().join(name)).collect();
        assert_eq!(destination(&list), Some(list[2].as_path()));
        std::fs::create_dir(&list[0]).unwrap();
        std::fs::write(&list[1], "").unwrap();
        assert_eq!(destination(&list), Some(list[1].as_path()));
        assert_eq!(destination(&[]), None);
    }
}
