//! Where an engine is reached.

use std::path::PathBuf;

/// Begins the address of an engine that is a program and has to be started first; its path follows.
pub(super) const PROGRAM: &str = "program:";

const LOOPBACK: &str = "127.0.0.1";

/// What answers at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointKind {
    /// Docker, or something that says it is.
    Docker,
    /// Podman's Docker-compatible API.
    Podman,
    /// nerdctl, the command line of containerd.
    Nerdctl,
    /// Nothing real: see [`crate::engine::Simulated`].
    Simulated,
}

impl EndpointKind {
    /// `docker`, `podman`, `nerdctl` or `simulated`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Nerdctl => "nerdctl",
            Self::Simulated => "simulated",
        }
    }
}

/// PEM files for a TLS connection. A file that is not there is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of those who may have signed the engine's.
    pub ca: PathBuf,
    /// Our certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Tls {
    /// The usual three files in a folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { ca: folder.join("ca.pem"), cert: folder.join("cert.pem"), key: folder.join("key.pem") }
    }
}

/// Where an engine is reached, and how that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What answers there.
    pub kind: EndpointKind,
    /// `unix:///path`, `tcp://host:port`, `https://host:port`, `ssh://user@host`, or `program:/path` of one that is
    /// started.
    pub address: String,
    /// What named it, such as `DOCKER_HOST` or `the docker context "desktop"`.
    pub source: String,
    /// Name or address under which published ports are reached: loopback for an engine on this machine.
    pub host: String,
    /// TLS material, when the connection is to be encrypted.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// An endpoint at `address`, which `source` named.
    pub fn new(kind: EndpointKind, address: impl Into<String>, source: impl Into<String>) -> Self {
        let address = address.into();
        Self { kind, host: host_of(&address), address, source: source.into(), tls: None }
    }

    /// The one of a simulated engine.
    pub fn simulated() -> Self {
        Self::new(EndpointKind::Simulated, "simulated:", "the simulated engine")
    }

    /// Whether paths of this machine mean the same to the engine (a socket of this machine; an engine in
    /// a virtual machine that shares folders counts too). Elsewhere than on Linux, and as `nerdctl.lima`, nerdctl is
    /// in a virtual machine that shares what it was told to.
    pub fn is_local(&self) -> bool {
        let has_own_machine = !cfg!(target_os = "linux") || self.address.rsplit('.').next() == Some("lima");
        self.socket().is_some()
            || self.kind == EndpointKind::Simulated
            || (self.kind == EndpointKind::Nerdctl && !has_own_machine)
    }

    /// Where a published port is reached from this machine, as `host:port`; an IPv6 address gets its brackets. What is
    /// published on all addresses, or by an engine elsewhere, is reached at the engine's own host.
    pub fn reached(&self, (listen, port): (&str, u16)) -> String {
        let host = match listen {
            "" | "0.0.0.0" | "::" => self.host.as_str(),
            listen if self.is_local() => listen,
            _ => self.host.as_str(),
        };
        authority(host, port)
    }

    /// The same as a kubeconfig has it: on this machine the address that was chosen stays, `0.0.0.0` too, as upstream
    /// has it there.
    pub fn listened(&self, (listen, port): (&str, u16)) -> String {
        if self.host == LOOPBACK && !listen.is_empty() {
            return authority(listen, port);
        }
        self.reached((listen, port))
    }

    /// The path of its socket, when it is one.
    pub fn socket(&self) -> Option<&str> {
        self.address.strip_prefix("unix://")
    }

    /// The same endpoint, encrypted.
    pub(super) fn with_tls(mut self, tls: Option<Tls>) -> Self {
        self.tls = tls;
        self
    }
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The host in an address; loopback when it is this machine.
fn host_of(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return LOOPBACK.into() };
    if matches!(scheme, "unix" | "npipe" | "fd") {
        return LOOPBACK.into();
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        Some((host, _)) => host,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    match host {
        "" | "localhost" | "127.0.0.1" | "::1" => LOOPBACK.into(),
        host => host.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_ports_are_where_the_engine_is() {
        for (address, host) in [
            ("unix:///var/run/docker.sock", "127.0.0.1"),
            ("tcp://docker:2375", "docker"),
            ("tcp://localhost:2375", "127.0.0.1"),
            ("tcp://10.0.0.7", "10.0.0.7"),
            ("tcp://[fd00::7]:2376", "fd00::7"),
            ("ssh://me@build.example:22/run/x", "build.example"),
            ("https://engine.example:443/", "engine.example"),
        ] {
            assert_eq!(host_of(address), host, "{address}");
        }
    }

    #[test]
    fn a_kubeconfig_keeps_the_address_that_was_chosen_on_this_machine() {
        let at = |address: &str| Endpoint::new(EndpointKind::Docker, address, "a test");
        let (here, there) = (at("unix:///var/run/docker.sock"), at("tcp://docker:2375"));
        for (listen, chosen, reached) in [
            ("127.0.0.1", "127.0.0.1:1", "127.0.0.1:1"),
            ("0.0.0.0", "0.0.0.0:1", "127.0.0.1:1"),
            ("", "127.0.0.1:1", "127.0.0.1:1"),
            ("::1", "[::1]:1", "[::1]:1"),
            ("::", "[::]:1", "127.0.0.1:1"),
        ] {
            assert_eq!(
                (here.listened((listen, 1)), here.reached((listen, 1))),
                (chosen.into(), reached.into())
            );
            assert_eq!(there.listened((listen, 1)), "docker:1");
        }
        assert_eq!(at("tcp://localhost:2375").listened(("0.0.0.0", 1)), "0.0.0.0:1");
    }
}
