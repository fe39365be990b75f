//! Documents into clusters.

use super::problem::{self, Finding, Problem};
use super::scalar::Reader;
use super::tree::{Place, Tree};
use super::{Cluster, decode};
use crate::error::{Error, Result};
use crate::yaml;
use serde_json::Value;

/// Reads a document of `kind.x-k8s.io/v1alpha4`, fills in the defaults and checks the whole. `origin` is the
/// file's name for errors.
///
/// Fails with `config.syntax`, or with everything that is wrong at once, `config.invalid`.
pub fn parse(text: &str, origin: &str) -> Result<Cluster> {
    parse_except(text, origin, |_| false)
}

/// As [`parse`], for who replaces what stands at some paths (`name`, `nodes[0].image`) and checks the whole then: what is
/// wrong there is no matter.
pub fn parse_except(text: &str, origin: &str, replaced: impl Fn(&str) -> bool) -> Result<Cluster> {
    let tree = tree(text).map_err(|(message, place)| {
        let place = place.shown(origin);
        Error::config("config.syntax", format!("{place}: {message}")).at(place)
    })?;
    read(&tree, text, origin, true, replaced)
}

/// Reads the same document from a value, as a script writes it. `kind` and `apiVersion` may be left out.
pub fn from_value(value: &Value, origin: &str) -> Result<Cluster> {
    read(&Tree::from_value(value), "", origin, false, |_| false)
}

/// Everything that is wrong with a document, in its order; nothing for one that a cluster can be made from.
pub fn problems_of(text: &str, origin: &str) -> Vec<Finding> {
    let finding = |place: Place, path: &str, message: &str| Finding {
        file: origin.to_owned(),
        line: place.line,
        column: place.column,
        path: path.to_owned(),
        message: message.to_owned(),
    };
    match tree(text) {
        Err((message, place)) => vec![finding(place, "", &message)],
        Ok(tree) => {
            let (_, problems) = checked(&tree, text, true);
            problems.iter().map(|p| finding(tree.find(&p.path, p.at_key), &p.path, &p.message)).collect()
        }
    }
}

fn tree(text: &str) -> std::result::Result<Tree, (String, Place)> {
    serde_saphyr::from_str_with_options(first_document(text), yaml::options()).map_err(|e| {
        let (message, place) = yaml::describe(&e, "");
        (message, Place::read(&place))
    })
}

/// The first document of a stream, as upstream reads no more. No other line than a document's end begins with `---`.
fn first_document(text: &str) -> &str {
    let (mut begun, mut end) = (false, 0);
    for line in text.split_inclusive('\n') {
        let marks = |mark: &str| {
            line.strip_prefix(mark)
                .is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty())
        };
        if begun && (marks("---") || marks("...")) {
            return &text[..end];
        }
        let content = if marks("---") { &line[3..] } else { line }.trim();
        begun |= !content.is_empty() && !content.starts_with(['#', '%']);
        end += line.len();
    }
    text
}

/// The cluster and all that is wrong with it, in the document's order.
fn checked(tree: &Tree, text: &str, typed: bool) -> (Cluster, Vec<Problem>) {
    let mut reader = Reader::new(text);
    let cluster = decode::cluster(&mut reader, tree, typed);
    let mut problems = reader.problems;
    // a field that could not be read holds a default here, which contradicts nothing
    problems.extend(cluster.problems());
    problems.sort_by_cached_key(|problem| tree.find(&problem.path, problem.at_key));
    (cluster, problems)
}

fn read(
    tree: &Tree,
    text: &str,
    origin: &str,
    typed: bool,
    replaced: impl Fn(&str) -> bool,
) -> Result<Cluster> {
    let (cluster, mut problems) = checked(tree, text, typed);
    problems.retain(|problem| !replaced(&problem.path));
    if problems.is_empty() {
        return Ok(cluster);
    }
    Err(problem::error(origin, &problems, |problem: &Problem| {
        tree.find(&problem.path, problem.at_key).shown(origin)
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
    fn only_the_first_document_is_read() {
        for text in [
            format!("{HEAD}name: a\n---\n"),
            format!("# note\n---\n{HEAD}name: a\n--- # next\nkind: Pod\n"),
            format!("--- \n{HEAD}name: a\n...\nkind: Pod\n"),
            format!("{HEAD}name: a\n---"),
            format!("{HEAD}name: a\nkubeadmConfigPatches:\n- |\n  kind: A\n  ---\n  kind: B\n"),
        ] {
            assert_eq!(parse(&text, "c.yaml").unwrap().name.to_string(), "a", "{text}");
        }
    }

    #[test]
    fn words_of_an_older_yaml_are_booleans() {
        let parsed =
            |word: &str| parse(&format!("{HEAD}networking: {{disableDefaultCNI: {word}}}\n"), "c.yaml");
        assert!(parsed("yes").unwrap().networking.disable_default_cni);
        assert!(!parsed("off").unwrap().networking.disable_default_cni);
        assert!(parsed("perhaps").is_err());
    }

    #[test]
    fn a_minimal_document_is_the_default() {
        assert_eq!(parse(HEAD, "kind.yaml").unwrap(), Cluster::default());
        assert_eq!(from_value(&json!({}), "spec").unwrap(), Cluster::default());
    }

    #[test]
    fn all_fields() {
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
  dnsSearch: [example.test]
  network: lab
  networkSubnet: 172.30.0.0/16
featureGates: {{AllBeta: false}}
runtimeConfig: {{api/alpha: \"false\"}}
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
kubeadmConfigPatchesJSON6902:
- {{group: kubeadm.k8s.io, version: v1beta4, kind: ClusterConfiguration, patch: '[{{op: remove, path: /a}}]'}}
containerdConfigPatches:
- version = 2
containerdConfigPatchesJSON6902:
- '[]'
nodes:
- role: control-plane
  image: kindest/node:v1.36.3
  labels: {{zone: a, count: 3}}
  resources: {{cpu: 1.5, memory: 2Gi}}
  devices: [/dev/fuse, {{hostPath: /dev/zero, containerPath: /dev/nothing}}]
  env: {{A: b}}
  sysctls: {{net.ipv4.ip_unprivileged_port_start: 0}}
  address: 172.30.0.9
  extraMounts:
  - {{hostPath: ./data, containerPath: /data, readOnly: true, propagation: HostToContainer}}
  extraPortMappings:
  - {{containerPort: 80, hostPort: 8080, listenAddress: 127.0.0.1, protocol: udp}}
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
  kubeProxyMode: nftable
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
    fn subnets_are_of_the_clusters_family() {
        assert!(wrong("networking: {podSubnet: 'fd00::/56'}\n").contains("expected an IPv4 range"));
        assert!(wrong("networking: {podSubnet: '10.0.0.0/16,10.1.0.0/16'}\n").contains("only one range"));
        assert!(
            wrong("networking: {serviceSubnet: 10.0.0.0/8, podSubnet: 11.0.0.0/16}\n").contains("too large")
        );
    }

    #[test]
    fn what_is_replaced_may_be_wrong() {
        let text = format!("{HEAD}name: My_Cluster\nnodes:\n- {{role: control-plane, image: '::'}}\n");
        assert!(parse(&text, "f").is_err());
        assert!(parse_except(&text, "f", |path| path == "name").is_err());
        assert!(parse_except(&text, "f", |path| path == "name" || path == "nodes[0].image").is_ok());
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
