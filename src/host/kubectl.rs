//! kubectl of this machine, held to one cluster: which of its verbs and files a script may use that was not trusted
//! with the machine.

use super::process::{self, Command};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A cluster for kubectl, and the folder that relative paths begin in.
#[derive(Debug, Clone)]
pub struct Target {
    /// A file with the cluster's kubeconfig alone.
    pub kubeconfig: PathBuf,
    /// Folder of the script.
    pub folder: PathBuf,
}

/// Verbs that do nothing but talk to the API server. All else (cp, port-forward, proxy, config, plugins, …) reads,
/// writes or opens something of this machine.
const VERBS: &[&str] = &[
    "annotate",
    "api-resources",
    "api-versions",
    "apply",
    "auth",
    "autoscale",
    "cluster-info",
    "cordon",
    "create",
    "delete",
    "describe",
    "drain",
    "events",
    "exec",
    "explain",
    "expose",
    "get",
    "label",
    "logs",
    "patch",
    "replace",
    "rollout",
    "run",
    "scale",
    "set",
    "taint",
    "top",
    "uncordon",
    "version",
    "wait",
];
/// Flags that would lead elsewhere, or write files.
const REFUSED: &[&str] = &[
    "--kubeconfig",
    "--server",
    "-s",
    "--context",
    "--cluster",
    "--user",
    "--token",
    "--username",
    "--password",
    "--cache-dir",
    "--certificate-authority",
    "--client-certificate",
    "--client-key",
    "--insecure-skip-tls-verify",
    "--tls-server-name",
    "--profile",
    "--profile-output",
    "--output-directory",
    "--log-file",
    "--log-dir",
    "--kuberc",
    "--raw",
    "--editor",
];
/// Flags whose value is a file that is read. A key may stand in front of it (`--from-file=key=path`).
const FILES: &[&str] = &[
    "-f",
    "--filename",
    "-k",
    "--kustomize",
    "--from-file",
    "--from-env-file",
    "--patch-file",
    "--cert",
    "--key",
];

impl Target {
    /// kubectl with these words. Unless `trusted`, they are checked first.
    ///
    /// # Errors
    /// `kubectl.missing` when it is not installed, `script.not_allowed` for words that reach beyond the cluster.
    pub fn command(&self, words: &[String], stdin: Option<Vec<u8>>, trusted: bool) -> Result<Command> {
        let program = process::which("kubectl").ok_or_else(|| {
            Error::user("kubectl.missing", "there is no kubectl in PATH")
                .hint("c.kubectl(…) runs the one that every control plane has")
        })?;
        if !trusted {
            self.check(words)?;
        }
        let mut argv =
            vec![program.display().to_string(), format!("--kubeconfig={}", self.kubeconfig.display())];
        argv.extend(words.iter().cloned());
        // no settings or plugins of the user: the same everywhere, and nothing of theirs is reached
        let home = self.kubeconfig.parent().unwrap_or(Path::new("/")).display().to_string();
        let mut env = BTreeMap::from([("HOME".to_owned(), home), ("KUBERC".to_owned(), "off".to_owned())]);
        env.insert("PATH".to_owned(), std::env::var("PATH").unwrap_or_default());
        Ok(Command { argv, cwd: Some(self.folder.clone()), env, stdin, clean_env: true })
    }

    fn check(&self, words: &[String]) -> Result<()> {
        let verb = words.first().map_or("", String::as_str);
        if !VERBS.contains(&verb) {
            return Err(refused(&format!("kubectl {verb}"))
                .hint(format!("the verb comes first; without that flag there are: {}", VERBS.join(", "))));
        }
        let mut words = words.iter().skip(1).map(String::as_str).peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) if word.starts_with("--") => (flag, Some(value)),
                _ => (word, None),
            };
            if REFUSED.contains(&flag) || is_output_file(word) {
                return Err(refused(&format!("kubectl {flag}")));
            }
            if FILES.contains(&flag) {
                self.inside(value.or_else(|| words.peek().copied()).unwrap_or_default())?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
                self.check_short(letters, words.peek().copied())?;
            }
        }
        Ok(())
    }

    /// Short flags in one word, such as `-Rfmanifests`; a value may follow in the next word.
    fn check_short(&self, letters: &str, next: Option<&str>) -> Result<()> {
        for (index, letter) in letters.char_indices() {
            let rest = letters[index + letter.len_utf8()..].trim_start_matches('=');
            match letter {
                's' => return Err(refused(&format!("kubectl -{letters}"))),
                'f' | 'k' => {
                    return self.inside(if rest.is_empty() { next.unwrap_or_default() } else { rest });
                }
                // the rest is the value of this one
                'c' | 'e' | 'L' | 'l' | 'n' | 'o' | 'p' | 'v' => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether each of the paths of a flag's value lies in the script's folder, links followed.
    fn inside(&self, value: &str) -> Result<()> {
        for path in value.split(',') {
            let path = path.split_once('=').map_or(path, |(_, path)| path);
            if path == "-" {
                continue;
            }
            let plain =
                Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
            let real = super::fs::canonical(&self.folder.join(path));
            let folder = super::fs::canonical(&self.folder)?;
            // one that is not there is kubectl's to complain about
            let within = real.is_ok_and(|real| real.starts_with(&folder)) || !self.folder.join(path).exists();
            if !plain || !within || path.contains("://") {
                return Err(refused(&format!("kubectl with the file {path}"))
                    .hint(format!("files below {} may be used", self.folder.display())));
            }
        }
        Ok(())
    }
}

/// `-o jsonpath-file=…` and the like read files.
fn is_output_file(word: &str) -> bool {
    ["jsonpath-file", "go-template-file", "templatefile", "custom-columns-file"]
        .iter()
        .any(|form| word.contains(form))
        || word.starts_with("--template=")
}

fn refused(what: &str) -> Error {
    Error::user("script.not_allowed", format!("{what} touches the host, which this script may not"))
        .hint("--allow-host lets it; give it to what you trust")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_reach_beyond_the_cluster_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        crate::host::fs::write(&folder.path().join("a.yaml"), b"", 0o644).expect("written");
        crate::host::fs::link(Path::new("/etc/hostname"), &folder.path().join("link")).expect("linked");
        let target = Target { kubeconfig: folder.path().join("config"), folder: folder.path().to_owned() };
        let check = |line: &str| target.check(&shlex::split(line).expect("words"));
        for line in [
            "get nodes -o wide",
            "get pods -n kube-system -l app=x",
            "apply -f a.yaml",
            "apply -f=a.yaml -f -",
            "apply --filename a.yaml,./a.yaml",
            "create configmap x --from-file=key=a.yaml",
            "exec -it pod -- cat -f /etc/passwd",
            "logs -f pod",
            "apply -f missing.yaml",
            "logs -pf pod",
            "get pods -owide -nkube-system",
        ] {
            assert!(check(line).is_ok(), "{line}: {:?}", check(line));
        }
        for line in [
            "",
            "cp pod:/x /tmp/x",
            "port-forward pod 80",
            "some-plugin",
            "--kubeconfig=/root/.kube/config get nodes",
            "get nodes --kubeconfig /root/.kube/config",
            "get nodes -s https://other",
            "get nodes -shttps://other",
            "apply -f /etc/passwd",
            "apply -f../x",
            "apply -f https://example.org/x.yaml",
            "apply -Rf /etc",
            "apply -Rf/etc",
            "get pods -As https://other",
            "create configmap x --from-file /etc/shadow",
            "create configmap x --from-file=key=/etc/shadow",
            "apply -f a.yaml,/etc/passwd",
            "apply -f link",
            "get pods -o jsonpath-file=/etc/passwd",
            "get --raw /",
        ] {
            assert_eq!(
                check(line).err().map(|e| e.code().to_owned()),
                Some("script.not_allowed".into()),
                "{line}"
            );
        }
    }
}
