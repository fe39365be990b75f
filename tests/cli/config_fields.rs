//! Fields of the config, as real clusters show them.

use super::create::pod;
use crate::harness::{Cluster, engine, real, skips_engine, trials};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    let mut tests = trials! { "config_fields":
        real patches_gates_and_search_domains,
        real what_upstream_takes_is_taken_as_it_means_it,
        real both_families_and_a_network_of_ones_own,
        real ipv6_alone,
        real no_kube_proxy,
        real mounts_and_ports_of_every_kind,
    };
    // where the kernel has it there is nothing to refuse
    for (name, module, body) in [
        ("config_fields::ipvs_without_the_kernels_help_is_refused", "ip_vs", ipvs_is_refused as fn()),
        ("config_fields::sctp_without_the_kernels_help_is_refused", "sctp", sctp_is_refused),
    ] {
        tests.push(real(name, body).with_ignored_flag(skips_engine() || can_have(module)));
    }
    tests
}

/// Whether the kernel has a module, or could load it.
fn can_have(module: &str) -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let listed = |list: &str| {
        let text =
            std::fs::read_to_string(format!("/lib/modules/{}/{list}", release.trim())).unwrap_or_default();
        text.contains(&format!("/{module}.ko"))
    };
    let there = [format!("/proc/net/{module}"), format!("/sys/module/{module}")];
    there.iter().any(|path| Path::new(path).exists()) || listed("modules.dep") || listed("modules.builtin")
}

/// What a command on a node printed.
fn on(node: &str, script: &str) -> String {
    let home = crate::harness::Home::new();
    let code = format!("print(engine::container({node:?}).sh({script:?}))");
    home.script(&code).ok().stdout.trim().to_owned()
}

/// What is read by other rules than one would think, or counts for other nodes than the one it stands at.
fn what_upstream_takes_is_taken_as_it_means_it() {
    let c = Cluster::named("lenient");
    c.home.file("patches/readme", "no patch");
    // --name and --image go before what the file says, which may be anything then
    let config = r#"
name: My_Cluster
networking: {podSubnet: 10.0.0.0/8, apiServerAddress: "::1"}
containerdConfigPatches:
- |
  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."localhost:5000"]
    endpoint = ["http://kind-registry:5000"]
kubeadmConfigPatches:
- |
  kind: InitConfiguration
  patches: {directory: /patches}
nodes:
- role: control-plane
  extraMounts: [{hostPath: patches, containerPath: /patches}]
  kubeadmConfigPatches:
  - |
    kind: KubeletConfiguration
    maxPods: 250
    serializeImagePulls: no
    ---
    kind: ClusterConfiguration
    apiVersion: kubeadm.k8s.io/v1beta4
    controllerManager:
      extraArgs: {node-cidr-mask-size: "22"}
- role: worker
  image: ':'
"#;
    let ran = c.create_with(config, &["--image", crate::harness::IMAGE, "--wait", "2m"]).ok();
    ran.tells("networking.podSubnet 10.0.0.0/8 and networking.serviceSubnet 10.96.0.0/16 overlap");
    let server = c.home.kubeconfig_value()["clusters"][0]["cluster"]["server"].clone();
    assert!(server.as_str().unwrap().starts_with("https://[::1]:"), "{server}");

    // the settings of the first node's kubelet and of the controller manager hold for the cluster
    for node in ["control-plane", "worker"] {
        c.wait_for("condition=Ready", &format!("node/{}", c.node(node)));
    }
    let nodes = c.kubectl(&["get", "nodes", "-o", "json"]).ok().json();
    let mut ranges = Vec::new();
    for node in nodes["items"].as_array().unwrap() {
        assert_eq!(node["status"]["capacity"]["pods"], "250", "{node}");
        ranges.push(node["spec"]["podCIDR"].as_str().unwrap().to_owned());
    }
    ranges.sort();
    assert_eq!(ranges, ["10.0.0.0/22", "10.0.4.0/22"]);
    let worker = c.node("worker");
    assert_eq!(
        on(&worker, "grep serializeImagePulls /var/lib/kubelet/config.yaml"),
        "serializeImagePulls: false"
    );
    assert_eq!(on(&worker, "env | grep -c ^KUBECONFIG= || true"), "0");
    assert_eq!(
        on(&c.node("control-plane"), "env | grep ^KUBECONFIG="),
        "KUBECONFIG=/etc/kubernetes/admin.conf"
    );
    let registry = on(&worker, "grep -A1 mirrors /etc/containerd/config.toml");
    assert!(registry.contains("http://kind-registry:5000"), "{registry}");
}

fn patches_gates_and_search_domains() {
    let c = Cluster::named("patches");
    let config = r#"
featureGates: {AllBeta: false}
runtimeConfig: {"api/alpha": "true"}
networking:
  kubeProxyMode: nftables
  apiServerPort: -1
  dnsSearch: [one.test, two.test]
kubeadmConfigPatches:
- |
  kind: InitConfiguration
  skipPhases: [preflight, addon/coredns]
- |
  kind: ClusterConfiguration
  apiVersion: kubeadm.k8s.io/v1beta3
  clusterName: never
kubeadmConfigPatchesJSON6902:
- group: kubeadm.k8s.io
  version: v1beta4
  kind: ClusterConfiguration
  patch: |
    - op: add
      path: /apiServer/certSANs/-
      value: another.test
containerdConfigPatches:
- |
  [plugins."io.containerd.grpc.v1.cri"]
    max_concurrent_downloads = 7
- |
  version = 3
  root = "/never"
containerdConfigPatchesJSON6902:
- '[{"op": "add", "path": "/debug", "value": {"level": "warn"}}]'
nodes:
- role: control-plane
- role: worker
  kubeadmConfigPatchesJSON6902:
  - kind: KubeletConfiguration
    patch: |
      - {op: add, path: /maxPods, value: 44}
"#;
    let ran = c.create_with(config, &["--wait", "5m"]).ok();
    ran.tells("kubeadmConfigPatches[1] is for ClusterConfiguration of kubeadm.k8s.io/v1beta3")
        .tells("containerdConfigPatches[1] is for version 3");
    let (node, worker) = (c.node("control-plane"), c.node("worker"));

    // Kubernetes: gates and APIs at the API server, names in its certificate, phases that were skipped.
    let api = format!("kube-apiserver-{node}");
    let api =
        c.eventually(&["get", "pod", "-n", "kube-system", &api, "-o", "json"], |ran| ran.code == 0).json();
    let command = api["spec"]["containers"][0]["command"].to_string();
    assert!(command.contains("--feature-gates=AllBeta=false"), "{command}");
    assert!(command.contains("--runtime-config=api/alpha=true"), "{command}");
    let names =
        on(&node, "openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -ext subjectAltName || true");
    let manifest = on(&node, "cat /kind/kubeadm.conf");
    assert!(names.contains("another.test") || manifest.contains("- another.test"), "{names}\n{manifest}");
    c.kubectl(&["get", "deployments", "-A", "-o", "name"])
        .ok()
        .stdout("deployment.apps/local-path-provisioner\n");
    let alpha = c.kubectl(&["api-versions"]).ok().stdout;
    assert!(alpha.contains("v1alpha"), "{alpha}");
    let pods =
        |name: &str| c.kubectl(&["get", "node", name, "-o", "jsonpath={.status.capacity.pods}"]).ok().stdout;
    c.wait_for("condition=Ready", &format!("node/{worker}"));
    assert_eq!((pods(&node).as_str(), pods(&worker).as_str()), ("110", "44"));

    // The node: DNS and the container runtime.
    assert!(on(&worker, "cat /etc/resolv.conf").contains("search one.test two.test"));
    let runtime = on(&worker, "containerd config dump");
    assert!(runtime.contains("max_concurrent_downloads = 7"), "{runtime}");
    assert!(runtime.contains("level = 'warn'") || runtime.contains("level = \"warn\""), "{runtime}");
    assert!(!runtime.contains("/never"), "{runtime}");

    // Services by nftables.
    c.apply(
        &(pod("web", "echo nft > /index.html; exec busybox httpd -f -p 8080 -h /", &worker, "")
            + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  \
               ports: [{port: 80, targetPort: 8080}]\n"),
    );
    c.wait_for("condition=Ready", "pod/web");
    let address = c.kubectl(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]).ok().stdout;
    // until the rules are there a packet to this address leaves the node, for whoever answers out there
    let ask = format!(
        "for i in $(seq 60); do [ \"$(curl -s -m 5 http://{address}/)\" != nft ] || break; sleep 1; done; echo $i"
    );
    let tries = on(&node, &ask);
    assert!(tries != "60", "the service does not answer at {address}");
    assert!(on(&node, "nft list tables").contains("table ip kube-proxy"));

    // The port is the engine's choice: none was asked for.
    let asked = &engine::container(&node)["HostConfig"]["PortBindings"]["6443/tcp"][0]["HostPort"];
    assert!(asked == "" || asked == "0", "{asked}");
}

fn ipvs_is_refused() {
    let c = Cluster::named("ipvs");
    c.create_with("networking: {kubeProxyMode: ipvs}\n", &[])
        .code(1)
        .stdout("")
        .tells("kubeProxyMode ipvs needs the kernel module ip_vs, which Linux ")
        .tells("hint: kubeProxyMode: nftables or iptables works here")
        .tells_not("Preparing nodes");
    c.nothing_is_left(&[]);
}

fn sctp_is_refused() {
    let c = Cluster::named("sctp");
    c.create_with("nodes: [{extraPortMappings: [{containerPort: 3868, protocol: SCTP}]}]\n", &[])
        .code(1)
        .tells("the port 3868 (SCTP) of ")
        .tells("needs the kernel module sctp, which Linux ")
        .tells_not("Preparing nodes");
    c.nothing_is_left(&[]);
}

fn no_kube_proxy() {
    let c = Cluster::named("noproxy");
    c.create_with("networking: {kubeProxyMode: none, apiServerAddress: 0.0.0.0}\n", &["--wait", "5m"])
        .ok()
        .tells("apiServerAddress 0.0.0.0 opens the cluster's API on every address of this host");
    c.kubectl(&["get", "daemonsets", "-A", "-o", "name"]).ok().stdout("daemonset.apps/flannel\n");
    c.kubectl(&["get", "configmaps", "-n", "kube-system", "kube-proxy"]).code(1).tells("not found");
}

/// Addresses of pods that serve on two nodes, and a service before them, of every family.
fn pods_and_services(c: &Cluster, families: &[&str]) {
    let nodes = [c.node("control-plane"), c.node("worker")];
    let mut manifests = String::new();
    for (n, node) in nodes.iter().enumerate() {
        c.wait_for("condition=Ready", &format!("node/{node}"));
        let serve = format!("echo pod {n} > /index.html; exec busybox httpd -f -p '[::]:8080' -h /");
        manifests += &pod(&format!("web{n}"), &serve, node, "");
    }
    for family in families {
        let _ = write!(
            manifests,
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: web-{}}}\nspec:\n  selector: {{app: web}}\n  \
             ipFamilies: [{family}]\n  ports: [{{port: 80, targetPort: 8080}}]\n",
            family.to_lowercase()
        );
    }
    c.apply(&manifests);
    for n in 0..2 {
        c.wait_for("condition=Ready", &format!("pod/web{n}"));
    }
    for (from, to) in [("web0", "web1"), ("web1", "web0")] {
        let seen = c.kubectl(&["get", "pod", to, "-o", "json"]).ok().json();
        let addresses = seen["status"]["podIPs"].as_array().unwrap();
        assert_eq!(addresses.len(), families.len(), "{addresses:?}");
        for address in addresses {
            let url = url(address["ip"].as_str().unwrap(), 8080);
            let ask = ["exec", from, "--", "busybox", "wget", "-qO-", "-T", "20", &url];
            assert_eq!(c.kubectl(&ask).ok().stdout, format!("pod {}\n", &to[3..]), "{from} asked {url}");
        }
        for family in families {
            let name = format!("web-{}", family.to_lowercase());
            let service =
                c.kubectl(&["get", "service", &name, "-o", "jsonpath={.spec.clusterIP}"]).ok().stdout;
            assert_eq!(service.contains(':'), *family == "IPv6", "{service}");
            let url = url(&service, 80);
            let ask = ["exec", from, "--", "busybox", "wget", "-qO-", "-T", "20", &url];
            c.eventually(&ask, |ran| ran.stdout.starts_with("pod "));
            // by name: DNS answers in this family
            let url = format!("http://{name}.default.svc.cluster.local/");
            let ask = ["exec", from, "--", "busybox", "wget", "-qO-", "-T", "20", &url];
            c.eventually(&ask, |ran| ran.stdout.starts_with("pod "));
        }
    }
}

fn url(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("http://[{address}]:{port}/")
    } else {
        format!("http://{address}:{port}/")
    }
}

/// Addresses of a node by type.
fn node_addresses(c: &Cluster, node: &str) -> Vec<String> {
    let seen = c.kubectl(&["get", "node", node, "-o", "json"]).ok().json();
    let all = seen["status"]["addresses"].as_array().unwrap().clone();
    all.iter()
        .filter(|a| a["type"] == "InternalIP")
        .map(|a| a["address"].as_str().unwrap().to_owned())
        .collect()
}

fn ipv6_alone() {
    let c = Cluster::named("six");
    let config = "networking: {ipFamily: ipv6}\nnodes:\n- role: control-plane\n  extraPortMappings:\n  \
                  - {containerPort: 30090, listenAddress: \"::1\"}\n  - {containerPort: 30091}\n- role: worker\n";
    c.create_with(config, &["--wait", "5m"]).ok();
    let server = c.home.kubeconfig_value()["clusters"][0]["cluster"]["server"].clone();
    assert!(server.as_str().unwrap().starts_with("https://[::1]:"), "{server}");
    let service =
        c.kubectl(&["get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"]).ok().stdout;
    assert_eq!(service, "fd00:10:96::1");
    for addresses in [node_addresses(&c, &c.node("control-plane")), node_addresses(&c, &c.node("worker"))] {
        assert!(addresses.len() == 1 && addresses[0].contains(':'), "{addresses:?}");
    }
    pods_and_services(&c, &["IPv6"]);

    let ports = engine::container(&c.node("control-plane"))["NetworkSettings"]["Ports"].clone();
    assert_eq!(ports["30091/tcp"][0]["HostIp"], "::", "all addresses of the cluster's family");
    let port = ports["30090/tcp"][0]["HostPort"].as_str().unwrap().parse().unwrap();
    mapped(&c, &[("[::1]", port)]);
}

fn both_families_and_a_network_of_ones_own() {
    let c = Cluster::named("dual");
    let network = c.name.clone();
    let config = format!(
        r"
networking:
  ipFamily: dual
  network: {network}
  networkSubnet: 172.31.240.0/24
nodes:
- role: control-plane
  address: 172.31.240.77
- role: worker
  address: 172.31.240.88
  labels: {{tier: back}}
  resources: {{cpu: 1.5, memory: 1Gi}}
  devices: [{{hostPath: /dev/zero, containerPath: /dev/nothing}}]
  env: {{KIND_TEST: it is here}}
  sysctls: {{net.ipv4.ip_unprivileged_port_start: 0}}
"
    );
    let created = c.create_with(&config, &["--wait", "5m"]);
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        created.ok();
        dual(&c, &network);
    }));
    c.delete();
    let (code, _) = engine::request("DELETE", &format!("/networks/{network}"), "");
    if let Err(why) = checked {
        std::panic::resume_unwind(why);
    }
    assert_eq!(code, 204);
}

fn dual(c: &Cluster, network: &str) {
    let worker = c.node("worker");
    assert_eq!(
        engine::container(&worker)["NetworkSettings"]["Networks"][network]["IPAddress"],
        "172.31.240.88"
    );
    let addresses = node_addresses(c, &worker);
    assert_eq!(addresses[0], "172.31.240.88");
    assert!(addresses.len() == 2 && addresses[1].contains(':'), "{addresses:?}");
    let seen = c.kubectl(&["get", "node", &worker, "-o", "json"]).ok().json();
    assert_eq!(seen["spec"]["podCIDRs"].as_array().map(Vec::len), Some(2), "{}", seen["spec"]);

    // What the node may use is what the kubelet reports and offers, and what the engine grants.
    let size = &seen["status"]["capacity"];
    assert_eq!((&size["cpu"], &size["memory"]), (&json!("2"), &json!("1Gi")), "whole processors");
    let offered = &seen["status"]["allocatable"];
    assert_eq!((&offered["cpu"], &offered["memory"]), (&json!("1500m"), &json!("1Gi")));
    let granted = &engine::container(&worker)["HostConfig"];
    assert_eq!((&granted["NanoCpus"], &granted["Memory"]), (&json!(1_500_000_000), &json!(1_073_741_824)));

    assert_eq!(on(&worker, "head -c 3 /dev/nothing | od -An -tx1"), "00 00 00");
    assert_eq!(on(&worker, "tr '\\0' '\\n' < /proc/1/environ | grep ^KIND_TEST"), "KIND_TEST=it is here");
    assert_eq!(on(&worker, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "0");
    pods_and_services(c, &["IPv4", "IPv6"]);
}

/// A network of the engine whose packets are smaller than usual, as below a VPN; removed at its end.
struct SmallPackets(String);

impl SmallPackets {
    fn new() -> Self {
        let name = format!("kt-{}-mtu", std::process::id());
        let options = json!({"com.docker.network.driver.mtu": "1420"});
        let body = json!({"Name": name, "Options": options}).to_string();
        assert_eq!(engine::request("POST", "/networks/create", &body).0, 201);
        Self(name)
    }
}

impl Drop for SmallPackets {
    fn drop(&mut self) {
        engine::request("DELETE", &format!("/networks/{}", self.0), "");
    }
}

fn mounts_and_ports_of_every_kind() {
    // removed after the cluster
    let network = SmallPackets::new();
    let c = Cluster::named("mounts");
    let folder = c.home.file("from/file", "x").parent().unwrap().display().to_string();
    let config = format!(
        r"
networking: {{network: {}}}
nodes:
- role: control-plane
  extraMounts:
  - {{hostPath: {folder}, containerPath: /private, propagation: None}}
  - {{hostPath: {folder}, containerPath: /relabelled, selinuxRelabel: true, readOnly: true}}
  - {{hostPath: /tmp, containerPath: /slave, propagation: HostToContainer}}
  - {{hostPath: /tmp, containerPath: /shared, propagation: Bidirectional}}
  extraPortMappings:
  - {{containerPort: 30090, hostPort: 0, listenAddress: 127.0.0.2}}
  - {{containerPort: 30090, hostPort: -1, listenAddress: 127.0.0.1}}
  - {{containerPort: 30091, hostPort: 0, protocol: UDP}}
",
        network.0
    );
    c.create_with(&config, &["--wait", "5m"]).ok();
    let node = c.node("control-plane");
    let seen = c.kubectl(&["get", "node", &node, "-o", "json"]).ok().json();
    let labels = seen["metadata"]["labels"].as_object().unwrap();
    assert!(!labels.contains_key("node.kubernetes.io/exclude-from-external-load-balancers"), "{labels:?}");
    let info = engine::container(&node);
    let propagation = |target: &str| -> Value {
        let mounts = info["Mounts"].as_array().unwrap();
        mounts.iter().find(|m| m["Destination"] == target).unwrap()["Propagation"].clone()
    };
    assert_eq!(propagation("/private"), "rprivate");
    assert_eq!(propagation("/slave"), "rslave");
    assert_eq!(propagation("/shared"), "rshared");
    let binds = info["HostConfig"]["Binds"].to_string();
    assert!(binds.contains(":/relabelled:ro,z"), "{binds}");

    let ports = &info["NetworkSettings"]["Ports"]["30090/tcp"];
    let of = |address: &str| -> u16 {
        let all = ports.as_array().unwrap();
        all.iter().find(|p| p["HostIp"] == address).unwrap()["HostPort"].as_str().unwrap().parse().unwrap()
    };
    let asked = |address: &str| -> String {
        let all = info["HostConfig"]["PortBindings"]["30090/tcp"].as_array().unwrap();
        all.iter().find(|p| p["HostIp"] == address).unwrap()["HostPort"].as_str().unwrap().to_owned()
    };
    assert_eq!(asked("127.0.0.2"), of("127.0.0.2").to_string(), "kind's choice survives a restart");
    assert!(matches!(asked("127.0.0.1").as_str(), "" | "0"), "the engine chooses at each start");
    mapped(&c, &[("127.0.0.2", of("127.0.0.2")), ("127.0.0.1", of("127.0.0.1"))]);
}

/// That the addresses lead to a service at the node port 30090.
fn mapped(c: &Cluster, addresses: &[(&str, u16)]) {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: mapped}\nspec:\n  type: NodePort\n  \
                   selector: {app: mapped}\n  ports: [{port: 80, targetPort: 8080, nodePort: 30090}]\n";
    let serve = "echo mapped > /index.html; exec busybox httpd -f -p '[::]:8080' -h /";
    c.apply(&(pod("mapped", serve, "", "") + service));
    c.wait_for("condition=Ready", "pod/mapped");
    let mtu = c.kubectl(&["exec", "mapped", "--", "cat", "/sys/class/net/eth0/mtu"]).ok().stdout;
    assert_eq!(mtu.trim(), on(&c.node("control-plane"), "cat /sys/class/net/eth0/mtu"));
    for (address, port) in addresses {
        let code = format!("eventually(60, || host::fetch(\"http://{address}:{port}/\"))");
        c.home.script(&code).ok().stdout("mapped\n");
    }
}
