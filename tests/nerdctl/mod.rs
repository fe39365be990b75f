//! A cluster on nerdctl.

use crate::harness::home::Ran;
use crate::harness::{Cluster, home, need, nerdctl, podman, skips_engine};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    // the suite that runs on Podman has no need of it
    if podman::is_engine() {
        return Vec::new();
    }
    let trial = Trial::test("nerdctl::a_cluster_lives_on_containerd", || {
        need()
            .as_ref()
            .map_err(|_| "no engine or no node image: see the test engine_and_node_image_are_there")?;
        let nerdctl = nerdctl::need().as_ref().map_err(|error| format!("no nerdctl: {error}"))?;
        a_cluster_lives_on_containerd(nerdctl);
        Ok(())
    });
    vec![trial.with_ignored_flag(skips_engine() || !nerdctl::is_possible())]
}

/// Two control planes behind a load balancer and a worker with addresses of both families, an image, commands, logs, errors in the words of every engine;
/// and nothing is left.
fn a_cluster_lives_on_containerd(nerdctl: &nerdctl::Nerdctl) {
    let c = Cluster::large("nerdctl");
    let kind = |args: &[&str], input: &str| -> Ran {
        let mut command = c.home.command(args);
        for (name, _) in c.home.environment() {
            if name.starts_with("DOCKER_") || name.starts_with("CONTAINER_") {
                command.env_remove(name);
            }
        }
        command.envs(nerdctl.environment());
        home::run(command, input)
    };
    let config = format!(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {{ipFamily: dual, network: {}}}\n\
         nodes: [{{role: control-plane}}, {{role: control-plane}}, {{role: worker}}]\n",
        nerdctl::NETWORK
    );
    kind(&["create", "cluster", "--name", &c.name, "--wait", "5m", "--config", "-"], &config).ok();
    c.kubectl(&["wait", "--timeout=5m", "--for=condition=Ready", "nodes", "--all"]).ok();
    // its pods end at once on a node without a default route for IPv6
    let network = ["-n", "kube-system", "rollout", "status", "daemonset/flannel", "--timeout=2m"];
    c.kubectl(&network).ok();
    kind(&["get", "clusters"], "").ok().stdout(&format!("{}\n", c.name));
    let nodes = kind(&["get", "nodes", "--name", &c.name, "-o", "json"], "").ok().json();
    assert_eq!(nodes.as_array().map(Vec::len), Some(4), "{nodes}");

    let script = r#"
        let c = cluster::find("NAME");
        for n in c.nodes { n.exec("getent", "hosts", "NAME-worker"); n.exec("getent", "hosts", "NAME-control-plane"); }
        let n = c.nodes[0];
        print(n.exec("sh", "-c", "printf out; printf err >&2").stdout);
        let code = |work| { let told = "none"; try { work.call(); } catch (error) { told = error.code; } told };
        print(code.call(|| n.exec("sh", "-c", "exit 7")));
        print(code.call(|| engine::container("kt-nowhere").start()));
        print(code.call(|| engine::create(#{name: n.name, image: "IMAGE"})));
        print(n.try_exec("sh", "-c", "echo x >&2; exit 7").code);
        print(n.try_exec("no-such-program").code);
        print(code.call(|| n.exec(["sleep", "60"], #{timeout: 1})));
        print(n.sh("grep -al '[s]leep.60' /proc/[0-9]*/cmdline | wc -l").split("\n")[0]);
        print(n.exec(["test", "-t", "1"], #{tty: true}).code);
        n.write("/kind/a.txt", "text"); print(n.read("/kind/a.txt"));
    "#;
    let script = script.replace("NAME", &c.name).replace("IMAGE", crate::harness::IMAGE);
    let told = kind(&["run", "--allow-host", "-e", &script], "").ok().stdout;
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "out",
            "node.exec_failed",
            "engine.not_found",
            "engine.conflict",
            "7",
            "127",
            "engine.time_limit",
            "0",
            "0",
            "text"
        ]
    );

    let archive = c.home.root().join("image.tar");
    let path = archive.to_str().unwrap();
    let pack = format!("image::pack(#{{reference: \"kt/nerdctl:1\", folders: [\"/x\"]}}, \"{path}\")");
    kind(&["run", "--allow-host", "-e", &pack], "").ok();
    kind(&["load", "image-archive", path, "--name", &c.name], "").ok();
    let images = kind(&["run", "--allow-host", "-e", &format!(
        "for n in cluster::find(\"{}\").nodes {{ print(n.exec(\"ctr\", \"-n\", \"k8s.io\", \"images\", \"ls\", \"-q\").stdout); }}",
        c.name
    )], "").ok().stdout;
    assert_eq!(images.matches("docker.io/kt/nerdctl:1\n").count(), 3, "{images}");

    let other = c.home.root().join("other.conf");
    kind(&["export", "kubeconfig", "--name", &c.name, "--kubeconfig", other.to_str().unwrap()], "").ok();
    c.kubectl(&["--kubeconfig", other.to_str().unwrap(), "get", "--raw", "/readyz"]).ok().stdout("ok");
    let folder = c.home.root().join("logs");
    kind(&["export", "logs", folder.to_str().unwrap(), "--name", &c.name], "").ok();
    assert!(folder.join("docker-info.txt").is_file());
    assert!(folder.join(format!("{}-worker/kubelet.log", c.name)).is_file());

    kind(&["delete", "cluster", "--name", &c.name], "").ok().tells("Deleted nodes");
    kind(&["get", "clusters"], "").ok().stdout("").tells("No kind clusters found.");
    assert_eq!(nerdctl.run(&["ps", "--all", "--quiet"]).unwrap(), "", "containers are left");
    assert_eq!(nerdctl.run(&["volume", "ls", "--quiet"]).unwrap(), "", "volumes are left");
    assert_eq!(c.home.temporary_files(), [""; 0], "temporary files are left");
}
