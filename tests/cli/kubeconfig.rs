//! Kubeconfig files as kubectl and upstream kind treat them.

use crate::harness::home::{Running, run};
use crate::harness::{Cluster, Home, engine, kubectl, plain, real, shared, skips_engine, upstream};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

pub fn tests() -> Vec<Trial> {
    let compared = skips_engine() || !upstream::is_possible() || !crate::cli::upstream::docker_is_there();
    vec![
        plain("kubeconfig::fifty_programs_write_at_once", fifty_programs_write_at_once),
        real("kubeconfig::what_cannot_be_changed_is_told_and_kept", what_cannot_be_changed_is_told_and_kept),
        real("kubeconfig::a_lock_of_kubectl_is_waited_for", a_lock_of_kubectl_is_waited_for),
        real("kubeconfig::a_cluster_may_have_a_file_of_its_own", a_cluster_may_have_a_file_of_its_own),
        real("kubeconfig::a_file_that_cannot_be_written_costs_no_cluster", a_bad_file_costs_no_cluster),
        real(
            "kubeconfig::clusters_that_cannot_be_deleted_are_told",
            clusters_that_cannot_be_deleted_are_told,
        ),
        real("kubeconfig::deletion_leaves_what_upstream_leaves", deletion_leaves_what_upstream_leaves)
            .with_ignored_flag(compared),
        real("kubeconfig::exports_are_as_upstreams", exports_are_as_upstreams).with_ignored_flag(compared),
    ]
}

/// A kubeconfig with entries of these clusters of kind, and one of somebody else's.
fn with_clusters(names: &[&str], current: &str) -> String {
    let mut entries = (Vec::new(), Vec::new(), Vec::new());
    for name in names.iter().map(|name| format!("kind-{name}")).chain(["work".to_owned()]) {
        entries.0.push(json!({"name": name, "cluster": {"server": "https://127.0.0.1:1"}}));
        entries.1.push(json!({"name": name, "user": {"token": "secret"}}));
        entries.2.push(json!({"name": name, "context": {"cluster": name, "user": name}}));
    }
    json!({"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": current,
           "clusters": entries.0, "users": entries.1, "contexts": entries.2})
    .to_string()
}

fn value(path: &Path) -> Value {
    kind::yaml::parse(&std::fs::read_to_string(path).unwrap(), "the kubeconfig").unwrap()
}

fn fifty_programs_write_at_once() {
    let home = Home::new();
    let writers: Vec<Running> = (0..50)
        .map(|number| {
            let code = format!(
                "let admin = `{}`; kubeconfig::merge(kubeconfig::render(admin, \"c{number}\", \"\"), \"\");",
                "clusters: [{name: c, cluster: {server: s}}]\nusers: [{name: u, user: {token: t}}]\n\
                 contexts: [{name: x, context: {cluster: c, user: u}}]\n"
            );
            Running::start(home.command(&["run", "--allow-host", "-e", &code]), "")
        })
        .collect();
    for writer in writers {
        writer.end().ok();
    }
    let config = home.kubeconfig_value();
    for part in ["clusters", "users", "contexts"] {
        assert_eq!(config[part].as_array().map(Vec::len), Some(50), "{part}: {config}");
    }
    let folder = home.kubeconfig();
    let left: Vec<_> = std::fs::read_dir(folder.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("kubeconfig") && name != "kubeconfig")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn what_cannot_be_changed_is_told_and_kept() {
    let c = shared();
    let home = Home::new();
    let export = |file: &Path| {
        home.kind(&["export", "kubeconfig", "--name", &c.name, "--kubeconfig", &file.display().to_string()])
    };
    let malformed = home.file("malformed", "users:\n- name: [secret\n");
    export(&malformed).code(1).stdout("").tells(&malformed.display().to_string()).tells_not("secret");
    assert_eq!(std::fs::read_to_string(&malformed).unwrap(), "users:\n- name: [secret\n");
    export(&home.work()).code(1).tells("cannot read");
    // a lock that somebody left behind is named with the way out, at once
    let locked = home.file("locked", &with_clusters(&[], "work"));
    let lock = std::fs::File::create(home.work().join("locked.lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    let before = std::fs::read_to_string(&locked).unwrap();
    let ran = export(&locked).code(1).tells("is locked by").tells("rm ");
    assert!(ran.took < Duration::from_secs(8), "{:?}", ran.took);
    assert_eq!(std::fs::read_to_string(&locked).unwrap(), before);
    #[cfg(target_os = "linux")]
    read_only(&home);
    // a link stays one
    let real = home.file("real", &with_clusters(&[], "work"));
    symlink("real", home.work().join("link")).unwrap();
    export(&home.work().join("link")).ok();
    assert!(std::fs::symlink_metadata(home.work().join("link")).unwrap().is_symlink());
    let config = value(&real);
    assert_eq!(config["current-context"], json!(c.context()));
    assert_eq!(config["clusters"].as_array().map(Vec::len), Some(2));
}

/// As somebody whom permissions hold back, which root is not.
#[cfg(target_os = "linux")]
fn read_only(home: &Home) {
    use std::os::unix::fs::{PermissionsExt, chown};
    let root = rustix::process::getuid().is_root();
    let nobody = 65534;
    let folder = home.root();
    let program = folder.join("kind");
    std::fs::copy(env!("CARGO_BIN_EXE_kind"), &program).unwrap();
    let file = home.file("mine/config", &with_clusters(&[], "work"));
    let before = std::fs::read_to_string(&file).unwrap();
    let code = "kubeconfig::merge(kubeconfig::render(host::read(\"config\"), \"some\", \"\"), \"\")";
    let script = home.file("mine/merge.rhai", code);
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for path in [&folder, &home.work(), &program] {
        mode(path, 0o755);
    }
    let own = file.parent().unwrap();
    if root {
        for path in [own, &file, &script] {
            chown(path, Some(nobody), None).unwrap();
        }
    }
    for (file_mode, folder_mode) in [(0o400, 0o700), (0o600, 0o500)] {
        mode(&file, file_mode);
        mode(own, folder_mode);
        let mut command = if root {
            let mut command = home.program("setpriv", &["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(&program);
            command
        } else {
            home.program(&program, &[])
        };
        command
            .args(["run", "--allow-host"])
            .arg(&script)
            .env("KUBECONFIG", &file)
            .env("HOME", own)
            .current_dir(own);
        for name in ["XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        let ran = run(command, "").code(1);
        ran.tells(&file.display().to_string())
            .tells("Permission denied")
            .tells("--kubeconfig")
            .tells_not("secret");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    }
    mode(own, 0o700);
}

fn a_lock_of_kubectl_is_waited_for() {
    let c = shared();
    let home = Home::new();
    let lock = home.kubeconfig().with_extension("lock");
    std::fs::write(&lock, "").unwrap();
    let waiting = Running::start(home.command(&["export", "kubeconfig", "--name", &c.name]), "");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!home.kubeconfig().exists(), "it was written under somebody else's lock");
    std::fs::remove_file(&lock).unwrap();
    waiting.end().ok();
    assert_eq!(home.kubeconfig_value()["current-context"], json!(c.context()));
    assert!(!lock.exists());
}

fn theirs(home: &Home, args: &[&str], variables: &[(&str, &str)]) -> crate::harness::home::Ran {
    let path = upstream::path().unwrap_or_else(|why| panic!("upstream kind could not be built: {why}"));
    let mut command = home.program(path, args);
    command.env("DOCKER_HOST", engine::find().unwrap()).envs(variables.iter().copied());
    run(command, "")
}

/// Both delete a cluster whose nodes are gone: the entries go out of every file, and the current context where it
/// was the cluster's.
fn deletion_leaves_what_upstream_leaves() {
    for (first, second) in [
        (with_clusters(&["gone", "other"], "kind-gone"), with_clusters(&["gone"], "work")),
        (with_clusters(&["other"], "kind-other"), with_clusters(&["gone"], "kind-gone")),
        (with_clusters(&["gone"], "kind-gone"), "apiVersion: v1\nkind: Config\n".to_owned()),
        (with_clusters(&[], "work"), with_clusters(&[], "")),
    ] {
        let mut left = Vec::new();
        for ours in [true, false] {
            let home = Home::new();
            let (a, b) = (home.file("a", &first), home.file("b", &second));
            let list = format!("{}:{}:{}", a.display(), home.work().join("none").display(), b.display());
            let args = ["delete", "cluster", "--name", "gone"];
            if ours {
                let mut command = home.command(&args);
                command.env("KUBECONFIG", &list);
                run(command, "").ok();
            } else {
                theirs(&home, &args, &[("KUBECONFIG", &list)]).ok();
            }
            assert!(!home.work().join("none").exists());
            let explicit = home.file("c", &first);
            let args = ["delete", "clusters", "gone", "--kubeconfig", &explicit.display().to_string()];
            if ours { home.kind(&args) } else { theirs(&home, &args, &[]) }.ok();
            left.push([a, b, explicit].map(|file| entries(&value(&file))));
        }
        assert_eq!(left[0], left[1]);
    }
}

/// With `--kubeconfig` that file gets the entry and loses it again, and no other.
fn a_cluster_may_have_a_file_of_its_own() {
    let c = Cluster::named("ownfile");
    let mine = c.home.work().join("my own.conf");
    let file = mine.display().to_string();
    c.create(&["--kubeconfig", &file]).ok().tells(&format!("--kubeconfig '{file}'\n"));
    assert!(!c.home.kubeconfig().exists(), "the user's own file was written");
    let nodes = ["--kubeconfig", &file, "get", "nodes", "-o", "name"];
    kubectl::kubectl(&c.home, &nodes, "").ok().stdout(&format!("node/{}\n", c.node("control-plane")));
    c.home.kind(&["delete", "cluster", "--name", &c.name, "--kubeconfig", &file]).ok();
    assert_eq!(value(&mine)["clusters"].as_array().map_or(0, Vec::len), 0);
    assert!(!c.home.kubeconfig().exists());
}

/// The cluster stays where only its entry cannot be written, and goes where it cannot be removed. Here the API server
/// listens on every address, which the kubeconfig says.
fn a_bad_file_costs_no_cluster() {
    let c = Cluster::named("badfile");
    let bad = c.home.file("bad.conf", "users:\n- name: [secret\n").display().to_string();
    let repair = format!("kind export kubeconfig --name {}", c.name);
    c.create_with("networking: {apiServerAddress: 0.0.0.0}\n", &["--wait", "2m", "--kubeconfig", &bad])
        .code(1)
        .stdout("")
        .tells("error: failed to create cluster: ")
        .tells("bad.conf:2:9")
        .tells(&repair)
        .tells_not("secret")
        .tells_not("evidence");
    c.home.kind(&["export", "kubeconfig", "--name", &c.name]).ok();
    let server = c.home.kubeconfig_value()["clusters"][0]["cluster"]["server"].clone();
    assert!(server.as_str().unwrap().starts_with("https://0.0.0.0:"), "{server}");
    c.kubectl(&["get", "nodes", "-o", "name"]).ok().stdout(&format!("node/{}\n", c.node("control-plane")));

    let volumes = engine::volumes_of(&c.node("control-plane"));
    let ran = c.home.kind(&["delete", "cluster", "--name", &c.name, "--kubeconfig", &bad]).code(1);
    ran.tells("failed to update kubeconfig: ")
        .tells(&format!("Deleted nodes: [\"{}\"]", c.node("control-plane")))
        .tells(&format!("error: failed to delete cluster \"{}\": ", c.name));
    c.delete().ok();
    c.nothing_is_left(&volumes);
}

/// Each of them, and it is no failure.
fn clusters_that_cannot_be_deleted_are_told() {
    let home = Home::new();
    let locked = home.file("locked", &with_clusters(&["a", "b"], "work"));
    let lock = std::fs::File::create(home.work().join("locked.lock")).unwrap();
    lock.set_modified(SystemTime::now() - Duration::from_hours(1)).unwrap();
    let delete = ["delete", "clusters", "a", "b", "--kubeconfig", "locked"];
    home.kind(&delete)
        .ok()
        .stdout("")
        .tells("failed to delete cluster \"a\": ")
        .tells("failed to delete cluster \"b\": ")
        .tells("Deleted clusters: []\n");
    drop(lock);
    std::fs::remove_file(home.work().join("locked.lock")).unwrap();
    home.kind(&delete).ok().stderr("Deleted clusters: [\"a\" \"b\"]\n");
    assert_eq!(entries(&value(&locked))["clusters"], json!(["work"]));
}

/// What of a kubeconfig has a meaning: names, and the current context. Empty and missing mean the same.
fn entries(config: &Value) -> Value {
    let names = |part: &str| -> Vec<String> {
        let list = config[part].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|entry| entry["name"].as_str().map(str::to_owned)).collect()
    };
    let current = config["current-context"].as_str().unwrap_or_default();
    json!({"clusters": names("clusters"), "users": names("users"), "contexts": names("contexts"), "current": current})
}

fn exports_are_as_upstreams() {
    let c: &Cluster = shared();
    for internal in [&[][..], &["--internal"]] {
        let home = Home::new();
        let mut args = vec!["get", "kubeconfig", "--name", &c.name];
        args.extend(internal);
        assert_eq!(home.kind(&args).ok().stdout, theirs(&home, &args, &[]).ok().stdout);
        let mut written = Vec::new();
        for ours in [true, false] {
            let home = Home::new();
            std::fs::write(home.kubeconfig(), with_clusters(&["other"], "kind-other")).unwrap();
            let mut args = vec!["export", "kubeconfig", "--name", &c.name];
            args.extend(internal);
            let ran = if ours { home.kind(&args) } else { theirs(&home, &args, &[]) }.ok();
            assert_eq!(ran.stderr, format!("Set kubectl context to \"{}\"\n", c.context()));
            let mut config = home.kubeconfig_value();
            // upstream leaves the user's own empty map out
            config.as_object_mut().unwrap().remove("preferences");
            written.push(config);
        }
        assert_eq!(written[0]["current-context"], json!(c.context()));
        assert_eq!(entries(&written[0]), entries(&written[1]));
        let of_it = |config: &Value| {
            let list = config["clusters"].as_array().unwrap().clone();
            list.into_iter().find(|entry| entry["name"] == json!(c.context())).unwrap()
        };
        assert_eq!(of_it(&written[0]), of_it(&written[1]));
    }
}
