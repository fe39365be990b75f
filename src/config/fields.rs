//! Every field that a configuration can have: its name, what it is for and what may stand in it.
//!
//! This one table says which names [`super::decode`] takes, between which words and numbers it lets a user choose,
//! and what the JSON Schema tells editors. What a value becomes is the decoder's business.

/// A map whose fields are known.
#[derive(Debug)]
pub(super) struct Table {
    /// What such a map is.
    pub about: &'static str,
    pub fields: &'static [Entry],
}

/// One field.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: &'static str,
    /// One sentence for an editor's pop-up, with the default where there is one.
    pub about: &'static str,
    pub shape: Shape,
    /// Whether upstream kind does not know it.
    pub own: bool,
}

/// What may stand in a field.
#[derive(Debug)]
pub(super) enum Shape {
    /// Text; a number or a truth value is taken as it was written.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number of this range; the words name it in errors.
    Integer(i64, i64, &'static str),
    /// A quantity as Kubernetes writes it, or a number.
    Quantity,
    /// One of these; the first is the default, which an empty text stands for.
    Word(&'static [&'static str]),
    /// The same, in capitals or not.
    AnyCase(&'static [&'static str]),
    /// Any number of values.
    List(&'static Shape),
    /// Names of the user's to values.
    Map(&'static Shape),
    /// Known fields.
    Object(&'static Table),
}

impl Shape {
    /// The words there are to choose from.
    pub fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Word(words) | Self::AnyCase(words) => words,
            _ => &[],
        }
    }
}

const PORT: Shape = Shape::Integer(1, 65535, "a port number, 1 to 65535");
const HOST_PORT: Shape = Shape::Integer(
    -1,
    65535,
    "a port number up to 65535, 0 to have one picked, or -1 to let the engine pick",
);
const TEXTS: Shape = Shape::List(&Shape::Text);

const fn field(name: &'static str, shape: Shape, about: &'static str) -> Entry {
    Entry { name, about, shape, own: false }
}
const fn own(name: &'static str, shape: Shape, about: &'static str) -> Entry {
    Entry { name, about, shape, own: true }
}

/// The document.
pub(super) static DOCUMENT: Shape = Shape::Object(&CLUSTER);

/// All tables, with the path of where each belongs.
pub(super) static TABLES: [(&str, &Table); 8] = [
    ("the document", &CLUSTER),
    ("networking", &NETWORKING),
    ("a node", &NODE),
    ("extraMounts", &MOUNT),
    ("extraPortMappings", &PORT_MAPPING),
    ("kubeadmConfigPatchesJSON6902", &JSON_PATCH),
    ("resources", &RESOURCES),
    ("devices", &DEVICE),
];

pub(super) static CLUSTER: Table = Table {
    about: "A cluster whose nodes are containers.",
    fields: &[
        field("kind", Shape::Word(&["Cluster"]), "Always Cluster."),
        field("apiVersion", Shape::Word(&["kind.x-k8s.io/v1alpha4"]), "The version of this format."),
        field("name", Shape::Text, "The cluster's name; --name goes before it. Default: kind."),
        field("nodes", Shape::List(&Shape::Object(&NODE)), "Its nodes. Default: one control plane."),
        field("networking", Shape::Object(&NETWORKING), "Addresses, and what serves them."),
        field("featureGates", Shape::Map(&Shape::Bool), "Feature gates of every Kubernetes component."),
        field(
            "runtimeConfig",
            Shape::Map(&Shape::Text),
            "APIs that are switched on or off: --runtime-config of the API server.",
        ),
        field(
            "kubeadmConfigPatches",
            TEXTS,
            "Merge patches (YAML) to the kubeadm config of every node, each for the documents of its kind.",
        ),
        field(
            "kubeadmConfigPatchesJSON6902",
            Shape::List(&Shape::Object(&JSON_PATCH)),
            "JSON patches (RFC 6902) to the kubeadm config of every node.",
        ),
        field("containerdConfigPatches", TEXTS, "Merge patches (TOML) to containerd's config on every node."),
        field(
            "containerdConfigPatchesJSON6902",
            TEXTS,
            "JSON patches (RFC 6902) to containerd's config on every node.",
        ),
        own(
            "preload",
            TEXTS,
            "Images of the engine and image archives to put into the nodes before they boot.",
        ),
        own(
            "hooks",
            Shape::List(&Shape::Object(&HOOK)),
            "Scripts that are run at points of the cluster's life.",
        ),
    ],
};

pub(super) static NODE: Table = Table {
    about: "A node.",
    fields: &[
        field(
            "role",
            Shape::Word(&["control-plane", "worker"]),
            "What the node is in its cluster. Default: control-plane.",
        ),
        field("image", Shape::Text, "The node image; --image goes before it. A digest makes it exact."),
        field("labels", Shape::Map(&Shape::Text), "Labels of the Kubernetes node."),
        field(
            "extraMounts",
            Shape::List(&Shape::Object(&MOUNT)),
            "Files and folders of the host that the node sees.",
        ),
        field(
            "extraPortMappings",
            Shape::List(&Shape::Object(&PORT_MAPPING)),
            "Ports of the node that are reached through the host.",
        ),
        field(
            "kubeadmConfigPatches",
            TEXTS,
            "Merge patches to this node's kubeadm config, after those of the cluster.",
        ),
        field(
            "kubeadmConfigPatchesJSON6902",
            Shape::List(&Shape::Object(&JSON_PATCH)),
            "JSON patches (RFC 6902) to this node's kubeadm config.",
        ),
        own(
            "resources",
            Shape::Object(&RESOURCES),
            "The most that the node may use, which its kubelet offers to pods.",
        ),
        own(
            "devices",
            Shape::List(&Shape::Object(&DEVICE)),
            "Devices of the host, under names of the node's own.",
        ),
        own("env", Shape::Map(&Shape::Text), "Environment of the node's container."),
        own(
            "sysctls",
            Shape::Map(&Shape::Text),
            "Kernel settings of the node's own namespaces (net.*, kernel.shm*, …).",
        ),
        own(
            "address",
            Shape::Text,
            "The node's fixed address in networking.network: IPv4, IPv6, or both with a comma.",
        ),
    ],
};

static NETWORKING: Table = Table {
    about: "Networking of a cluster.",
    fields: &[
        field("ipFamily", Shape::Word(&["ipv4", "ipv6", "dual"]), "Address families. Default: ipv4."),
        field(
            "apiServerPort",
            HOST_PORT,
            "Port of the API server on the host. Default: 0, a free one that is kept.",
        ),
        field(
            "apiServerAddress",
            Shape::Text,
            "Address of the API server on the host. Default: 127.0.0.1, or ::1.",
        ),
        field(
            "podSubnet",
            Shape::Text,
            "Addresses of pods. Default: 10.244.0.0/16, fd00:10:244::/56, or both with a comma.",
        ),
        field(
            "serviceSubnet",
            Shape::Text,
            "Addresses of services. Default: 10.96.0.0/16, fd00:10:96::/112, or both with a comma.",
        ),
        field(
            "disableDefaultCNI",
            Shape::Bool,
            "Whether you bring a CNI of your own; nodes are not ready until it is there.",
        ),
        field(
            "kubeProxyMode",
            Shape::Word(&["iptables", "nftables", "ipvs", "none"]),
            "What makes services' addresses work. Default: iptables.",
        ),
        field("dnsSearch", TEXTS, "Search domains of the nodes' DNS, in place of the host's; [] for none."),
        own(
            "network",
            Shape::Text,
            "The engine's network that the nodes join; made when it is not there. Default: kind.",
        ),
        own(
            "networkSubnet",
            Shape::Text,
            "The address range that a network of ours is made with; fixed addresses need one.",
        ),
    ],
};

static MOUNT: Table = Table {
    about: "A file or folder of the host that a node sees.",
    fields: &[
        field("containerPath", Shape::Text, "Where it is in the node."),
        field("hostPath", Shape::Text, "Where it is on the engine's host; relative to the working folder."),
        field("readOnly", Shape::Bool, "Whether the node cannot write to it."),
        field("selinuxRelabel", Shape::Bool, "Whether the engine relabels it for SELinux."),
        field(
            "propagation",
            Shape::Word(&["None", "HostToContainer", "Bidirectional"]),
            "How mounts that are made later travel. Default: None.",
        ),
    ],
};

static PORT_MAPPING: Table = Table {
    about: "A port of a node that is reached through the host.",
    fields: &[
        field("containerPort", PORT, "The port of the node, such as one of a NodePort service."),
        field(
            "hostPort",
            HOST_PORT,
            "The port of the host. Default: 0, a free one that is kept; -1: the engine's choice at each start.",
        ),
        field("listenAddress", Shape::Text, "The address of the host. Default: all of the cluster's family."),
        field("protocol", Shape::AnyCase(&["TCP", "UDP", "SCTP"]), "Default: TCP."),
    ],
};

static JSON_PATCH: Table = Table {
    about: "A JSON patch (RFC 6902) and the document it is for.",
    fields: &[
        field("group", Shape::Text, "The document's API group, such as kubeadm.k8s.io."),
        field("version", Shape::Text, "The version in that group, such as v1beta4."),
        field("kind", Shape::Text, "The document's kind, such as ClusterConfiguration."),
        field("patch", Shape::Text, "A list of operations in YAML or JSON."),
    ],
};

static RESOURCES: Table = Table {
    about: "The most that a node may use.",
    fields: &[
        own("cpu", Shape::Quantity, "Processors: 2, 1.5 or 1500m."),
        own("memory", Shape::Quantity, "Memory: 2Gi, 512Mi, or bytes."),
    ],
};

static DEVICE: Table = Table {
    about: "A device of the host.",
    fields: &[
        own("hostPath", Shape::Text, "Where it is on the engine's host, such as /dev/fuse."),
        own("containerPath", Shape::Text, "Where it is in the node. Default: the same."),
    ],
};

static HOOK: Table = Table {
    about: "A script with hooks of its own, or a line of one for a point of the cluster's life.",
    fields: &[
        own("script", Shape::Text, "A script's file, whose on(…) calls register hooks."),
        own("at", Shape::Text, "The point, such as node.paused or before:boot."),
        own("run", Shape::Text, "What is run there."),
    ],
};

impl Table {
    /// The field `name`.
    pub fn field(&self, name: &str) -> Option<&'static Entry> {
        self.fields.iter().find(|entry| entry.name == name)
    }
    /// Names of all fields.
    pub fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|entry| entry.name).collect()
    }
}
