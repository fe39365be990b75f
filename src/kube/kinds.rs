//! Kinds by the names kubectl's users give them: a table of what every cluster has, and the server's own list
//! for the rest.

use serde_json::Value;

/// A kind of object and where the API keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    /// API group, empty for the core.
    pub group: String,
    /// Version of the group.
    pub version: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// Such as `deployments`.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

impl Resource {
    /// `GROUP/VERSION`, or the version alone for the core.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Path of its objects; of all namespaces when `namespace` is empty.
    pub(super) fn path(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let version = self.api_version();
        if self.namespaced && !namespace.is_empty() {
            format!("{root}/{version}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}/{version}/{}", self.plural)
        }
    }

    /// The request builder for its objects.
    pub(super) fn request(&self, namespace: &str) -> ::kube::core::Request {
        ::kube::core::Request::new(self.path(namespace))
    }

    /// `deployments.apps`, or `pods` in the core.
    pub fn full_name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Group/version, kind, plural, short names, and whether it is namespaced.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str], bool);

/// Kinds that every supported cluster serves in these versions. The first of a name wins.
const TABLE: &[Row] = &[
    ("v1", "Pod", "pods", &["po"], true),
    ("v1", "Node", "nodes", &["no"], false),
    ("v1", "Namespace", "namespaces", &["ns"], false),
    ("v1", "Service", "services", &["svc"], true),
    ("v1", "ConfigMap", "configmaps", &["cm"], true),
    ("v1", "Secret", "secrets", &[], true),
    ("v1", "ServiceAccount", "serviceaccounts", &["sa"], true),
    ("v1", "Endpoints", "endpoints", &["ep"], true),
    ("v1", "Event", "events", &["ev"], true),
    ("v1", "PersistentVolume", "persistentvolumes", &["pv"], false),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"], true),
    ("v1", "ReplicationController", "replicationcontrollers", &["rc"], true),
    ("v1", "ResourceQuota", "resourcequotas", &["quota"], true),
    ("v1", "LimitRange", "limitranges", &["limits"], true),
    ("apps/v1", "Deployment", "deployments", &["deploy"], true),
    ("apps/v1", "DaemonSet", "daemonsets", &["ds"], true),
    ("apps/v1", "ReplicaSet", "replicasets", &["rs"], true),
    ("apps/v1", "StatefulSet", "statefulsets", &["sts"], true),
    ("batch/v1", "Job", "jobs", &[], true),
    ("batch/v1", "CronJob", "cronjobs", &["cj"], true),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", &["hpa"], true),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", &["pdb"], true),
    ("networking.k8s.io/v1", "Ingress", "ingresses", &["ing"], true),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses", &[], false),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", &["netpol"], true),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", &[], true),
    ("storage.k8s.io/v1", "StorageClass", "storageclasses", &["sc"], false),
    ("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", &[], false),
    ("storage.k8s.io/v1", "CSIDriver", "csidrivers", &[], false),
    ("storage.k8s.io/v1", "CSINode", "csinodes", &[], false),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", &[], true),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", &[], true),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", &[], false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", &[], false),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        &["crd", "crds"],
        false,
    ),
    ("apiregistration.k8s.io/v1", "APIService", "apiservices", &[], false),
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        &[],
        false,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        &[],
        false,
    ),
    ("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", &["pc"], false),
    ("coordination.k8s.io/v1", "Lease", "leases", &[], true),
    ("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", &["csr"], false),
    ("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", &[], false),
];

/// A kind that the server lists, with its short names.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub resource: Resource,
    pub singular: String,
    pub short_names: Vec<String>,
}

fn row(row: &Row) -> Listed {
    let (api_version, kind, plural, short_names, namespaced) = *row;
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    Listed {
        resource: Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced,
        },
        singular: kind.to_lowercase(),
        short_names: short_names.iter().map(|&name| name.to_owned()).collect(),
    }
}

/// What every cluster has.
pub(super) fn well_known() -> Vec<Listed> {
    TABLE.iter().map(row).collect()
}

/// The kind that a user names: `pods`, `po`, `Pod`, `deploy.apps`, `deployments.v1.apps`, or
/// `apps/v1/Deployment` as it stands in a manifest.
pub(super) fn by_name(listed: &[Listed], name: &str) -> Option<Resource> {
    if let Some((api_version, kind)) = name.rsplit_once('/') {
        return by_type(listed, api_version, kind);
    }
    let (word, group) = name.split_once('.').unwrap_or((name, ""));
    let word = word.to_lowercase();
    listed
        .iter()
        .find(|entry| {
            let resource = &entry.resource;
            let named =
                resource.plural == word || entry.singular == word || entry.short_names.contains(&word);
            let versioned = || group.split_once('.') == Some((&resource.version, &resource.group));
            named && (group.is_empty() || is_group(&resource.group, group) || versioned())
        })
        .map(|entry| entry.resource.clone())
}

/// `apps`, or the beginning of a longer group: kubectl takes `netpol.networking` as well.
fn is_group(group: &str, given: &str) -> bool {
    group == given || group.strip_prefix(given).is_some_and(|rest| rest.starts_with('.'))
}

/// The kind of a manifest's `apiVersion` and `kind`.
pub(super) fn by_type(listed: &[Listed], api_version: &str, kind: &str) -> Option<Resource> {
    listed
        .iter()
        .map(|entry| &entry.resource)
        .find(|resource| resource.kind == kind && resource.api_version() == api_version)
        .cloned()
}

/// Kinds of an aggregated discovery document (`APIGroupDiscoveryList`), preferred versions first.
pub(super) fn from_discovery(document: &Value) -> Vec<Listed> {
    let mut found = Vec::new();
    for group in list(&document["items"]) {
        for version in list(&group["versions"]) {
            for resource in list(&version["resources"]) {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let (kind, plural) = (text(&resource["responseKind"]["kind"]), text(&resource["resource"]));
                found.push(Listed {
                    singular: Some(text(&resource["singularResource"]))
                        .filter(|s| !s.is_empty())
                        .unwrap_or_else(|| kind.to_lowercase()),
                    short_names: list(&resource["shortNames"]).iter().map(text).collect(),
                    resource: Resource {
                        group: text(&group["metadata"]["name"]),
                        version: text(&version["version"]),
                        namespaced: resource["scope"] == "Namespaced",
                        kind,
                        plural,
                    },
                });
            }
        }
    }
    found
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_go_by_all_their_names() {
        let known = well_known();
        for (name, full) in [
            ("pods", "pods"),
            ("po", "pods"),
            ("Pod", "pods"),
            ("Deployment", "deployments.apps"),
            ("deploy.apps", "deployments.apps"),
            ("deployments.v1.apps", "deployments.apps"),
            ("apps/v1/Deployment", "deployments.apps"),
            ("v1/Node", "nodes"),
            ("netpol.networking", "networkpolicies.networking.k8s.io"),
            ("ep", "endpoints"),
        ] {
            assert_eq!(by_name(&known, name).map(|r| r.full_name()).as_deref(), Some(full), "{name}");
        }
        for name in ["widgets", "pods.apps", "apps/v1/Pod", ""] {
            assert_eq!(by_name(&known, name), None, "{name}");
        }
    }

    #[test]
    fn paths() {
        let known = well_known();
        let path = |name: &str, namespace: &str| by_name(&known, name).unwrap().path(namespace);
        assert_eq!(path("po", "kube-system"), "/api/v1/namespaces/kube-system/pods");
        assert_eq!(path("po", ""), "/api/v1/pods");
        assert_eq!(path("no", "ignored"), "/api/v1/nodes");
        assert_eq!(path("deploy", "a"), "/apis/apps/v1/namespaces/a/deployments");
    }

    #[test]
    fn the_servers_list_is_read() {
        let document = json!({"items": [{"metadata": {"name": "example.com"}, "versions": [
            {"version": "v2", "resources": [{
                "resource": "widgets", "responseKind": {"group": "", "version": "", "kind": "Widget"},
                "scope": "Namespaced", "singularResource": "widget", "shortNames": ["wd"],
            }]},
            {"version": "v1", "resources": [{"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Namespaced"}]},
        ]}]});
        let listed = from_discovery(&document);
        assert_eq!(by_name(&listed, "wd.example.com").unwrap().api_version(), "example.com/v2");
        assert_eq!(by_type(&listed, "example.com/v1", "Widget").unwrap().plural, "widgets");
    }
}
