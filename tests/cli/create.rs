//! A cluster's life from create to delete, and what the config makes of it.

use crate::harness::{Cluster, IMAGE, engine, trials};
use libtest_mimic::Trial;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

pub fn tests() -> Vec<Trial> {
    trials! { "create":
        real one_node_from_create_to_delete,
        real every_field_of_the_config_takes_effect,
        real without_a_cni_no_node_gets_ready,
        real three_nodes_share_a_network_and_keep_files,
        real a_worker_with_a_join_of_its_own_is_joined_by_kubeadm,
    }
}

fn one_node_from_create_to_delete() {
    let c = Cluster::named("life");
    // Somebody else's entries must stay as they are.
    let before = "apiVersion: v1\nkind: Config\ncurrent-context: other\nextra: kept\nclusters:\n- name: other\n  \
                  cluster: {server: https://127.0.0.1:1, unknown-key: kept}\ncontexts:\n- name: other\n  \
                  context: {cluster: other, user: other}\nusers:\n- name: other\n  user: {token: t}\n";
    std::fs::write(c.home.kubeconfig(), before).unwrap();
    std::fs::set_permissions(c.home.kubeconfig(), std::fs::Permissions::from_mode(0o640)).unwrap();

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
    assert_eq!(mode(&c.home.kubeconfig()), 0o640, "its owner's choice");
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
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn every_field_of_the_config_takes_effect() {
    let c = Cluster::named("config");
    let shared = c.home.file("shared/hello", "from the host");
    let folder = shared.parent().unwrap().display().to_string();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mapped = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        r#"
networking:
  podSubnet: 10.77.0.0/16
  serviceSubnet: 10.78.0.0/16
  apiServerAddress: 127.0.0.1
  apiServerPort: {port}
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  apiServer:
    extraArgs:
    - name: max-requests-inflight
      value: "321"
nodes:
- role: control-plane
  labels: {{tier: first}}
  extraMounts:
  - hostPath: {folder}
    containerPath: /shared
  - hostPath: {folder}
    containerPath: /shared-ro
    readOnly: true
  extraPortMappings:
  - containerPort: 30081
    hostPort: {mapped}
    listenAddress: 127.0.0.1
  kubeadmConfigPatches:
  - |
    kind: KubeletConfiguration
    maxPods: 55
"#
    );
    c.create_with(&config, &["--wait", "5m"]).ok();
    let node = c.node("control-plane");
    let json = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["-o", "json"]);
        c.kubectl(&all).ok().json()
    };
    let seen = json(&["get", "node", &node]);
    assert_eq!(seen["metadata"]["labels"]["tier"], "first");
    assert_eq!(seen["status"]["capacity"]["pods"], "55");
    assert!(seen["spec"]["podCIDR"].as_str().unwrap().starts_with("10.77."), "{}", seen["spec"]);
    let service = json(&["get", "service", "kubernetes"]);
    assert_eq!(service["spec"]["clusterIP"], "10.78.0.1");
    // The kubelet tells of static pods a little later than of itself.
    let api = format!("kube-apiserver-{node}");
    let api =
        c.eventually(&["get", "pod", "-n", "kube-system", &api, "-o", "json"], |ran| ran.code == 0).json();
    assert!(api.to_string().contains("--max-requests-inflight=321"), "{api}");
    let server = c.home.kubeconfig_value()["clusters"][0]["cluster"]["server"].clone();
    assert_eq!(server, json!(format!("https://127.0.0.1:{port}")));

    // Mounts: seen, written through, and not writable when read-only.
    assert_eq!(engine::file(&node, "/shared/hello").unwrap(), b"from the host");
    let code = format!(
        "let n = cluster(\"{}\").nodes[0]; n.sh(\"echo from the node > /shared/back\"); \
         print(n.try_exec(\"touch\", \"/shared-ro/x\").code != 0);",
        c.name
    );
    c.home.script(&code).ok().stdout("true\n");
    assert_eq!(std::fs::read_to_string(format!("{folder}/back")).unwrap(), "from the node\n");

    // The mapped port leads to a service of the cluster.
    let web = pod("web", "echo mapped > /index.html; exec busybox httpd -f -p 8080 -h /", "", "")
        + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: NodePort\n  \
           selector: {app: web}\n  ports: [{port: 80, targetPort: 8080, nodePort: 30081}]\n";
    c.apply(&web);
    c.wait_for("condition=Ready", "pod/web");
    let code = format!("eventually(60, || host::fetch(\"http://127.0.0.1:{mapped}/\"))");
    c.home.script(&code).ok().stdout("mapped\n");
}

fn without_a_cni_no_node_gets_ready() {
    let c = Cluster::named("nocni");
    let ran = c.create_with("networking:\n  disableDefaultCNI: true\n", &["--wait", "1s"]).ok();
    let ran = ran.tells("Timed out waiting for Ready").tells_not("Installing CNI");
    drop(ran);
    let ready = "jsonpath={.items[*].status.conditions[?(@.type==\"Ready\")].status}";
    c.kubectl(&["get", "nodes", "-o", ready]).ok().stdout("False");
    c.kubectl(&["get", "daemonsets", "-A", "-o", "name"]).ok().stdout("daemonset.apps/kube-proxy\n");
}

/// What a patch says of a join only kubeadm itself can heed, so that worker is left to it; the other one is not.
fn a_worker_with_a_join_of_its_own_is_joined_by_kubeadm() {
    let c = Cluster::named("join");
    let config = r#"
nodes:
- role: control-plane
- role: worker
  kubeadmConfigPatches:
  - |
    kind: JoinConfiguration
    nodeRegistration:
      kubeletExtraArgs:
      - name: node-labels
        value: joined=by-kubeadm
      taints:
      - {key: example.com/own, value: "yes", effect: NoSchedule}
- role: worker
"#;
    c.create_with(config, &["--wait", "5m"]).ok();
    let (joined, plain) = (c.node("worker"), c.node("worker2"));
    for node in [&joined, &plain] {
        c.wait_for("condition=Ready", &format!("node/{node}"));
    }
    let node = |name: &str| c.kubectl(&["get", "node", name, "-o", "json"]).ok().json();
    let (seen, other) = (node(&joined), node(&plain));
    assert_eq!(seen["metadata"]["labels"]["joined"], "by-kubeadm");
    assert!(seen["spec"]["taints"].to_string().contains("example.com/own"), "{}", seen["spec"]);
    assert!(other["metadata"]["labels"]["joined"].is_null() && other["spec"]["taints"].is_null(), "{other}");
    // A certificate by the cluster's own bootstrap is kept where it rotates, one given before the boot is in the file.
    let kubeconfig =
        |name: &str| String::from_utf8(engine::file(name, "/etc/kubernetes/kubelet.conf").unwrap()).unwrap();
    assert!(kubeconfig(&joined).contains("kubelet-client-current.pem"), "{joined} was not joined by kubeadm");
    assert!(!kubeconfig(&plain).contains("kubelet-client-current.pem"), "{plain} was joined by kubeadm");
    c.apply(&pod("probe", "echo it runs", &plain, ""));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/probe");
}

/// Pods of every node reach those of every other one, directly and by a service; a file outlives its pod.
fn three_nodes_share_a_network_and_keep_files() {
    let c = Cluster::named("three");
    c.create_with("nodes:\n- role: control-plane\n- role: worker\n- role: worker\n", &["--wait", "5m"]).ok();
    let nodes = [c.node("control-plane"), c.node("worker"), c.node("worker2")];
    assert_eq!(engine::nodes(&c.name), nodes);
    for node in &nodes {
        c.wait_for("condition=Ready", &format!("node/{node}"));
    }
    let mut manifests = String::new();
    for (n, node) in nodes.iter().enumerate() {
        let serve = format!("echo pod {n} > /index.html; exec busybox httpd -f -p 8080 -h /");
        manifests += &pod(&format!("web{n}"), &serve, node, "");
    }
    manifests += "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  \
                  ports: [{port: 80, targetPort: 8080}]\n";
    c.apply(&manifests);
    for n in 0..3 {
        c.wait_for("condition=Ready", &format!("pod/web{n}"));
    }
    let addresses: Vec<String> = (0..3)
        .map(|n| c.kubectl(&["get", "pod", &format!("web{n}"), "-o", "jsonpath={.status.podIP}"]).ok().stdout)
        .collect();
    for from in 0..3 {
        let from = format!("web{from}");
        for (n, address) in addresses.iter().enumerate() {
            let url = format!("http://{address}:8080/");
            c.kubectl(&["exec", &from, "--", "busybox", "wget", "-qO-", "-T", "20", &url])
                .ok()
                .stdout(&format!("pod {n}\n"));
        }
        // By name: the cluster's DNS and the service's address work on every node.
        let ask = [
            "exec",
            &from,
            "--",
            "busybox",
            "wget",
            "-qO-",
            "-T",
            "20",
            "http://web.default.svc.cluster.local/",
        ];
        c.eventually(&ask, |ran| ran.stdout.starts_with("pod "));
    }

    let claim = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: notes}\nspec:\n  \
                 accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Mi}}\n";
    c.apply(&(claim.to_owned() + pod("writer", "echo kept > /data/note", "", "notes").as_str()));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/writer");
    c.kubectl(&["delete", "pod", "writer"]).ok();
    c.apply(&pod("reader", "cat /data/note", "", "notes"));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/reader");
    c.kubectl(&["logs", "reader"]).ok().stdout("kept\n");
    c.kubectl(&["get", "pvc", "notes", "-o", "jsonpath={.spec.storageClassName} {.status.phase}"])
        .ok()
        .stdout("standard Bound");

    let volumes: Vec<String> = nodes.iter().flat_map(|node| engine::volumes_of(node)).collect();
    c.delete().ok();
    c.nothing_is_left(&volumes);
}

/// A pod that runs a shell command, with the image that every node has; on a node and with a claim when named.
pub fn pod(name: &str, command: &str, node: &str, claim: &str) -> String {
    let app = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let node = if node.is_empty() { String::new() } else { format!("  nodeName: {node}\n") };
    let (mounts, volumes) = if claim.is_empty() {
        ("", String::new())
    } else {
        (
            "    volumeMounts: [{name: data, mountPath: /data}]\n",
            format!("  volumes: [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}]\n"),
        )
    };
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {app}}}}}\nspec:\n{node}  \
         restartPolicy: Never\n  terminationGracePeriodSeconds: 0\n  \
         tolerations: [{{operator: Exists}}]\n  containers:\n  - name: main\n    \
         image: docker.io/library/busybox:1.37.0\n    imagePullPolicy: Never\n    \
         command: [\"/bin/busybox\", \"sh\", \"-c\", {}]\n{mounts}{volumes}",
        json!(command)
    )
}
