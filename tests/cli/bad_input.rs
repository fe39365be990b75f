//! What bad input gets: a clear error with a hint, the documented exit code, and nothing left behind.

use crate::harness::{Cluster, Home, engine, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "bad_input":
        plain config_mistakes_have_a_place,
        plain illegal_names_are_refused,
        plain script_mistakes_have_a_place_and_a_suggestion,
        real unknown_node_image_leaves_nothing,
        real taken_port_leaves_nothing,
        real an_image_of_another_architecture_is_named,
        real a_failure_with_retain_keeps_the_nodes,
        real a_full_disk_is_named_and_leaves_nothing,
        real a_node_that_ends_is_told_with_its_last_words,
        real settings_that_never_work_are_told_soon_with_their_cause,
        real joining_nodes_that_never_come_up_are_told_soon,
        real a_runtime_that_never_starts_is_told_soon,
        real a_cluster_that_came_first_is_left_alone,
        real a_users_folder_stays_when_its_cluster_goes,
    }
}

/// No engine is asked when the config is wrong, so this needs none.
fn config_mistakes_have_a_place() {
    let home = Home::new();
    let head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";
    for (config, parts) in [
        ("nodes:\n- role: control-plane\n  imge: x\n", &["c.yaml:5:3", "imge", "image"][..]),
        ("nodes: 3\n", &["c.yaml:3:8", "nodes"]),
        ("networking:\n  apiServerPort: many\n", &["c.yaml:4:18", "apiServerPort"]),
        ("nodes:\n- role: boss\n", &["c.yaml:4:9", "boss"]),
        ("nodes:\n- role: [\n", &["c.yaml:"]),
        ("nodes:\n- role: worker\n", &["control-plane"]),
        ("networking:\n  podSubnet: 10.0.0.0/99\n", &["c.yaml:4:14", "10.0.0.0/99"]),
    ] {
        home.file("c.yaml", &format!("{head}{config}"));
        let mut ran = home.kind(&["create", "cluster", "--config", "c.yaml"]).code(1).stdout("");
        for part in parts {
            ran = ran.tells(part);
        }
        ran.tells("error: ");
    }
    home.kind(&["create", "cluster", "--config", "missing.yaml"]).code(1).tells("cannot read missing.yaml");
}

fn illegal_names_are_refused() {
    let home = Home::new();
    home.kind(&["create", "cluster", "--name", "Bad_Name"]).code(1).stdout("").tells(
        "error: failed to create cluster: 'Bad_Name' is not a valid cluster name, cluster names must match \
         `^[a-z0-9.-]+$`\n",
    );
    home.kind(&["create", "cluster", "--image", "UPPER/case:1"]).code(1).stdout("").tells("UPPER/case:1");
}

fn script_mistakes_have_a_place_and_a_suggestion() {
    let home = Home::new();
    home.file("syntax.rhai", "let a = 1;\nlet b = (2 + ;\n");
    home.kind(&["run", "syntax.rhai"]).code(1).stdout("").tells("error: ").tells("syntax.rhai:2:14");
    home.file("unknown.rhai", "let a = 1;\n\n  sleeep(1);\n");
    home.kind(&["run", "unknown.rhai"])
        .code(1)
        .stdout("")
        .tells("error: there is no function sleeep")
        .tells("unknown.rhai:3:3")
        .tells("  hint: did you mean sleep?");
    home.file("import.rhai", "import \"std/creat\" as c;\n");
    home.kind(&["run", "import.rhai"]).code(1).tells("import.rhai:1:").tells("did you mean \"create\"?");
    home.kind(&["run", "missing.rhai"]).code(1).tells("missing.rhai").tells("error: ");
}

fn unknown_node_image_leaves_nothing() {
    let c = Cluster::named("noimage");
    c.create(&["--image", "localhost:1/kind-test/none:v0"])
        .code(1)
        .stdout("")
        .tells("error: failed to create cluster: ")
        .tells("localhost:1/kind-test/none:v0")
        .tells("  hint: ");
    c.nothing_is_left(&[]);
}

fn taken_port_leaves_nothing() {
    let c = Cluster::named("port");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    c.create_with(&format!("networking:\n  apiServerPort: {port}\n"), &[])
        .code(1)
        .stdout("")
        .tells("error: failed to create cluster: ")
        .tells(&port.to_string());
    c.nothing_is_left(&[]);
}

fn an_image_of_another_architecture_is_named() {
    let c = Cluster::named("arch");
    let reference = format!("kind-test/other-arch:{}", std::process::id());
    let other = if cfg!(target_arch = "x86_64") { "arm64" } else { "amd64" };
    let code = format!(
        "image::pack(#{{reference: \"{reference}\", arch: \"{other}\", config: #{{entrypoint: [\"/x\"]}}}}, \
         \"a.tar\"); image::load(\"a.tar\");"
    );
    c.home.script(&code).ok();
    let ran = c.create(&["--image", &reference]);
    c.home.script(&format!("image::remove(\"{reference}\")")).ok();
    ran.code(1).stdout("").tells(&format!("the node image {reference} is for {other}")).tells("  hint: ");
    c.nothing_is_left(&[]);
}

/// kubeadm fails by a patch of the user; the node stays for a look, and delete removes it.
fn a_failure_with_retain_keeps_the_nodes() {
    let c = Cluster::named("retain");
    let patch = "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n  kubernetesVersion: v0.0.1\n";
    c.create_with(patch, &["--retain"])
        .code(1)
        .stdout("")
        .tells("error: failed to create cluster: ")
        .tells("kubeadm");
    let node = c.node("control-plane");
    assert_eq!(engine::nodes(&c.name), [node.as_str()]);
    let evidence: Vec<String> = c.home.temporary_files();
    assert!(evidence.iter().any(|name| name.contains("-evidence-")), "{evidence:?}");
    let volumes = engine::volumes_of(&node);
    c.delete().ok();
    c.nothing_is_left(&volumes);
}

/// A hook makes a node's /etc/kubernetes too small for what kubeadm writes into it.
fn a_full_disk_is_named_and_leaves_nothing() {
    let c = Cluster::named("full");
    c.home.file(
        ".kind/hooks/full.rhai",
        "on(\"node.container\", |container| {\n    container.tmpfs[\"/etc/kubernetes\"] = \"size=16k\";\n    \
         container\n});\n",
    );
    let networks = engine::networks();
    c.create(&[])
        .code(1)
        .stdout("")
        .tells("error: failed to create cluster: ")
        .tells("no space left on device")
        .tells("  hint: ");
    assert_eq!(engine::networks(), networks);
    c.nothing_is_left(&[]);
}

/// A hook gives a node a first process that ends at once.
fn a_node_that_ends_is_told_with_its_last_words() {
    let c = Cluster::named("ended");
    c.home.file(
        ".kind/hooks/ended.rhai",
        "on(\"node.container\", |container| {\n    \
         container.entrypoint = [\"sh\", \"-c\", \"echo no node today >&2; exit 3\"];\n    container\n});\n",
    );
    c.create(&[])
        .code(1)
        .stdout("")
        .tells(&format!("the container of {} ended before ", c.node("control-plane")))
        .tells("the first cause may be: ")
        .tells("has ended: no node today")
        .tells("  hint: ");
    c.nothing_is_left(&[]);
}

fn settings_that_never_work_are_told_soon_with_their_cause() {
    let told = |name: &str, patch: &str, parts: &[&str]| {
        let c = Cluster::named(name);
        let config = format!("nodes:\n- role: control-plane\n  kubeadmConfigPatches:\n  - |\n{patch}");
        let since = std::time::Instant::now();
        let mut ran = c.create_with(&config, &["--retain"]).code(1);
        // the API server is waited for four minutes; nobody waits for what cannot come
        assert!(since.elapsed().as_secs() < 200, "{ran:?}");
        for part in parts {
            ran = ran.tells(part);
        }
        assert_eq!(ran.stderr.matches("evidence of the failure is in").count(), 1, "{ran:?}");
        // who kept the nodes reads the cause first in what they export
        c.home.kind(&["export", "logs", "out", "--name", &c.name]).ok();
        let summary = std::fs::read_to_string(c.home.work().join("out/summary.txt")).unwrap();
        let cause = summary.lines().next().unwrap();
        assert!(cause.starts_with(&format!("The first cause may be: {}", parts[0])), "{summary}");
        assert!(cause.contains(parts[1]), "{summary}");
        assert!(
            summary.contains("\nHint: a kubeadm patch ") || summary.contains("\nHint: a patch of "),
            "{summary}"
        );
        c.delete().ok();
        c.nothing_is_left(&[]);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let patch = "    kind: KubeletConfiguration\n    maxPods: -5\n";
            told(
                "hopeless1",
                patch,
                &[
                    "kubelet on ",
                    "maxPods",
                    "must not be a negative number",
                    "a patch of KubeletConfiguration",
                ],
            );
        });
        let patch = "    kind: ClusterConfiguration\n    apiServer:\n      extraArgs:\n      - {name: no-such-flag, value: x}\n";
        told(
            "hopeless2",
            patch,
            &["kube-apiserver on ", "unknown flag: --no-such-flag", "see kubeadmConfigPatches"],
        );
    });
}

/// A container runtime that cannot read its config is told of with its own words, long before the API server is given up.
fn a_runtime_that_never_starts_is_told_soon() {
    let c = Cluster::named("runtime");
    let since = std::time::Instant::now();
    c.create_with("containerdConfigPatches:\n- root = 5\n", &[])
        .code(1)
        .stdout("")
        .tells("failed to create cluster: containerd on ")
        .tells("cannot decode TOML integer into struct field");
    assert!(since.elapsed().as_secs() < 100, "{:?}", since.elapsed());
    c.nothing_is_left(&[]);
}

/// Upstream kind, or somebody under another user, makes a node of the name after ours has looked: what is theirs stays.
fn a_cluster_that_came_first_is_left_alone() {
    let c = Cluster::named("rival");
    let (first, worker) = (c.node("control-plane"), c.node("worker"));
    let code = format!(
        r#"import "std/create" as create;
        on("node.container", |spec| {{
            if spec.name == "{first}" {{
                let labels = #{{"io.x-k8s.kind.cluster": "{0}", "io.x-k8s.kind.role": "control-plane"}};
                engine::create(#{{name: "{first}", image: "{1}", labels: labels}});
            }}
        }});
        create::create(#{{name: "{0}", nodes: [#{{role: "control-plane"}}, #{{role: "worker"}}]}}, #{{}})"#,
        c.name,
        crate::harness::IMAGE
    );
    let home = &c.home;
    home.script(&code)
        .code(1)
        .tells(&format!("node(s) already exist for a cluster with the name \"{}\"", c.name))
        .tells_not("evidence");
    let left = engine::nodes(&c.name);
    engine::remove(&first);
    assert_eq!(left, [first.as_str()], "{worker} was ours and is gone");
}

/// A folder that a user mounts where the cluster's kubeconfig is seen is none of the cluster's.
fn a_users_folder_stays_when_its_cluster_goes() {
    let c = Cluster::named("folder");
    let kept = c.home.file("mine/file", "kept");
    let code = format!(
        r#"engine::create(#{{
            name: "{}", image: "{}", labels: #{{"io.x-k8s.kind.cluster": "{}", "io.x-k8s.kind.role": "worker"}},
            mounts: [#{{source: "{}", target: "/kind/kubeconfig"}}],
        }})"#,
        c.node("worker"),
        crate::harness::IMAGE,
        c.name,
        kept.parent().unwrap().display()
    );
    c.home.script(&code).ok();
    c.delete().ok().tells(&format!("Deleted nodes: [\"{}\"]", c.node("worker")));
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "kept");
}

/// The first control plane is well; the node that joins has a setting that nothing takes.
fn joining_nodes_that_never_come_up_are_told_soon() {
    let c = Cluster::large("hopeless3");
    let told = |node: &str, patch: &str, parts: &[&str]| {
        let role = node.trim_end_matches('2');
        let config =
            format!("nodes:\n- role: control-plane\n- role: {role}\n  kubeadmConfigPatches:\n  - |\n{patch}");
        let since = std::time::Instant::now();
        let mut ran = c.create_with(&config, &[]).code(1).stdout("").tells(&c.node(node));
        for part in parts {
            ran = ran.tells(part);
        }
        assert!(since.elapsed().as_secs() < 100, "{ran:?}");
        c.nothing_is_left(&[]);
    };
    for node in ["control-plane2", "worker"] {
        told(
            node,
            "    kind: KubeletConfiguration\n    maxPods: -5\n",
            &["failed to create cluster: kubelet on ", "must not be a negative number"],
        );
    }
}
