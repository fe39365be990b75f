//! kubectl as a user has it: on the host, with a kubeconfig file. Taken from the node image, so that every
//! machine has the same.

use super::clusters::{Cluster, KEPT};
use super::home::{Home, Ran, run};
use super::{IMAGE, engine};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The program.
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let folder = tempfile::Builder::new().prefix("kind-test-bin-").tempdir().unwrap().keep();
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(folder.clone());
        let body = format!("{{\"Image\":\"{IMAGE}\"}}");
        let (status, answer) = engine::request("POST", "/containers/create", &body);
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
        let id: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let id = id["Id"].as_str().unwrap();
        let bytes = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].iter().find_map(|p| engine::file(id, p));
        engine::remove(id);
        let path = folder.join("kubectl");
        std::fs::write(&path, bytes.expect("the node image has kubectl")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    })
}

/// Runs kubectl with what the environment of `home` names.
#[track_caller]
pub fn kubectl(home: &Home, args: &[&str], input: &str) -> Ran {
    run(home.program(path(), args), input)
}

impl Cluster {
    /// Runs kubectl on this cluster.
    #[track_caller]
    pub fn kubectl(&self, args: &[&str]) -> Ran {
        self.kubectl_with(args, "")
    }
    /// The same with a text on its standard input.
    #[track_caller]
    pub fn kubectl_with(&self, args: &[&str], input: &str) -> Ran {
        let context = self.context();
        let mut all = vec!["--context", &context];
        all.extend(args);
        kubectl(&self.home, &all, input)
    }
    /// Applies manifests, once the default service account is there.
    #[track_caller]
    pub fn apply(&self, manifests: &str) {
        self.eventually(&["get", "serviceaccount", "default"], |ran| ran.code == 0);
        self.kubectl_with(&["apply", "-f", "-"], manifests).ok();
    }
    /// Waits for a condition, as `kubectl wait` does.
    #[track_caller]
    pub fn wait_for(&self, condition: &str, what: &str) {
        self.kubectl(&["wait", "--timeout=5m", &format!("--for={condition}"), what]).ok();
    }
    /// Asks again until the answer is the wanted one.
    #[track_caller]
    pub fn eventually(&self, args: &[&str], wanted: impl Fn(&Ran) -> bool) -> Ran {
        let end = Instant::now() + Duration::from_mins(5);
        loop {
            let ran = self.kubectl(args);
            if wanted(&ran) {
                return ran;
            }
            assert!(Instant::now() < end, "kubectl {args:?} never gave what was waited for, last:\n{ran:?}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}
