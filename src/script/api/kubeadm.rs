//! `kubeadm::…`: kubeadm's config documents.

use super::super::record::{Record, records_table};
use super::{Returned, Thrown, from_value, to_value};
use crate::kubeadm::{self, NodeConfig};
use rhai::{Dynamic, Engine, FuncRegistration, Map, Module};

pub const RECORDS: &[Record] = records_table! { "kubeadm":
    "config" "(spec: map) -> #{text, unused_patches}" "Renders a node's kubeadm config. Keys as in docs: cluster_name, kubernetes_version, node_name, role, node_address, control_plane_endpoint, api_server_address, cert_sans, pod_subnet, service_subnet, labels, fail_cgroup_v1, *_args (maps of flags), cluster_patches, node_patches and more.",
        "kubeadm::config(#{kubernetes_version: \"v1.37.2\", node_name: \"n\"}).text.len()";
    "defaults" "() -> map" "Every key of config with the value it has when left out.", "kubeadm::defaults().token";
};

pub fn register(engine: &mut Engine) {
    let mut m = Module::new();
    FuncRegistration::new("config").set_into_module(&mut m, |spec: Map| -> Returned<Map> {
        let spec: NodeConfig = from_value("the kubeadm config", &Dynamic::from_map(spec))?;
        let rendered = kubeadm::render(&spec).thrown()?;
        let unused: rhai::Array = rendered.unused_patches.into_iter().map(Dynamic::from).collect();
        Ok(Map::from_iter([("text".into(), rendered.text.into()), ("unused_patches".into(), unused.into())]))
    });
    FuncRegistration::new("defaults")
        .set_into_module(&mut m, || -> Returned<Dynamic> { to_value(&NodeConfig::default()) });
    engine.register_static_module("kubeadm", m.into());
}
