//! `kubeadm::…`: kubeadm's config documents.

use super::super::record::{Record, records_table};
use super::placed::place;
use super::{Returned, Thrown, from_value, to_value};
use crate::config::Subnets;
use crate::error::Error;
use crate::kubeadm::{self, NodeConfig};
use rhai::{Dynamic, Engine, Map, Module};

pub const RECORDS: &[Record] = records_table! { "kubeadm":
    "config" "(spec: map) -> #{text: string, unused_patches: array of string}" "Renders a node's kubeadm config. Keys as in docs: cluster_name, kubernetes_version, node_name, role, node_address, control_plane_endpoint, api_server_address, cert_sans, pod_subnet, service_subnet, labels, fail_cgroup_v1, *_args (maps of flags), cluster_patches, node_patches and more.",
        "kubeadm::config(#{kubernetes_version: \"v1.37.2\", node_name: \"n\"}).text.len()",
        options "cluster_name: string, kubernetes_version: string, node_name: string, role: string, joins: bool, node_address: string, control_plane_endpoint: string, api_bind_port: int, api_server_address: string, cert_sans: array of string, pod_subnet: string, service_subnet: string, token: string, labels: map, provider: string, rootless: bool, ipv6: bool, kube_proxy_mode: string, feature_gates: map, runtime_config: map, encryption_algorithm: string, cgroup_root: string, cgroup_driver: string, fail_cgroup_v1: bool or (), cri_socket: string, init_skip_phases: array of string, join_skip_phases: array of string, api_server_args: map, controller_manager_args: map, scheduler_args: map, etcd_args: map, kubelet_args: map, cluster_patches: array of string, cluster_json_patches: array of map, first_patches: array of string, first_json_patches: array of map, node_patches: array of string, node_json_patches: array of map",
        throws "script.bad_value kubeadm.patch kubeadm.version";
    "pod_ranges" "(subnets: string, nodes: int) -> array of array of string or ()" "For each node the ranges of its pods, one of each family of a pod subnet: a /24 or a /64, as the controller manager hands them out; () where a subnet is too small.",
        "kubeadm::pod_ranges(\"10.244.0.0/16\", 2)", throws "script.bad_value";
    "pod_range_of_all" "(subnets: string, nodes: int) -> string or ()" "The smallest range that holds those of pod_ranges, of each family; () where a subnet is too small.",
        "kubeadm::pod_range_of_all(\"10.244.0.0/16\", 3)", throws "script.bad_value";
    "ranges_overlap" "(subnets: string, others: string) -> bool" "Whether an address is in a range of both.",
        "kubeadm::ranges_overlap(\"10.0.0.0/8\", \"10.96.0.0/16\")", throws "script.bad_value";
    "defaults" "() -> map" "Every key of config with the value it has when left out.", "kubeadm::defaults().token", throws "none";
};

fn subnets_of(subnets: &str) -> Returned<Subnets> {
    let wrong = |why: String| Error::script("script.bad_value", format!("{subnets:?} is no subnet: {why}"));
    Subnets::parse(subnets).map_err(wrong).thrown()
}

pub fn register(engine: &mut Engine) {
    let mut m = Module::new();
    place(&mut m, "config", |spec: Map| -> Returned<Map> {
        let spec: NodeConfig = from_value("the kubeadm config", &Dynamic::from_map(spec))?;
        let rendered = kubeadm::render(&spec).thrown()?;
        let unused: rhai::Array = rendered.unused_patches.into_iter().map(Dynamic::from).collect();
        Ok(Map::from_iter([("text".into(), rendered.text.into()), ("unused_patches".into(), unused.into())]))
    });
    place(&mut m, "pod_ranges", |subnets: &str, nodes: i64| -> Returned<Dynamic> {
        let ranges = subnets_of(subnets)?.of_nodes(usize::try_from(nodes).unwrap_or_default());
        ranges.map_or(Ok(Dynamic::UNIT), |ranges| to_value(&ranges))
    });
    place(&mut m, "pod_range_of_all", |subnets: &str, nodes: i64| -> Returned<Dynamic> {
        let range = subnets_of(subnets)?.of_all_nodes(usize::try_from(nodes).unwrap_or_default());
        Ok(range.map_or(Dynamic::UNIT, |range| range.to_string().into()))
    });
    place(&mut m, "ranges_overlap", |subnets: &str, others: &str| -> Returned<bool> {
        Ok(subnets_of(subnets)?.overlaps(&subnets_of(others)?))
    });
    place(&mut m, "defaults", || -> Returned<Dynamic> { to_value(&NodeConfig::default()) });
    engine.register_static_module("kubeadm", m.into());
}
