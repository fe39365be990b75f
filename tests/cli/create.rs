//! A cluster's life from create to delete, and what the config makes of it.

use crate::harness::{Cluster, Home, IMAGE, engine, trials};
use libtest_mimic::Trial;
use serde_json::json;

pub fn tests() -> Vec<Trial> {
    trials! { "create":
        real one_node_from_create_to_delete,
    }
}

fn one_node_from_create_to_delete() {
    let c = Cluster::named("life");
    // Somebody else's entries must stay as they are.
    let before = "apiVersion: v1\nkind: Config\ncurrent-context: other\nextra: kept\nclusters:\n- name: other\n  \
                  cluster: {server: https://127.0.0.1:1, unknown-key: kept}\ncontexts:\n- name: other\n  \
                  context: {cluster: other, user: other}\nusers:\n- name: other\n  user: {token: t}\n";
    std::fs::write(c.home.kubeconfig(), before).unwrap();

    let created = c.create(&["--wait", "5m"]).ok().stdout("");
    let name = &c.name;
    let mut lines = created.stderr.lines();
    assert_eq!(lines.next(), Some(format!("Creating cluster \"{name}\" ...").as_str()));
    for part in [
        format!(" ✓ Ensuring node image ({IMAGE}) 🖼"),
        " ✓ Preparing nodes 📦".to_owned(),
        " ✓ Writing configuration 📜".to_owned(),
        " ✓ Starting control-plane 🕹️".to_owned(),
        " ✓ Installing CNI 🔌".to_owned(),
        " ✓ Installing StorageClass 💾".to_owned(),
    ] {
        assert!(created.stderr.contains(&part), "{part:?} is not in\n{}", created.stderr);
    }
    let end = format!(
        "Set kubectl context to \"kind-{name}\"\nYou can now use your cluster with:\n\n\
         kubectl cluster-info --context kind-{name}\n\nHave a nice day! 👋\n"
    );
    assert!(created.stderr.ends_with(&end), "{}", created.stderr);

    // The engine's view: names and labels as upstream gives them.
    let node = c.node("control-plane");
    assert_eq!(engine::nodes(name), [node.as_str()]);
    let container = engine::container(&node);
    assert_eq!(container["Config"]["Labels"]["io.x-k8s.kind.role"], "control-plane");
    assert!(container["NetworkSettings"]["Networks"]["kind"].is_object());

    // kubectl from the host.
    let kubeconfig = c.home.kubeconfig_value();
    assert_eq!(kubeconfig["current-context"], json!(format!("kind-{name}")));
    assert_eq!(kubeconfig["extra"], "kept");
    assert_eq!(kubeconfig["clusters"][0]["cluster"]["unknown-key"], "kept");
    assert_eq!(mode(&c.home.kubeconfig()), 0o600);
    c.kubectl(&["get", "node", &node, "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}"])
        .ok()
        .stdout("True");

    // The name is taken now; what is there stays.
    c.create(&[])
        .code(1)
        .stdout("")
        .tells(&format!(
            "error: failed to create cluster: node(s) already exist for a cluster with the name \"{name}\"\n"
        ))
        .tells("  hint: ");
    assert_eq!(engine::nodes(name), [node.as_str()]);

    let volumes = engine::volumes_of(&node);
    assert!(!volumes.is_empty());
    c.delete()
        .ok()
        .stdout("")
        .stderr(&format!("Deleting cluster \"{name}\" ...\nDeleted nodes: [\"{node}\"]\n"));
    c.nothing_is_left(&volumes);
    let kubeconfig = c.home.kubeconfig_value();
    assert_eq!(kubeconfig["clusters"][0]["name"], "other");
    assert_eq!(kubeconfig["extra"], "kept");

    // Deleting what is not there is no failure.
    c.delete().ok().stdout("").stderr(&format!("Deleting cluster \"{name}\" ...\n"));
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
