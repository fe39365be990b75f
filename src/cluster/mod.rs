//! A cluster: the containers that carry its label, or a plan of them; and its Kubernetes API.
//!
//! No state is kept on the host: everything is read from the engine's labels and from the nodes.

use crate::config::{self, ClusterName, Role};
use crate::engine::{Container, ContainerState, Engine, Protocol};
use crate::error::{Error, Result};
use crate::host;
use crate::kube::Client;
use crate::kubeconfig::{self, Kubeconfig};
use crate::node::{CLUSTER_LABEL, Node};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Port of the API server inside a control-plane node.
pub const API_PORT: u16 = 6443;
/// The label by which Docker Desktop tells where the API server's port is reached, which may be another machine.
const DESKTOP_LABEL: &str = "desktop.docker.io/ports/6443/tcp";
/// Where a control-plane node keeps the administrator's kubeconfig.
pub const ADMIN_CONF: &str = "/etc/kubernetes/admin.conf";

/// A handle to a cluster; cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Its Kubernetes nodes: control planes first, then workers, each in the order of their numbers.
    pub nodes: Vec<Node>,
    /// What spreads API requests over several control planes. It is no Kubernetes node.
    pub load_balancer: Option<Node>,
    /// What it is to be, when it was planned by this process.
    pub config: Option<Arc<config::Cluster>>,
    /// What tells this plan from others of the same name; empty for a cluster that was found.
    pub creation: String,
    engine: Arc<dyn Engine>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// The kubeconfig for use from this machine, once it is known.
    kubeconfig: Mutex<Option<String>>,
    client: OnceCell<Client>,
}

impl Cluster {
    /// Of `members`, in any order.
    fn new(engine: Arc<dyn Engine>, name: ClusterName, members: Vec<Node>) -> Self {
        let balancer = Role::ExternalLoadBalancer.as_str();
        let (balancers, mut nodes): (Vec<_>, Vec<_>) = members.into_iter().partition(|n| n.role == balancer);
        nodes.sort_by_key(order);
        let load_balancer = balancers.into_iter().next();
        Self {
            name,
            nodes,
            load_balancer,
            config: None,
            creation: String::new(),
            engine,
            shared: Arc::default(),
        }
    }

    /// Names of all clusters of the engine, sorted.
    pub async fn names(engine: &dyn Engine) -> Result<Vec<String>> {
        let containers = engine.list_containers(&[CLUSTER_LABEL.to_owned()]).await?;
        let names: BTreeSet<String> =
            containers.iter().filter_map(|c| c.labels.get(CLUSTER_LABEL)).cloned().collect();
        Ok(names.into_iter().collect())
    }

    /// The cluster that `config` describes, not yet made.
    pub fn plan(engine: Arc<dyn Engine>, config: config::Cluster) -> Self {
        let names = config::node_names(&config);
        let mut members: Vec<Node> = names
            .iter()
            .zip(&config.nodes)
            .map(|(name, node)| {
                let mut handle =
                    Node::new(engine.clone(), config.name.as_str(), name.as_str(), node.role.as_str());
                handle.config = Some(Arc::new(node.clone()));
                handle
            })
            .collect();
        if let Some(name) = config::load_balancer_name(&config) {
            let role = Role::ExternalLoadBalancer.as_str();
            members.push(Node::new(engine.clone(), config.name.as_str(), name.as_str(), role));
        }
        let mut cluster = Self::new(engine, config.name.clone(), members);
        cluster.config = Some(Arc::new(config));
        cluster.creation = host::id::new();
        cluster
    }

    /// The cluster `name` as the engine has it; without nodes when there is none of that name.
    pub async fn lookup(engine: Arc<dyn Engine>, name: &str) -> Result<Self> {
        let label = format!("{CLUSTER_LABEL}={name}");
        let containers = engine.list_containers(&[label]).await?;
        // an engine may take an empty value for any
        let of_it = containers.iter().filter(|c| c.labels.get(CLUSTER_LABEL).is_some_and(|of| of == name));
        let members = of_it.filter_map(|c| Node::from_container(engine.clone(), c)).collect();
        Ok(Self::new(engine, ClusterName::asked(name), members))
    }

    /// As [`Cluster::lookup`], but a cluster without nodes is the error `cluster.not_found`.
    pub async fn find(engine: Arc<dyn Engine>, name: &str) -> Result<Self> {
        let cluster = Self::lookup(engine.clone(), name).await?;
        if !cluster.is_empty() {
            return Ok(cluster);
        }
        let names = Self::names(engine.as_ref()).await?;
        let error = Error::user("cluster.not_found", format!("there is no cluster named {name:?}"));
        Err(if !names.is_empty() {
            error.hint(format!("there are: {}", names.join(", ")))
        } else if ClusterName::parse(name).is_ok() {
            error.hint(format!("kind create cluster --name {name} makes it"))
        } else {
            error
        })
    }

    /// The engine it runs on.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// Whether the engine has nothing of it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.load_balancer.is_none()
    }

    /// All containers that belong to it: its nodes and its load balancer.
    pub fn members(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().chain(&self.load_balancer)
    }

    /// Nodes of a role.
    pub fn with_role(&self, role: &str) -> Vec<Node> {
        self.nodes.iter().filter(|n| n.role == role).cloned().collect()
    }

    /// The node `name`, which may also be given without the cluster's name in front (`worker2`).
    pub fn node(&self, name: &str) -> Result<&Node> {
        let full = format!("{}-{name}", self.name);
        self.members()
            .find(|n| n.name == name)
            .or_else(|| self.members().find(|n| n.name == full))
            .ok_or_else(|| {
                let names: Vec<&str> = self.members().map(|n| n.name.as_str()).collect();
                Error::user("node.not_found", format!("the cluster {} has no node {name:?}", self.name))
                    .hint(format!("it has: {}", names.join(", ")))
            })
    }

    /// The first control plane.
    pub fn control_plane(&self) -> Result<&Node> {
        self.nodes.iter().find(|n| n.role == "control-plane").ok_or_else(|| {
            Error::user("cluster.no_control_plane", format!("the cluster {} has no control plane", self.name))
        })
    }

    /// The first control plane that runs; the first one where none does.
    pub async fn running_control_plane(&self) -> Result<Node> {
        let planes = self.with_role(Role::ControlPlane.as_str());
        if planes.len() > 1 {
            for node in planes {
                if node.inspect().await?.state == ContainerState::Running {
                    return Ok(node);
                }
            }
        }
        self.control_plane().cloned()
    }

    /// `HOST:PORT` under which this machine reaches the API server.
    pub async fn api_endpoint(&self) -> Result<String> {
        let entry = match &self.load_balancer {
            Some(node) => node,
            None => self.control_plane()?,
        };
        self.endpoint_of(&entry.inspect().await?)
    }

    fn endpoint_of(&self, container: &Container) -> Result<String> {
        if let Some(told) = container.labels.get(DESKTOP_LABEL).filter(|told| !told.is_empty()) {
            return Ok(told.clone());
        }
        let published = container.host_port(API_PORT, Protocol::TCP).ok_or_else(|| {
            Error::engine(
                "cluster.no_api_port",
                format!("{} does not publish its API server's port", container.name),
            )
            .hint("is the container running? docker start starts it")
        })?;
        Ok(self.engine.endpoint().listened(published))
    }

    /// The administrator's kubeconfig with names `kind-NAME`; for use between nodes when `internal`, else for
    /// use from this machine.
    pub async fn kubeconfig(&self, internal: bool) -> Result<String> {
        if !internal && let Some(text) = self.known_kubeconfig() {
            return Ok(text);
        }
        let node = self.control_plane()?;
        let admin = async {
            node.read_file(ADMIN_CONF).await.map_err(|e| {
                if e.code() == "node.no_file" {
                    Error::kubernetes(
                        "cluster.not_initialised",
                        format!("{} has no kubeconfig yet: kubeadm has not run there", node.name),
                    )
                    .because(e)
                } else {
                    e
                }
            })
        };
        let (admin, server) = if internal {
            (admin.await?, None)
        } else {
            let (admin, endpoint) = tokio::try_join!(admin, self.api_endpoint())?;
            (admin, Some(format!("https://{endpoint}")))
        };
        let admin = String::from_utf8_lossy(&admin);
        let text = self.render(&admin, server.as_deref())?.to_yaml()?;
        if !internal {
            self.use_kubeconfig(&text);
        }
        Ok(text)
    }

    fn render(&self, admin_conf: &str, server: Option<&str>) -> Result<Kubeconfig> {
        kubeconfig::render(admin_conf, &self.name, server)
    }

    fn known_kubeconfig(&self) -> Option<String> {
        self.shared.kubeconfig.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the kubeconfig for use from this machine, so that it need not be asked of the node.
    pub fn use_kubeconfig(&self, text: &str) {
        *self.shared.kubeconfig.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
    }

    /// A client for its Kubernetes API.
    pub async fn client(&self) -> Result<&Client> {
        self.shared
            .client
            .get_or_try_init(|| async { Client::from_kubeconfig(&self.kubeconfig(false).await?).await })
            .await
    }
}

/// Control planes, then workers; each by number, then name.
fn order(node: &Node) -> (u8, u32, String) {
    let role = match node.role.as_str() {
        "control-plane" => 0,
        _ => 1,
    };
    let digits: String = node.name.chars().rev().take_while(char::is_ascii_digit).collect();
    let number = digits.chars().rev().collect::<String>().parse().unwrap_or(1);
    (role, number, node.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{PortMapping, Simulated};

    #[test]
    fn docker_desktop_knows_better_where_the_api_server_is_reached() {
        let cluster = Cluster::new(Arc::new(Simulated::new()), ClusterName::default(), Vec::new());
        let port = PortMapping {
            container_port: API_PORT,
            host_port: 32768,
            listen_address: "127.0.0.1".into(),
            ..Default::default()
        };
        let mut container = Container { ports: vec![port], ..Default::default() };
        assert_eq!(cluster.endpoint_of(&container).unwrap(), "127.0.0.1:32768");
        container.labels.insert("desktop.docker.io/ports/6443/tcp".into(), "10.0.1.7:6443".into());
        assert_eq!(cluster.endpoint_of(&container).unwrap(), "10.0.1.7:6443");
        container.ports.clear();
        assert_eq!(cluster.endpoint_of(&container).unwrap(), "10.0.1.7:6443");
    }

    #[tokio::test]
    async fn a_name_that_no_cluster_can_have_finds_none() {
        let engine = Arc::new(Simulated::new());
        for name in ["A_B", "", "a/b"] {
            assert!(Cluster::lookup(engine.clone(), name).await.unwrap().is_empty());
            let error = Cluster::find(engine.clone(), name).await.err().unwrap();
            assert_eq!((error.code(), error.hints().len()), ("cluster.not_found", 0));
        }
    }
}
