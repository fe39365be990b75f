//! Clusters that are stopped and started: nodes come back by themselves, with other addresses, and nothing is lost.
//! And several control planes, which live on when one of them goes.

use super::create::pod;
use crate::harness::home::run;
use crate::harness::{Cluster, IMAGE, engine, trials};
use libtest_mimic::Trial;
use std::collections::BTreeMap;

pub fn tests() -> Vec<Trial> {
    trials! { "restarts":
        real one_node,
        real one_control_plane_and_two_workers,
        real three_control_planes_and_two_workers,
    }
}

/// The first IPv4 address of each node.
fn addresses(nodes: &[String]) -> BTreeMap<String, String> {
    let of = |node: &String| {
        let networks = engine::container(node)["NetworkSettings"]["Networks"].clone();
        let first = networks.as_object().and_then(|all| all.values().next()).cloned().unwrap_or_default();
        (node.clone(), first["IPAddress"].as_str().unwrap_or_default().to_owned())
    };
    nodes.iter().map(of).collect()
}

/// Containers that hold addresses; removed when dropped.
struct Holders(Vec<String>);

impl Holders {
    /// Takes addresses of the nodes' network until these are among them (or somebody else's).
    fn take(cluster: &Cluster, wanted: &BTreeMap<String, String>) -> Self {
        let mut holders = Self(Vec::new());
        let mut missing: Vec<&String> = wanted.values().collect();
        for number in 0..50 {
            if missing.is_empty() {
                break;
            }
            let name = cluster.node(&format!("holder{number}"));
            let body = serde_json::json!({
                "Image": IMAGE, "Entrypoint": ["/bin/sleep"], "Cmd": ["600"], "HostConfig": {"NetworkMode": "kind"},
            });
            let (status, answer) =
                engine::request("POST", &format!("/containers/create?name={name}"), &body.to_string());
            assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
            holders.0.push(name.clone());
            assert_eq!(engine::request("POST", &format!("/containers/{name}/start"), "").0, 204, "{name}");
            let taken = addresses(&[name]);
            missing.retain(|address| !taken.values().any(|one| one == *address));
        }
        holders
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        for name in &self.0 {
            engine::remove(name);
        }
    }
}

/// Stops containers all at once and starts them in the opposite order with other addresses.
fn restart_elsewhere(cluster: &Cluster, nodes: &[String]) {
    let before = addresses(nodes);
    std::thread::scope(|scope| {
        for node in nodes {
            scope.spawn(move || engine::request("POST", &format!("/containers/{node}/stop?t=5"), ""));
        }
    });
    let holders = Holders::take(cluster, &before);
    for node in nodes.iter().rev() {
        assert_eq!(engine::request("POST", &format!("/containers/{node}/start"), "").0, 204, "{node}");
    }
    drop(holders);
    let after = addresses(nodes);
    for (node, address) in &before {
        assert_ne!(&after[node], address, "{node} was to get another address");
    }
}

/// Waits until every node reports from its present address and is Ready.
fn all_ready(c: &Cluster, names: &[String]) {
    let now = addresses(names);
    let template = "{range .items[*]}{.metadata.name} {.status.addresses[?(@.type==\"InternalIP\")].address} \
                    {.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}{end}";
    c.eventually(&["get", "nodes", "-o", &format!("jsonpath={template}")], |ran| {
        let ready: Vec<&str> = ran.stdout.lines().filter(|line| line.ends_with(" True")).collect();
        now.iter().all(|(node, address)| {
            ready.iter().any(|line| {
                line.starts_with(&format!("{node} {address} "))
                    || line.starts_with(&format!("{node} {address},"))
            })
        })
    });
}

/// Puts an object and a file of a volume into the cluster.
fn keep(c: &Cluster) {
    c.kubectl(&["create", "configmap", "kept", "--from-literal=word=etcd"]).ok();
    c.kubectl_with(
        &["apply", "-f", "-"],
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: notes}\nspec:\n  accessModes: \
         [ReadWriteOnce]\n  resources: {requests: {storage: 1Mi}}\n",
    )
    .ok();
    c.apply(&pod("writer", "echo volume >/data/word", "", "notes"));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/writer");
}

/// What was put in is there, and a pod that is new runs, reads it and finds the API by its service.
fn is_kept(c: &Cluster, round: u32) {
    c.eventually(&["get", "configmap", "kept", "-o", "jsonpath={.data.word}"], |ran| ran.stdout == "etcd");
    let name = format!("reader{round}");
    let command = "cat /data/word; until nslookup kubernetes.default.svc.cluster.local >/dev/null; do sleep 1; done; \
                   until nc -w 2 kubernetes.default.svc.cluster.local 443 </dev/null; do sleep 1; done; echo reached";
    c.apply(&pod(&name, command, "", "notes"));
    // asked again and again: what watches the API may lose it together with a control plane
    let phase = ["get", "pod", name.as_str(), "-o", "jsonpath={.status.phase}"];
    c.eventually(&phase, |ran| ran.stdout == "Succeeded");
    c.kubectl(&["logs", &name]).ok().prints("volume\n").prints("reached\n");
}

fn one_node() {
    let c = Cluster::named("restart1");
    c.create(&["--wait", "2m"]).ok();
    let nodes = vec![c.node("control-plane")];
    keep(&c);
    assert_eq!(engine::request("POST", &format!("/containers/{}/restart?t=5", nodes[0]), "").0, 204);
    all_ready(&c, &nodes);
    is_kept(&c, 1);
    restart_elsewhere(&c, &nodes);
    all_ready(&c, &nodes);
    is_kept(&c, 2);
}

fn one_control_plane_and_two_workers() {
    let c = Cluster::named("restart3");
    c.create_with("nodes:\n- role: worker\n- role: control-plane\n- role: worker\n", &["--wait", "2m"]).ok();
    let nodes: Vec<String> = ["control-plane", "worker", "worker2"].map(|name| c.node(name)).to_vec();
    keep(&c);
    // some of them
    restart_elsewhere(&c, &nodes[1..]);
    all_ready(&c, &nodes);
    is_kept(&c, 1);
    // all of them
    restart_elsewhere(&c, &nodes);
    all_ready(&c, &nodes);
    is_kept(&c, 2);
}

fn three_control_planes_and_two_workers() {
    let c = Cluster::large("ha");
    let config = "nodes:\n- role: worker\n- role: control-plane\n- role: control-plane\n  labels: {disk: fast}\n  \
                  kubeadmConfigPatches:\n  - |\n    kind: JoinConfiguration\n    nodeRegistration:\n      taints: []\n\
                  - role: worker\n- role: control-plane\n";
    // the same image, by the name that the user gives it
    let named = format!("{}/haproxy:mine", c.name);
    let code = format!(
        "import \"std/load_balancer\" as balancer; balancer::ensure_image(); image::tag(balancer::image(), \"{named}\")"
    );
    c.home.script(&code).ok();
    let mut create =
        c.home.command(&["create", "cluster", "--name", &c.name, "--config", "-", "--wait", "2m"]);
    create.env("KIND_LOAD_BALANCER_IMAGE", &named);
    run(create, &format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{config}"))
        .ok()
        .tells("Configuring the external load balancer ⚖️")
        .tells("Joining more control-plane nodes 🎮")
        .tells("Joining worker nodes 🚜");
    let balancer = c.node("external-load-balancer");
    let planes: Vec<String> =
        ["control-plane", "control-plane2", "control-plane3"].map(|n| c.node(n)).to_vec();
    let nodes: Vec<String> = planes.iter().cloned().chain(["worker", "worker2"].map(|n| c.node(n))).collect();
    let info = engine::container(&balancer);
    assert_eq!(info["Config"]["Labels"]["io.x-k8s.kind.role"], "external-load-balancer");
    assert_eq!(info["Config"]["Image"], named);
    c.home.script(&format!("image::remove(\"{named}\")")).ok();
    let members = c.home.kind(&["get", "nodes", "--name", &c.name]).ok().stdout.clone();
    assert_eq!(members.lines().count(), 6, "{members}");
    assert!(members.contains(&balancer), "{members}");

    // labels and taints as kind sets them, and the ones that were asked for
    let of_planes = ["get", "nodes", "-l", "node-role.kubernetes.io/control-plane", "-o", "name"];
    let found = c.eventually(&of_planes, |ran| ran.stdout.lines().count() == 3).stdout;
    for plane in &planes {
        assert!(found.contains(&format!("node/{plane}\n")), "{found}");
    }
    let taints = |node: &str| {
        c.kubectl(&["get", "node", node, "-o", "jsonpath={.spec.taints[*].key}"]).ok().stdout.clone()
    };
    c.eventually(&["get", "node", &planes[0], "-o", "jsonpath={.spec.taints[*].key}"], |ran| {
        ran.stdout == "node-role.kubernetes.io/control-plane"
    });
    assert_eq!(taints(&planes[1]), "", "its JoinConfiguration wants none");
    c.kubectl(&["get", "nodes", "-l", "disk=fast", "-o", "name"])
        .ok()
        .stdout(&format!("node/{}\n", planes[1]));
    all_ready(&c, &nodes);
    keep(&c);

    // the first one goes: the API answers on, and takes what is new
    assert_eq!(engine::request("POST", &format!("/containers/{}/kill", planes[0]), "").0, 204);
    for number in 0..5 {
        // what is written while etcd has no leader may be refused, once
        let name = format!("meanwhile{number}");
        c.eventually(&["create", "configmap", &name, "--request-timeout=20s"], |ran| {
            ran.code == 0 || ran.stderr.contains("already exists")
        });
    }
    c.home.kind(&["get", "kubeconfig", "--name", &c.name]).ok().prints(&c.context());
    let code = format!("print(cluster(\"{}\").kubectl(\"get configmap meanwhile0 -o name\"))", c.name);
    c.home.script(&code).ok().prints("configmap/meanwhile0");
    is_kept(&c, 1);

    // it comes back, and is one of three again
    assert_eq!(engine::request("POST", &format!("/containers/{}/start", planes[0]), "").0, 204);
    all_ready(&c, &nodes);

    // everything stops and starts with other addresses; upstream's clusters do not come back from this
    let mut all = nodes.clone();
    all.push(balancer);
    restart_elsewhere(&c, &all);
    all_ready(&c, &nodes);
    is_kept(&c, 2);
    c.kubectl(&["get", "configmap", "meanwhile4", "-o", "name"]).ok();

    let volumes: Vec<String> = all.iter().flat_map(|node| engine::volumes_of(node)).collect();
    c.delete().ok();
    c.nothing_is_left(&volumes);
}
