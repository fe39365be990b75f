//! Which files are meant: `*_test.rhai` below folders, or files by name.

use crate::error::{Error, Result};
use crate::host::fs;
use std::path::{Path, PathBuf};

/// What files of tests end with.
const ENDING: &str = "_test.rhai";
/// Folders that are never looked into, besides hidden ones.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// A file, and the one test of it that was asked for (`FILE::TEST`).
pub type Found = (PathBuf, Option<String>);

/// The files behind `paths`, each once, in order; the working folder when there are no paths.
pub fn discover(paths: &[String]) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    let here = [".".to_owned()];
    for path in if paths.is_empty() { &here[..] } else { paths } {
        let (file, test) = match path.split_once("::") {
            Some((file, test)) => (Path::new(file), Some(test.to_owned())),
            None => (Path::new(path.as_str()), None),
        };
        let mut add = |file: PathBuf| {
            if !found.iter().any(|(other, of)| *other == file && (of.is_none() || *of == test)) {
                found.push((file, test.clone()));
            }
        };
        if file.is_dir() {
            let mut files = Vec::new();
            below(file, &mut files)?;
            files.into_iter().for_each(&mut add);
        } else if file.is_file() {
            add(file.to_owned());
        } else {
            return Err(Error::user(
                "test.not_found",
                format!("there is no file or folder {}", file.display()),
            )
            .hint("kind test takes files, folders with *_test.rhai in them, and FILE::TEST"));
        }
    }
    Ok(found)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = fs::list(folder)?;
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // a link to a folder could go in a circle
        if path.is_dir() && !path.is_symlink() {
            if !name.starts_with('.') && !SKIPPED.contains(&name) {
                below(&path, files)?;
            }
        } else if name.ends_with(ENDING) {
            files.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_files_come_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in
            ["b_test.rhai", "a/a_test.rhai", "a/helper.rhai", ".git/x_test.rhai", "target/y_test.rhai"]
        {
            fs::write(&at(name), b"", 0o644).expect("written");
        }
        let text = |name: &str| at(name).display().to_string();
        let found =
            |paths: &[String]| discover(paths).map(|all| all.into_iter().map(|(path, _)| path).collect());
        let root = folder.path().display().to_string();
        assert_eq!(
            found(&[root, text("a/a_test.rhai")]).ok(),
            Some(vec![at("a/a_test.rhai"), at("b_test.rhai")])
        );
        assert_eq!(found(&[text("a/helper.rhai")]).ok(), Some(vec![at("a/helper.rhai")]));
        let one = discover(&[text("b_test.rhai") + "::test_x"]).expect("found");
        assert_eq!(one, [(at("b_test.rhai"), Some("test_x".to_owned()))]);
        assert_eq!(
            discover(&[text("none")]).err().map(|e| e.code().to_owned()),
            Some("test.not_found".into())
        );
    }
}
