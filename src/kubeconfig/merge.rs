//! A cluster's entry into the files, and out of them.

use super::file::{read, resolve, write};
use super::lock::Lock;
use super::model::Kubeconfig;
use super::paths::destination;
use crate::config::ClusterName;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Merges `new` into the one of `paths` (see `paths`) that kubectl would write to, and makes its
/// context the current one; returns that file.
///
/// Nothing is written when the file there is malformed (`kubeconfig.malformed`), locked (`kubeconfig.locked`)
/// or cannot be written (`kubeconfig.write`).
pub fn merge(new: &Kubeconfig, paths: &[PathBuf]) -> Result<PathBuf> {
    let path = destination(paths)
        .ok_or_else(|| Error::internal("kubeconfig.paths", "there is no kubeconfig file to write to"))?;
    change(path, |config| {
        config.insert(new);
        true
    })?;
    Ok(path.to_owned())
}

/// Takes a cluster's entries out of every file that exists, and the current context where it is the cluster's;
/// returns the files that changed. All files are tried; the first error is returned at the end.
pub fn remove(cluster: &ClusterName, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let name = cluster.context();
    let mut changed = Vec::new();
    let mut failed = None;
    for path in paths.iter().filter(|path| path.exists()) {
        match change(path, |config| config.take_out(&name)) {
            Ok(true) => changed.push(path.clone()),
            Ok(false) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(changed), Err)
}

/// Reads, changes and writes a file under its lock; tells whether there was a change.
fn change(path: &Path, how: impl FnOnce(&mut Kubeconfig) -> bool) -> Result<bool> {
    let _lock = Lock::take(path)?;
    // kubectl locks the name it is given; two names of one file need the file's own lock too
    let target = resolve(path);
    let _target_lock = if target == path { None } else { Some(Lock::take(&target)?) };
    let mut config = read(path)?;
    let changed = how(&mut config);
    if changed {
        write(path, &config)?;
    }
    Ok(changed)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "files of a test's own folder")]
mod tests {
    use super::*;
    use std::fs;
    use std::thread;

    fn name(text: &str) -> ClusterName {
        ClusterName::parse(text).unwrap()
    }

    fn config(cluster: &str) -> Kubeconfig {
        let admin = "apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: s}}]
users: [{name: u, user: {client-key-data: S0VZ}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
";
        super::super::render(admin, &name(cluster), Some("https://127.0.0.1:1")).unwrap()
    }

    #[test]
    fn fifty_at_once_are_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b/config");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        thread::scope(|scope| {
            for i in 0..50 {
                let path = if i % 2 == 0 { file.clone() } else { link.clone() };
                scope.spawn(move || merge(&config(&format!("c{i}")), &[path]).unwrap());
            }
        });
        let all = read(&file).unwrap();
        assert_eq!(all.contexts().len(), 50);
        thread::scope(|scope| {
            for i in 0..50 {
                let path = file.clone();
                scope.spawn(move || remove(&name(&format!("c{i}")), &[path]).unwrap());
            }
        });
        assert_eq!(fs::read_to_string(&file).unwrap(), "apiVersion: v1\nkind: Config\n");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn removal_looks_into_every_file_and_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let list: Vec<PathBuf> = ["a", "b", "c/d"].iter().map(|part| folder.path().join(part)).collect();
        merge(&config("one"), &list[..1]).unwrap();
        merge(&config("one"), &list[1..2]).unwrap();
        merge(&config("two"), &list[1..2]).unwrap();
        assert_eq!(remove(&name("one"), &list).unwrap(), list[..2]);
        assert_eq!(read(&list[1]).unwrap().current_context(), Some("kind-two"));
        assert!(!folder.path().join("c").exists());
        assert!(remove(&name("one"), &list).unwrap().is_empty());
    }

    #[test]
    fn a_malformed_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, "users:\n- name: [\n").unwrap();
        let error = merge(&config("one"), std::slice::from_ref(&file)).unwrap_err();
        assert_eq!(error.code(), "kubeconfig.malformed");
        assert!(error.message().contains("config:"), "{error:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "users:\n- name: [\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
