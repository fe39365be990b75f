//! `kind get …` and `kind export kubeconfig` against the shared cluster.

use crate::harness::home::run;
use crate::harness::kubectl::kubectl;
use crate::harness::{Home, IMAGE, shared, trials};
use libtest_mimic::Trial;
use serde_json::json;

pub fn tests() -> Vec<Trial> {
    trials! { "get":
        real clusters_in_every_form,
        real nodes_in_every_form,
        real kubeconfig_in_every_form,
        real kubeconfig_path_is_ready_for_export,
        real what_is_not_there_is_told_as_upstream_tells_it,
        real export_merges_into_the_first_file_of_the_list,
    }
}

fn clusters_in_every_form() {
    let c = shared();
    let text = c.home.kind(&["get", "clusters"]).ok().stderr("").stdout;
    assert!(text.lines().any(|line| line == c.name), "{text}");
    let names = c.home.kind(&["get", "clusters", "-o", "json"]).ok().json();
    assert!(names.as_array().unwrap().contains(&json!(c.name)), "{names}");
    let names = c.home.kind(&["get", "clusters", "-o", "yaml"]).ok().yaml();
    assert!(names.as_array().unwrap().contains(&json!(c.name)), "{names}");
    assert_eq!(c.home.kind(&["get", "clusters", "-o", "name"]).ok().stdout, text);
    let wide = c.home.kind(&["get", "clusters", "-o", "wide"]).ok().stdout;
    let row: Vec<&str> =
        wide.lines().find(|line| line.starts_with(&c.name)).unwrap().split_whitespace().collect();
    assert_eq!(row, [&c.name, "1", "1", "2/2", IMAGE]);
}

fn nodes_in_every_form() {
    let c = shared();
    let (first, worker) = (c.node("control-plane"), c.node("worker"));
    c.home.kind(&["get", "nodes", "--name", &c.name]).ok().stderr("").stdout(&format!("{first}\n{worker}\n"));
    for form in ["json", "yaml"] {
        let ran = c.home.kind(&["get", "nodes", "--name", &c.name, "-o", form]).ok();
        let nodes = if form == "json" { ran.json() } else { ran.yaml() };
        assert_eq!(nodes.as_array().map(Vec::len), Some(2), "{nodes}");
        assert_eq!(nodes[0]["name"], json!(first));
        assert_eq!(nodes[0]["role"], "control-plane");
        assert_eq!(nodes[1]["name"], json!(worker));
        assert_eq!(nodes[1]["role"], "worker");
        assert_eq!(nodes[1]["image"], IMAGE);
        assert_eq!(nodes[1]["state"], "running");
        assert_eq!(nodes[1]["cluster"], json!(c.name));
    }
    let names = c.home.kind(&["get", "nodes", "--name", &c.name, "-o", "name"]).ok().stderr("");
    names.stdout(&format!("{first}\n{worker}\n"));
    let wide = c.home.kind(&["get", "nodes", "--name", &c.name, "-o", "wide"]).ok().stdout;
    assert!(wide.starts_with("NAME ") && wide.contains("worker         running"), "{wide}");
    let all = c.home.kind(&["get", "nodes", "-A"]).ok().stdout;
    assert!(all.lines().any(|line| line == worker), "{all}");
    // The variable names the cluster when no flag does.
    let mut command = c.home.command(&["get", "nodes"]);
    command.env("KIND_CLUSTER_NAME", &c.name);
    run(command, "").ok().stdout(&format!("{first}\n{worker}\n"));
}

fn kubeconfig_in_every_form() {
    let c = shared();
    let text = c.home.kind(&["get", "kubeconfig", "--name", &c.name]).ok().stderr("");
    let value = text.yaml();
    assert_eq!(value["current-context"], json!(c.context()));
    assert!(value["clusters"][0]["cluster"]["server"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    let as_json = c.home.kind(&["get", "kubeconfig", "--name", &c.name, "-o", "json"]).ok().json();
    assert_eq!(as_json, value);
    let internal = c.home.kind(&["get", "kubeconfig", "--name", &c.name, "--internal"]).ok().yaml();
    assert_eq!(
        internal["clusters"][0]["cluster"]["server"],
        json!(format!("https://{}:6443", c.node("control-plane")))
    );
    // It works as it is printed.
    let home = Home::new();
    std::fs::write(home.kubeconfig(), &text.stdout).unwrap();
    kubectl(&home, &["get", "nodes", "-o", "name"], "").ok().prints(&c.node("worker"));
}

/// `export KUBECONFIG=$(kind get kubeconfig-path)`, as the founding document has it.
fn kubeconfig_path_is_ready_for_export() {
    let c = shared();
    let home = Home::new();
    let path = home.kind(&["get", "kubeconfig-path", "--name", &c.name]).ok().stderr("").stdout;
    let path = path.trim_end_matches('\n');
    assert!(!path.contains('\n'), "{path}");
    let mut command = home.program(crate::harness::kubectl::path(), &["get", "nodes", "-o", "name"]);
    command.env("KUBECONFIG", path);
    run(command, "").ok().prints(&c.node("control-plane"));
    let json = home.kind(&["get", "kubeconfig-path", "--name", &c.name, "-o", "json"]).ok().json();
    assert_eq!(json, json!({ "path": path }));
    // The folder is private to the user, and the control plane sees the same file.
    use std::os::unix::fs::PermissionsExt;
    let file = std::path::Path::new(path);
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    let inside = crate::harness::engine::file(&c.node("control-plane"), "/kind/kubeconfig/config").unwrap();
    assert_eq!(inside, std::fs::read(file).unwrap());
}

fn what_is_not_there_is_told_as_upstream_tells_it() {
    let home = Home::new();
    home.kind(&["get", "nodes", "--name", "nobody"])
        .ok()
        .stdout("")
        .stderr("No kind nodes found for cluster \"nobody\".\n");
    for command in [&["get", "kubeconfig"][..], &["export", "kubeconfig"], &["get", "kubeconfig-path"]] {
        let mut args = command.to_vec();
        args.extend(["--name", "nobody"]);
        home.kind(&args).code(1).stdout("").stderr(
            "error: could not locate any control plane nodes for cluster named 'nobody'. Use the --name option to \
             select a different cluster\n  hint: kind get clusters lists what there is\n",
        );
    }
    home.kind(&["get", "nodes", "--name", "nobody", "-o", "json"]).ok().stderr("").stdout("[]\n");
}

/// kubectl's rule: a new entry goes to the first file of the list that exists.
fn export_merges_into_the_first_file_of_the_list() {
    let c = shared();
    let home = Home::new();
    let (missing, present) = (home.tmp().join("missing"), home.tmp().join("present"));
    std::fs::write(&present, "apiVersion: v1\nkind: Config\nextra: kept\n").unwrap();
    let mut command = home.command(&["export", "kubeconfig", "--name", &c.name]);
    command.env("KUBECONFIG", format!("{}:{}", missing.display(), present.display()));
    run(command, "").ok().stdout("").stderr(&format!("Set kubectl context to \"{}\"\n", c.context()));
    assert!(!missing.exists());
    let value = kind::yaml::parse(&std::fs::read_to_string(&present).unwrap(), "present").unwrap();
    assert_eq!(value["extra"], "kept");
    assert_eq!(value["current-context"], json!(c.context()));
    // A file that is named wins over the environment.
    let named = home.tmp().join("deep/named");
    home.kind(&["export", "kubeconfig", "--name", &c.name, "--kubeconfig", &named.display().to_string()])
        .ok();
    kubectl(&home, &["--kubeconfig", &named.display().to_string(), "get", "nodes"], "").ok();
}
