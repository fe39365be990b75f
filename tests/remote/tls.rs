//! An engine behind TLS that asks for certificates.

use super::{a_life, kind};
use crate::harness::{Cluster, engine, trials};
use libtest_mimic::Trial;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

const HOST: &str = "127.0.0.2";

pub fn tests() -> Vec<Trial> {
    engine::of_the_socket(trials! { "remote::tls":
        real a_cluster_lives_there,
        real wrong_certificates_are_told,
    })
}

/// Somebody who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }
    fn sign(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate, key)
    }
    /// The folder that `DOCKER_CERT_PATH` names, for a client that trusts `engine`.
    fn client(&self, folder: &Path, engine: &Self) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let (certificate, key) = self.sign("client");
        std::fs::write(folder.join("ca.pem"), engine.certificate.pem()).unwrap();
        std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        folder.to_owned()
    }
}

/// Passes on to the engine what comes encrypted from a client of `authority`; its address. The certificate is `name`'s.
fn listen(authority: &Authority, name: &str) -> String {
    let (certificate, key) = authority.sign(name);
    let mut clients = RootCertStore::empty();
    clients.add(authority.certificate.der().clone()).unwrap();
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind((HOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // whoever is refused is told so by the handshake
                    let Ok(mut here) = acceptor.accept(stream).await else { return };
                    let socket = engine::socket().expect("an engine with a socket");
                    let mut there = UnixStream::connect(socket).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                });
            }
        });
    });
    address
}

fn a_cluster_lives_there() {
    let c = Cluster::named("tls");
    let authority = Authority::new();
    let address = listen(&authority, HOST);
    let folder = authority.client(&c.home.root().join("certificates"), &authority);
    let variables = [
        ("DOCKER_HOST", address.as_str()),
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", folder.to_str().unwrap()),
    ];
    a_life(&c, HOST, &variables);
}

fn wrong_certificates_are_told() {
    let c = Cluster::named("tls-wrong");
    let (ours, another) = (Authority::new(), Authority::new());
    let ask = |address: &str, folder: PathBuf| {
        let folder = folder.to_str().unwrap().to_owned();
        let variables = [("DOCKER_HOST", address), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", &folder)];
        kind(&c, &variables, &["get", "clusters"]).code(1).tells(address)
    };
    let at = |name: &str| c.home.root().join(name);
    let address = listen(&ours, HOST);

    // it is signed by somebody we do not trust
    ask(&address, ours.client(&at("a"), &another))
        .tells("invalid peer certificate")
        .tells("DOCKER_CERT_PATH");
    // we are signed by somebody it does not trust
    ask(&address, another.client(&at("b"), &ours)).tells("received fatal alert");
    // it is somebody else
    let elsewhere = listen(&ours, "engine.example");
    ask(&elsewhere, ours.client(&at("c"), &ours)).tells("not valid for name");
    // there are none
    ask(&address, at("d"));
}
