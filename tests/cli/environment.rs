//! What the environment says about a cluster, as its nodes see it.

use crate::harness::home::run;
use crate::harness::{Cluster, Home, engine, trials};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub fn tests() -> Vec<Trial> {
    trials! { "environment":
        real network_proxies_and_snapshotter_reach_the_nodes,
        real proxies_of_dockers_config_are_taken,
    }
}

fn variable(container: &Value, name: &str) -> Option<String> {
    let list = container["Config"]["Env"].as_array().cloned().unwrap_or_default();
    list.iter().find_map(|text| Some(text.as_str()?.strip_prefix(&format!("{name}="))?.to_owned()))
}

/// The network goes away with the test.
struct Network(String);

impl Drop for Network {
    fn drop(&mut self) {
        engine::request("DELETE", &format!("/networks/{}", self.0), "");
    }
}

fn network_proxies_and_snapshotter_reach_the_nodes() {
    let network = Network(format!("{}net", crate::harness::clusters::prefix()));
    let c = Cluster::named("environment");
    let mut command = c.home.command(&["create", "cluster", "--wait", "2m"]);
    command.envs([
        ("KIND_CLUSTER_NAME", c.name.as_str()),
        ("KIND_EXPERIMENTAL_DOCKER_NETWORK", &network.0),
        ("KIND_EXPERIMENTAL_PODMAN_NETWORK", "of-another-engine"),
        ("KIND_FLANNEL_BACKEND", "vxlan"),
        ("KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER", "overlayfs"),
        ("https_proxy", "http://proxy.test:3128"),
        ("NO_PROXY", "example.test"),
    ]);
    run(command, "").ok().tells(&format!("Creating cluster \"{}\" ...", c.name));
    let node = c.node("control-plane");
    let container = engine::container(&node);
    let networks: Vec<&String> =
        container["NetworkSettings"]["Networks"].as_object().unwrap().keys().collect();
    assert_eq!(networks, [&network.0]);
    assert_eq!(
        variable(&container, "KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER").as_deref(),
        Some("overlayfs")
    );
    for name in ["HTTPS_PROXY", "https_proxy"] {
        assert_eq!(variable(&container, name).as_deref(), Some("http://proxy.test:3128"));
    }
    assert_eq!(variable(&container, "HTTP_PROXY"), None);
    let past = variable(&container, "NO_PROXY").unwrap();
    assert_eq!(variable(&container, "no_proxy").as_ref(), Some(&past));
    let past: Vec<&str> = past.split(',').collect();
    // all that upstream adds
    let subnets = engine::get(&format!("/networks/{}", network.0))["IPAM"]["Config"].clone();
    let mut wanted = vec![
        "example.test",
        "10.96.0.0/16",
        "10.244.0.0/16",
        &node,
        ".svc",
        ".svc.cluster",
        ".svc.cluster.local",
    ];
    wanted.extend(subnets.as_array().unwrap().iter().filter_map(|subnet| subnet["Subnet"].as_str()));
    for part in wanted {
        assert!(past.contains(&part), "{part} is not in {past:?}");
    }
    // services of the node have them too, and none of them is asked for what is the cluster's own
    let services = engine::file(&node, "/etc/systemd/system.conf.d/10-proxies.conf").unwrap();
    assert!(String::from_utf8_lossy(&services).contains("http://proxy.test:3128"));
    c.wait_for("condition=Ready", &format!("node/{node}"));
    c.apply(&super::create::pod("probe", "echo it runs", "", ""));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/probe");
    c.kubectl(&["logs", "probe"]).ok().stdout("it runs\n");
    let backend = "jsonpath={.spec.template.spec.containers[0].env[?(@.name==\"FLANNEL_BACKEND\")].value}";
    c.kubectl(&["-n", "kube-system", "get", "daemonset", "flannel", "-o", backend]).ok().stdout("vxlan");
    c.delete().ok();
}

/// What a node's container would get, told by the script that decides it.
fn proxies_of_dockers_config_are_taken() {
    let home = Home::new();
    let address = engine::find().unwrap();
    let asked = |config: Value, variables: &[(&str, &str)]| {
        let file = home.file("docker/config.json", &config.to_string());
        let code = "import \"std/proxy\" as proxy; \
                    print(json::render(proxy::environment(cluster::plan(#{name: \"some\"}))))";
        let mut command = home.command(&["run", "--allow-host", "-e", code]);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        // the engine is the same one, whatever the config says of contexts
        command.env("DOCKER_CONFIG", file.parent().unwrap()).env("DOCKER_HOST", address);
        command.envs(variables.iter().copied());
        run(command, "").ok().json()
    };
    let all = json!({"proxies": {"default": {"httpProxy": "http://all.test", "noProxy": "past.test"}}});
    let found = asked(all.clone(), &[]);
    assert_eq!(found["HTTP_PROXY"], "http://all.test");
    assert_eq!(found["http_proxy"], "http://all.test");
    assert!(
        found["no_proxy"].as_str().unwrap().starts_with("past.test,10.96.0.0/16,10.244.0.0/16,"),
        "{found}"
    );
    // what is said of this engine goes before that, and the environment before both
    let mut both = all;
    both["proxies"][address] = json!({"httpsProxy": "http://this.test"});
    let found = asked(both.clone(), &[]);
    assert_eq!((&found["HTTP_PROXY"], &found["HTTPS_PROXY"]), (&Value::Null, &json!("http://this.test")));
    let found = asked(both, &[("HTTP_PROXY", "http://mine.test")]);
    assert_eq!((&found["HTTP_PROXY"], &found["HTTPS_PROXY"]), (&json!("http://mine.test"), &Value::Null));
    assert_eq!(asked(json!({}), &[]), json!({}));
}
