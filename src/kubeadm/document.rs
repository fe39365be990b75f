//! The documents of a node's kubeadm config. Facts are those of upstream kind 0.33.0,
//! `pkg/cluster/internal/kubeadm/config.go`.

use super::node_config::{ApiVersion, NodeConfig, NodeRole};
use super::patch;
use crate::config::JsonPatch;
use crate::error::Result;
use crate::yaml;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A node's kubeadm config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The documents, with `---` between them.
    pub text: String,
    /// Patches that matched no document, by kind and version. Upstream passes over them in silence.
    pub unused_patches: Vec<String>,
}

/// Renders the config of one node and applies the cluster's patches, then the node's.
///
/// Fails with `kubeadm.version` for a version that is none or too old, and with `kubeadm.patch` for a patch
/// that is no YAML map.
pub fn render(config: &NodeConfig) -> Result<Rendered> {
    let version = config.version()?;
    let api = ApiVersion::for_kubernetes(&version)?;
    let gates = feature_gates(config);
    let mut documents = vec![
        cluster(config, api, &version, &gates),
        init(config, api),
        join(config, api),
        kubelet(config, &gates),
    ];
    if config.kube_proxy_mode != "none" {
        documents.push(kube_proxy(config, &gates));
    }
    let mut unused = patched(&mut documents, api, &config.cluster_patches, &config.cluster_json_patches, "")?;
    let of_node = format!("node {}: ", config.node_name);
    if config.joins {
        // of the node that begins the cluster, what it says of itself is for itself
        let own = documents[INIT..=JOIN].to_vec();
        patched(&mut documents, api, &config.first_patches, &config.first_json_patches, "the first node: ")?;
        documents[INIT..=JOIN].clone_from_slice(&own);
    }
    let cluster = documents[CLUSTER].clone();
    unused.extend(patched(&mut documents, api, &config.node_patches, &config.node_json_patches, &of_node)?);
    if config.joins {
        if documents[CLUSTER] != cluster {
            documents[CLUSTER] = cluster;
            unused.push(format!(
                "{of_node}a patch of ClusterConfiguration counts on the first control plane alone"
            ));
        }
        let join = documents[JOIN].clone();
        take(&join, "/nodeRegistration", &mut documents[INIT], "nodeRegistration");
        take(&join, "/controlPlane/localAPIEndpoint", &mut documents[INIT], "localAPIEndpoint");
        // those of an InitConfiguration are the first node's, and the phases of a join have other names
        if let Some(fields) = documents[INIT].as_object_mut() {
            fields.shift_remove("patches");
            fields.shift_remove("skipPhases");
        }
        take(&join, "/patches", &mut documents[INIT], "patches");
    }
    for document in &mut documents {
        // upstream gives every document this name so that patches may carry it; kubeadm refuses it
        if let Some(fields) = document.as_object_mut() {
            fields.shift_remove("metadata");
        }
    }
    Ok(Rendered { text: yaml::render_all(&documents)?, unused_patches: unused })
}

/// Where documents stand that several lines here speak of.
const CLUSTER: usize = 0;
const INIT: usize = 1;
const JOIN: usize = 2;

/// Applies merge patches, then JSON patches; `whose` goes before their names. Returns those that were for no document.
fn patched(
    documents: &mut [Value],
    api: ApiVersion,
    patches: &[String],
    json: &[JsonPatch],
    whose: &str,
) -> Result<Vec<String>> {
    let name = format!("{whose}kubeadmConfigPatches");
    let mut unused = patch::apply(documents, api, patches, &name)?;
    unused.extend(patch::apply_json(documents, json, &format!("{name}JSON6902"))?);
    Ok(unused)
}

/// Puts what stands at `pointer` in one document into a field of the other.
fn take(from: &Value, pointer: &str, to: &mut Value, field: &str) {
    if let Some(value) = from.pointer(pointer) {
        to[field] = value.clone();
    }
}

fn feature_gates(config: &NodeConfig) -> BTreeMap<String, bool> {
    let mut gates = config.feature_gates.clone();
    if config.rootless {
        gates.insert("KubeletInUserNamespace".to_owned(), true);
    }
    gates
}

fn cluster(
    config: &NodeConfig,
    api: ApiVersion,
    version: &semver::Version,
    gates: &BTreeMap<String, bool>,
) -> Value {
    let with_gates = |own: Vec<(&str, String)>, extra: &BTreeMap<String, String>| {
        let mut args = own;
        if !gates.is_empty() {
            args.insert(0, ("feature-gates", joined(gates)));
        }
        arguments(args, extra, api)
    };
    let mut sans = vec!["localhost".to_owned(), config.api_server_address.clone()];
    for name in &config.cert_sans {
        if !sans.contains(name) {
            sans.push(name.clone());
        }
    }
    let mut controller_manager = vec![("enable-hostpath-provisioner", "true".to_owned())];
    let mut scheduler = Vec::new();
    if config.ipv6 {
        controller_manager.push(("bind-address", "::".to_owned()));
        scheduler.push(("bind-address", "::1".to_owned()));
    }
    let mut document = json!({
        "apiVersion": api.as_str(),
        "kind": "ClusterConfiguration",
        "kubernetesVersion": format!("v{version}"),
        "clusterName": config.cluster_name,
        "controlPlaneEndpoint": config.control_plane_endpoint,
    });
    // the order in which people read it
    let fields = document.as_object_mut().expect("the literal above is a map");
    match (api, config.encryption_algorithm.as_str()) {
        (_, "") => {}
        (ApiVersion::V1Beta4, algorithm) => {
            fields.insert("encryptionAlgorithm".to_owned(), json!(algorithm));
        }
        // the only other one there is for kubeadm's older API, which it calls a gate
        (ApiVersion::V1Beta3, algorithm) if algorithm.starts_with("ECDSA") => {
            fields.insert("featureGates".to_owned(), json!({"PublicKeysECDSA": true}));
        }
        (ApiVersion::V1Beta3, _) => {}
    }
    let runtime_config = ("runtime-config", joined(&config.runtime_config));
    fields.insert(
        "apiServer".to_owned(),
        json!({"certSANs": sans, "extraArgs": with_gates(vec![runtime_config], &config.api_server_args)}),
    );
    fields.insert(
        "controllerManager".to_owned(),
        json!({"extraArgs": with_gates(controller_manager, &config.controller_manager_args)}),
    );
    fields
        .insert("scheduler".to_owned(), json!({"extraArgs": with_gates(scheduler, &config.scheduler_args)}));
    if !config.etcd_args.is_empty() {
        fields.insert(
            "etcd".to_owned(),
            json!({"local": {"extraArgs": arguments(Vec::new(), &config.etcd_args, api)}}),
        );
    }
    fields.insert(
        "networking".to_owned(),
        json!({"podSubnet": config.pod_subnet, "serviceSubnet": config.service_subnet}),
    );
    document
}

fn init(config: &NodeConfig, api: ApiVersion) -> Value {
    let mut skipped = config.init_skip_phases.clone();
    if config.kube_proxy_mode == "none" {
        skipped.push("addon/kube-proxy".to_owned());
    }
    let mut document = json!({
        "apiVersion": api.as_str(),
        "kind": "InitConfiguration",
        "bootstrapTokens": [{"token": config.token}],
        "localAPIEndpoint": local_endpoint(config),
        "nodeRegistration": registration(config, api),
    });
    if !skipped.is_empty() {
        document["skipPhases"] = json!(skipped);
    }
    document
}

fn join(config: &NodeConfig, api: ApiVersion) -> Value {
    let mut document = json!({
        "apiVersion": api.as_str(),
        "kind": "JoinConfiguration",
    });
    if config.role == NodeRole::ControlPlane {
        document["controlPlane"] = json!({"localAPIEndpoint": local_endpoint(config)});
    }
    document["nodeRegistration"] = registration(config, api);
    document["discovery"] = json!({
        "bootstrapToken": {
            "apiServerEndpoint": config.control_plane_endpoint,
            "token": config.token,
            "unsafeSkipCAVerification": true,
        },
    });
    if !config.join_skip_phases.is_empty() {
        document["skipPhases"] = json!(config.join_skip_phases);
    }
    document
}

fn local_endpoint(config: &NodeConfig) -> Value {
    let advertised = config.node_address.split(',').next().unwrap_or_default();
    json!({"advertiseAddress": advertised, "bindPort": config.api_bind_port})
}

fn registration(config: &NodeConfig, api: ApiVersion) -> Value {
    let args = vec![
        ("node-ip", config.node_address.clone()),
        ("provider-id", format!("kind://{}/{}/{}", config.provider, config.cluster_name, config.node_name)),
        ("node-labels", joined(&config.labels)),
    ];
    json!({"criSocket": config.cri_socket, "kubeletExtraArgs": arguments(args, &config.kubelet_args, api)})
}

fn kubelet(config: &NodeConfig, gates: &BTreeMap<String, bool>) -> Value {
    let mut document = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": config.cgroup_driver,
        "cgroupRoot": config.cgroup_root,
        "failSwapOn": false,
    });
    if let Some(fail) = config.fail_cgroup_v1 {
        document["failCgroupV1"] = json!(fail);
    }
    if config.ipv6 {
        document["address"] = json!("::");
        document["healthzBindAddress"] = json!("::");
    }
    // the disk is the host's: the kubelet sees how full it is and must not try to clear it
    document["imageGCHighThresholdPercent"] = json!(100);
    document["evictionHard"] =
        json!({"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"});
    if !gates.is_empty() {
        document["featureGates"] = json!(gates);
    }
    document
}

fn kube_proxy(config: &NodeConfig, gates: &BTreeMap<String, bool>) -> Value {
    let mut document = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": config.kube_proxy_mode,
    });
    if !gates.is_empty() {
        document["featureGates"] = json!(gates);
    }
    document["iptables"] = json!({"minSyncPeriod": "1s"});
    // nf_conntrack_max is the host's, not the node's; zero leaves it alone
    let mut conntrack = json!({"maxPerCore": 0});
    if config.kube_proxy_mode == "nftables" && !config.rootless {
        conntrack["tcpBeLiberal"] = json!(true);
    }
    if config.rootless {
        conntrack["tcpEstablishedTimeout"] = json!("0s");
        conntrack["tcpCloseWaitTimeout"] = json!("0s");
    }
    document["conntrack"] = conntrack;
    document
}

/// `own` and then `extra` as kubeadm's arguments; one of `extra` replaces one of `own`.
fn arguments(own: Vec<(&str, String)>, extra: &BTreeMap<String, String>, api: ApiVersion) -> Value {
    let mut all: Vec<(&str, String)> = own;
    for (name, value) in extra {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => old.clone_from(value),
            None => all.push((name, value.clone())),
        }
    }
    if api == ApiVersion::V1Beta3 {
        return all
            .into_iter()
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect::<Map<_, _>>()
            .into();
    }
    all.into_iter()
        .map(|(name, value)| {
            let mut argument = Map::new();
            argument.insert("name".to_owned(), json!(name));
            argument.insert("value".to_owned(), json!(value));
            Value::Object(argument)
        })
        .collect()
}

/// `a=1,b=2`
fn joined<V: std::fmt::Display>(map: &BTreeMap<String, V>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> NodeConfig {
        NodeConfig {
            cluster_name: "demo".to_owned(),
            kubernetes_version: "v1.37.2".to_owned(),
            node_name: "demo-worker".to_owned(),
            role: NodeRole::Worker,
            node_address: "172.18.0.3".to_owned(),
            control_plane_endpoint: "demo-control-plane:6443".to_owned(),
            labels: BTreeMap::from([
                ("tier".to_owned(), "web".to_owned()),
                ("zone".to_owned(), "a".to_owned()),
            ]),
            fail_cgroup_v1: Some(false),
            ..NodeConfig::default()
        }
    }

    #[test]
    fn a_control_plane() {
        let config = NodeConfig {
            role: NodeRole::ControlPlane,
            node_name: "demo-control-plane".to_owned(),
            labels: BTreeMap::new(),
            fail_cgroup_v1: None,
            controller_manager_args: BTreeMap::from([("leader-elect".to_owned(), "false".to_owned())]),
            etcd_args: BTreeMap::from([("unsafe-no-fsync".to_owned(), "true".to_owned())]),
            ..worker()
        };
        insta::assert_snapshot!(render(&config).unwrap().text);
    }

    #[test]
    fn a_worker_has_labels_and_no_endpoint_of_its_own() {
        let documents = yaml::parse_all(&render(&worker()).unwrap().text, "config").unwrap();
        let join = &documents[2];
        assert!(join.get("controlPlane").is_none());
        assert_eq!(
            join["nodeRegistration"]["kubeletExtraArgs"][2],
            json!({"name": "node-labels", "value": "tier=web,zone=a"})
        );
        assert_eq!(
            join["nodeRegistration"]["kubeletExtraArgs"][1]["value"],
            "kind://docker/demo/demo-worker"
        );
        assert_eq!(documents[3]["failCgroupV1"], false);
    }

    #[test]
    fn gates_reach_every_component() {
        let config = NodeConfig {
            feature_gates: BTreeMap::from([("A".to_owned(), true), ("B".to_owned(), false)]),
            runtime_config: BTreeMap::from([("api/all".to_owned(), "true".to_owned())]),
            rootless: true,
            ..worker()
        };
        let documents = yaml::parse_all(&render(&config).unwrap().text, "config").unwrap();
        let gates = json!({"name": "feature-gates", "value": "A=true,B=false,KubeletInUserNamespace=true"});
        for component in ["apiServer", "controllerManager", "scheduler"] {
            assert_eq!(documents[0][component]["extraArgs"][0], gates);
        }
        assert_eq!(documents[0]["apiServer"]["extraArgs"][1]["value"], "api/all=true");
        assert_eq!(documents[3]["featureGates"]["KubeletInUserNamespace"], true);
        assert_eq!(documents[4]["conntrack"]["tcpEstablishedTimeout"], "0s");
    }

    #[test]
    fn before_1_36_it_is_v1beta3_with_maps_of_arguments() {
        let config = NodeConfig {
            kubernetes_version: "v1.35.4".to_owned(),
            cluster_patches: vec![
                "apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\nnodeRegistration:\n  \
                 kubeletExtraArgs:\n    v: \"4\"\n"
                    .to_owned(),
            ],
            ..worker()
        };
        let documents = yaml::parse_all(&render(&config).unwrap().text, "config").unwrap();
        assert_eq!(documents[0]["apiVersion"], "kubeadm.k8s.io/v1beta3");
        assert_eq!(documents[0]["featureGates"], json!({"PublicKeysECDSA": true}));
        assert_eq!(
            documents[0]["controllerManager"]["extraArgs"],
            json!({"enable-hostpath-provisioner": "true"})
        );
        let kubelet = &documents[1]["nodeRegistration"]["kubeletExtraArgs"];
        assert_eq!((&kubelet["v"], &kubelet["node-ip"]), (&json!("4"), &json!("172.18.0.3")));
    }

    #[test]
    fn without_kube_proxy() {
        let config = NodeConfig { kube_proxy_mode: "none".to_owned(), ..worker() };
        let documents = yaml::parse_all(&render(&config).unwrap().text, "config").unwrap();
        assert_eq!(documents.len(), 4);
        assert_eq!(documents[1]["skipPhases"], json!(["preflight", "addon/kube-proxy"]));
    }

    #[test]
    fn an_extra_argument_replaces_kinds_own() {
        let config = NodeConfig {
            kubelet_args: BTreeMap::from([
                ("node-ip".to_owned(), "10.0.0.1".to_owned()),
                ("v".to_owned(), "4".to_owned()),
            ]),
            ..worker()
        };
        let documents = yaml::parse_all(&render(&config).unwrap().text, "config").unwrap();
        let args = documents[1]["nodeRegistration"]["kubeletExtraArgs"].as_array().unwrap();
        assert_eq!(args[0]["value"], "10.0.0.1");
        assert_eq!(args.last().unwrap()["name"], "v");
        assert_eq!(args.len(), 4);
    }
}
