//! Documents into clusters.

use super::problem::{self, Problem};
use super::scalar::Reader;
use super::tree::{Place, Tree};
use super::{Cluster, decode};
use crate::error::{Error, Result};
use crate::yaml;
use serde_json::Value;

/// Reads a document of `kind.x-k8s.io/v1alpha4`, fills in the defaults and checks the whole. `origin` is the
/// file's name for errors.
///
/// Fails with `config.syntax`, or with everything that is wrong at once: `config.invalid`, or
/// `config.not_supported` when the document is right and this version cannot serve it.
pub fn parse(text: &str, origin: &str) -> Result<Cluster> {
    let tree: Tree = serde_saphyr::from_str_with_options(text, yaml::options()).map_err(|e| {
        let (message, place) = yaml::describe(&e, origin);
        Error::config("config.syntax", format!("{place}: {message}")).at(place)
    })?;
    read(&tree, text, origin, true)
}

/// Reads the same document from a value, as a script writes it. `kind` and `apiVersion` may be left out.
pub fn from_value(value: &Value, origin: &str) -> Result<Cluster> {
    read(&Tree::from_value(value), "", origin, false)
}

fn read(tree: &Tree, text: &str, origin: &str, typed: bool) -> Result<Cluster> {
    let mut reader = Reader::new(text);
    let cluster = decode::cluster(&mut reader, tree, typed);
    let mut problems = reader.problems;
    // a field that could not be read holds a default here, which contradicts nothing
    problems.extend(cluster.problems());
    if problems.is_empty() {
        return Ok(cluster);
    }
    problems.sort_by_cached_key(|problem| tree.find(&problem.path, problem.at_key));
    Err(problem::error(origin, &problems, |problem: &Problem| {
        let Place { line, column } = tree.find(&problem.path, problem.at_key);
        if line == 0 { origin.to_owned() } else { format!("{origin}:{line}:{column}") }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HostPort, Role};
    use serde_json::json;

    const HEAD: &str = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";

    fn wrong(body: &str) -> String {
        parse(&format!("{HEAD}{body}"), "kind.yaml").unwrap_err().message().to_owned()
    }

    #[test]
    fn a_minimal_document_is_the_default() {
        assert_eq!(parse(HEAD, "kind.yaml").unwrap(), Cluster::default());
        assert_eq!(from_value(&json!({}), "spec").unwrap(), Cluster::default());
    }

    #[test]
    fn all_supported_fields() {
        let text = format!(
            "{HEAD}name: demo
networking:
  ipFamily: ipv4
  kubeProxyMode: iptables
  apiServerAddress: 0.0.0.0
  apiServerPort: 6443
  podSubnet: 10.10.0.0/16
  serviceSubnet: 10.11.0.0/16
  disableDefaultCNI: true
featureGates: {{}}
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
nodes:
- role: control-plane
  image: kindest/node:v1.36.3
  labels: {{zone: a, count: 3}}
  extraMounts:
  - {{hostPath: ./data, containerPath: /data, readOnly: true, propagation: HostToContainer}}
  extraPortMappings:
  - {{containerPort: 80, hostPort: 8080, listenAddress: 127.0.0.1, protocol: UDP}}
  - {{containerPort: 443, hostPort: -1}}
- role: worker
"
        );
        let cluster = parse(&text, "kind.yaml").unwrap();
        assert_eq!(cluster.name.as_str(), "demo");
        assert_eq!(cluster.nodes[1].role, Role::Worker);
        assert_eq!(cluster.nodes[0].labels["count"], "3");
        assert_eq!(cluster.nodes[0].extra_port_mappings[1].host_port, HostPort::Engine);
        assert_eq!(cluster.networking.api_server_port, HostPort::Fixed(6443));
        // what is shown can be read again
        let shown = serde_json::to_value(&cluster).unwrap();
        assert_eq!(from_value(&shown, "plan").unwrap(), cluster);
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_in_order() {
        let message = wrong(
            "name: Bad_Name
nodes:
- role: master
  extraMount: []
- role: worker
  image: 7
  extraPortMappings:
  - containerPort: eighty
    hostPort: 70000
networking:
  podSubnet: 10.244.0.0
  kubeProxyMode: nftables
  disableDefaultCNI: maybe
  apiServerAddress: localhost
",
        );
        insta::assert_snapshot!(message);
    }

    #[test]
    fn one_mistake_is_one_line() {
        assert_eq!(
            wrong("nodes:\n- role: control-plane\n  rol: x\n"),
            "kind.yaml:5:3: nodes[0].rol is not a known field; did you mean role?"
        );
        assert_eq!(
            wrong("nodes:\n- role: worker\n"),
            "kind.yaml:3:1: nodes must have at least one control-plane node"
        );
        assert_eq!(wrong("nodes: 3\n"), "kind.yaml:3:8: nodes is 3; expected a list");
    }

    #[test]
    fn known_fields_that_are_not_done_are_refused_by_name() {
        for (body, name) in [
            ("networking:\n  kubeProxyMode: ipvs\n", "networking.kubeProxyMode"),
            ("networking:\n  ipFamily: dual\n", "networking.ipFamily"),
            ("networking:\n  dnsSearch: []\n", "networking.dnsSearch"),
            ("featureGates:\n  X: true\n", "featureGates"),
            ("runtimeConfig:\n  api/alpha: \"true\"\n", "runtimeConfig"),
            ("containerdConfigPatches:\n- x\n", "containerdConfigPatches"),
            ("containerdConfigPatchesJSON6902:\n- x\n", "containerdConfigPatchesJSON6902"),
            ("kubeadmConfigPatchesJSON6902:\n- {}\n", "kubeadmConfigPatchesJSON6902"),
            ("nodes:\n- kubeadmConfigPatchesJSON6902: [{}]\n", "nodes[0].kubeadmConfigPatchesJSON6902"),
        ] {
            let error = parse(&format!("{HEAD}{body}"), "f").unwrap_err();
            assert_eq!(error.code(), "config.not_supported", "{error:?}");
            assert!(error.message().contains(&format!(": {name} is not supported yet")), "{error:?}");
        }
    }

    #[test]
    fn ports_and_mounts_are_taken_once() {
        let node = |ports: &str| format!("nodes:\n- role: control-plane\n  extraPortMappings:\n{ports}");
        let two = |a: &str, b: &str| {
            let line = |address: &str| {
                format!("  - {{containerPort: 80, hostPort: 80, listenAddress: '{address}'}}\n")
            };
            node(&[line(a), line(b)].concat())
        };
        for (a, b) in [("", ""), ("", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::", "127.0.0.1")] {
            assert!(wrong(&two(a, b)).contains("is already taken by nodes[0].extraPortMappings[0].hostPort"));
        }
        assert!(parse(&format!("{HEAD}{}", two("127.0.0.1", "127.0.0.2")), "f").is_ok());
        let api = "networking: {apiServerPort: 80, apiServerAddress: 0.0.0.0}\n";
        let mapping = node("  - {containerPort: 80, hostPort: 80}\n");
        assert!(wrong(&format!("{api}{mapping}")).contains("taken by networking.apiServerPort"));
        let mounts = "nodes:\n- extraMounts:\n  - {hostPath: /a, containerPath: /x}\n  - {hostPath: /b, containerPath: /x/}\n";
        assert!(wrong(mounts).contains("mounted twice"));
    }

    #[test]
    fn names_must_fit_into_host_names() {
        assert!(parse(&format!("{HEAD}name: {}\n", "a".repeat(49)), "f").is_ok());
        assert!(wrong(&format!("name: {}\n", "a".repeat(50))).contains("1 characters too long"));
        assert!(wrong("name: -a\n").contains("no valid host name"));
    }

    #[test]
    fn subnets_are_of_the_clusters_family_and_apart() {
        assert!(wrong("networking: {podSubnet: 'fd00::/56'}\n").contains("expected an IPv4 range"));
        assert!(wrong("networking: {podSubnet: '10.0.0.0/16,10.1.0.0/16'}\n").contains("only one range"));
        assert!(wrong("networking: {podSubnet: 10.96.0.0/12}\n").contains("overlap"));
        assert!(
            wrong("networking: {serviceSubnet: 10.0.0.0/8, podSubnet: 11.0.0.0/16}\n").contains("too large")
        );
    }

    #[test]
    fn other_kinds_and_broken_documents() {
        let error = parse("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha3\nnope: 1\n", "f").unwrap_err();
        assert_eq!(
            error.message(),
            "f:2:13: apiVersion is \"kind.x-k8s.io/v1alpha3\"; expected kind.x-k8s.io/v1alpha4"
        );
        let error = parse("", "f").unwrap_err();
        assert!(error.message().contains("expected a map"), "{error:?}");
        let error = parse("kind: [1\n", "f").unwrap_err();
        assert_eq!(error.code(), "config.syntax");
        let error = parse(&format!("{HEAD}name: a\nname: b\n"), "f").unwrap_err();
        assert!(error.message().starts_with("f:4:1: "), "{error:?}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_stumble(body in "([a-z]{0,9}[:\\-] ?[\\[{\\]}a-z0-9\"'-]{0,6}\\n?){0,12}") {
            for text in [format!("{HEAD}{body}"), format!("{HEAD}nodes:\n- {body}"), body] {
                if let Err(error) = parse(&text, "f") {
                    proptest::prop_assert!(error.message().starts_with('f'), "{}", error.message());
                }
            }
        }
    }
}
