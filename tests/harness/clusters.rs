//! Clusters of tests: named after the run and the test, deleted at its end.

use super::home::{Home, Ran};
use super::{engine, slots};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Names of this run's clusters begin with this.
pub fn prefix() -> String {
    format!("kt-{}-", std::process::id())
}

/// A cluster of one test, deleted when dropped. It need not exist yet.
pub struct Cluster {
    pub name: String,
    pub home: Home,
    _slot: slots::Slots,
}

impl Cluster {
    /// A name and a home; waits until one more cluster may be made.
    pub fn named(name: &str) -> Self {
        let slot = slots::take(1);
        Self { name: format!("{}{name}", prefix()), home: Home::new(), _slot: slot }
    }
    /// The same for a cluster of many nodes, which counts for two.
    pub fn large(name: &str) -> Self {
        let slot = slots::take(2);
        Self { name: format!("{}{name}", prefix()), home: Home::new(), _slot: slot }
    }
    /// A cluster of exactly this name, for recordings.
    pub fn exactly(name: &str) -> Self {
        Self { name: name.to_owned(), home: Home::new(), _slot: slots::take(1) }
    }
    /// Runs `kind create cluster` with further arguments; does not look at what came of it.
    #[track_caller]
    pub fn create(&self, args: &[&str]) -> Ran {
        let mut all = vec!["create", "cluster", "--name", &self.name];
        all.extend(args);
        self.home.kind(&all)
    }
    /// The same with a config (its `kind` and `apiVersion` are put in front).
    #[track_caller]
    pub fn create_with(&self, config: &str, args: &[&str]) -> Ran {
        let mut all = vec!["create", "cluster", "--name", &self.name, "--config", "-"];
        all.extend(args);
        self.home.kind_with(&all, &format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{config}"))
    }
    #[track_caller]
    pub fn delete(&self) -> Ran {
        self.home.kind(&["delete", "cluster", "--name", &self.name])
    }
    /// The name of its node; `suffix` such as `worker2`.
    pub fn node(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.name)
    }
    pub fn context(&self) -> String {
        format!("kind-{}", self.name)
    }

    /// What must be gone after a delete, a failure or an interruption: nodes, their volumes, kubeconfig entries,
    /// temporary folders.
    #[track_caller]
    pub fn nothing_is_left(&self, volumes: &[String]) {
        assert_eq!(engine::nodes(&self.name), [""; 0], "containers of {}", self.name);
        let there = engine::volumes();
        let left: Vec<_> = volumes.iter().filter(|v| there.contains(v)).collect();
        assert!(left.is_empty(), "volumes {left:?} are left");
        let kubeconfig = self.home.kubeconfig_value().to_string();
        assert!(!kubeconfig.contains(&self.name), "the kubeconfig has {} still: {kubeconfig}", self.name);
        // Evidence of a failure is for the user, and named in the messages.
        let mut files = self.home.temporary_files();
        files.retain(|name| !name.contains("-evidence-"));
        assert!(files.is_empty(), "temporary files are left: {files:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !engine::nodes(&self.name).is_empty() {
            delete(&self.name);
        }
    }
}

/// Removes a cluster's nodes through the engine alone, for tests in which the program cannot.
pub fn remove_nodes(name: &str) {
    for node in engine::nodes(name) {
        engine::remove(&node);
    }
}

/// Deletes a cluster by the program; by the engine when that fails.
fn delete(name: &str) {
    let ran = Home::new().kind(&["delete", "cluster", "--name", name]);
    for node in engine::nodes(name) {
        eprintln!("tests: {node} is removed by the engine, since the program did not: {}", ran.stderr);
        engine::remove(&node);
    }
}

/// Names of all clusters the engine has that begin with `kt-`.
fn clusters_of_tests() -> Vec<String> {
    let list = engine::containers("io.x-k8s.kind.cluster");
    let mut names: Vec<String> = list
        .iter()
        .filter_map(|node| {
            let info = engine::container(node);
            Some(info["Config"]["Labels"]["io.x-k8s.kind.cluster"].as_str()?.to_owned())
        })
        .filter(|name| name.starts_with("kt-"))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The process of the run that a container belongs to: of a cluster (kt-PID-…), or of a test of the engine
/// (kind-test-NAME-PID-…).
pub fn run_of(container: &str) -> Option<u32> {
    if let Some(rest) = container.strip_prefix("kt-") {
        return rest.split('-').next()?.parse().ok();
    }
    container.strip_prefix("kind-test-")?.split('-').find_map(|part| part.parse().ok())
}

/// Deletes clusters of earlier runs that were killed.
pub fn sweep_stale() {
    for name in clusters_of_tests() {
        let pid = name.split('-').nth(1).unwrap_or_default();
        if !std::path::Path::new(&format!("/proc/{pid}")).exists() {
            delete(&name);
        }
    }
}

/// Deletes the shared cluster and what tests have left.
pub fn delete_all_of_this_run() {
    if let Some(Ok(_)) = SHARED.get() {
        delete(&format!("{}shared", prefix()));
    }
    if engine::found().is_some() {
        for name in clusters_of_tests().iter().filter(|name| name.starts_with(&prefix())) {
            delete(name);
        }
        // a test of the engine that was interrupted
        let own = |name: &&String| run_of(name) == Some(std::process::id());
        for name in engine::all_containers().iter().filter(own) {
            engine::remove(name);
        }
    }
    // Homes of values that live as long as the program are not dropped.
    for path in KEPT.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = std::fs::remove_dir_all(path);
    }
}

static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
/// Folders to remove at the end of the run.
pub static KEPT: Mutex<Vec<std::path::PathBuf>> = Mutex::new(Vec::new());

/// The cluster for all that only reads: a control plane and a worker, both ready. Made when first asked for.
#[track_caller]
pub fn shared() -> &'static Cluster {
    let made = SHARED.get_or_init(|| {
        let cluster = Cluster::named("shared");
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(cluster.home.root());
        let ran = cluster.create_with("nodes:\n- role: control-plane\n- role: worker\n", &["--wait", "5m"]);
        if ran.code != 0 {
            return Err(format!("the shared cluster could not be made:\n{}", ran.stderr));
        }
        Ok(cluster)
    });
    match made {
        Ok(cluster) => cluster,
        Err(why) => panic!("{why}"),
    }
}
