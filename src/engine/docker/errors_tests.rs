use super::*;
use crate::engine::EndpointKind;

fn code(status: u16, message: &str) -> String {
    refused("docker", "create container x", status, message).code().to_owned()
}

#[test]
fn what_engines_say_becomes_a_code() {
    for (status, message, expected) in [
        (404, "No such container: x", "engine.not_found"),
        (404, "no such image: kindest/node:v0", "engine.not_found"),
        (
            409,
            r#"Conflict. The container name "/x" is already in use by container "ab". You have to remove it."#,
            "engine.conflict",
        ),
        (409, "network with name kind already exists", "engine.conflict"),
        (
            500,
            r#"creating container storage: the container name "x" is already in use by 12ab"#,
            "engine.conflict",
        ),
        (
            500,
            "driver failed programming external connectivity on endpoint x (12): Bind for 127.0.0.1:8080 failed: port is already allocated",
            "engine.port_taken",
        ),
        (500, "write /var/lib/docker/tmp/x: no space left on device", "engine.no_space"),
        (409, "Container 12ab is not running", "engine.not_running"),
        (
            500,
            "can only create exec sessions on running containers: container state improper",
            "engine.not_running",
        ),
        (
            409,
            "can only kill running containers. 12ab is in state exited: container state improper",
            "engine.not_running",
        ),
        (
            404,
            "image with reference x was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64",
            "engine.wrong_platform",
        ),
        (0, "no matching manifest for linux/s390x in the manifest list entries", "engine.wrong_platform"),
        (403, "Pool overlaps with other one on this address space", "engine.subnet_taken"),
        (500, "subnet fc00::/64 is already used on the host or by another config", "engine.subnet_taken"),
        (
            0,
            "pull access denied for x, repository does not exist or may require 'docker login'",
            "engine.denied",
        ),
        (400, "invalid reference format", "engine.refused"),
        (500, "failed to set up container networking: Address already in use", "engine.refused"),
    ] {
        assert_eq!(code(status, message), expected, "{message}");
    }
}

/// `stdlib/pulls.rhai` tries again what is left as refused, and nothing else.
#[test]
fn a_registry_out_of_reach_is_neither_an_engine_out_of_reach_nor_one_with_a_bad_moment() {
    let code = |message: &str| refused("docker", "pull image x", 500, message).code().to_owned();
    for message in [
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "dial tcp 10.0.0.1:443: connect: no route to host",
        "dial tcp 10.0.0.1:443: i/o timeout",
        "dial tcp: lookup x on 10.0.0.53:53: no such host",
        "dial tcp: lookup x on 10.0.0.53:53: server misbehaving",
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ] {
        assert_eq!(code(&format!("Get \"https://x/v2/\": {message}")), "engine.no_registry", "{message}");
    }
    for message in [
        "received unexpected HTTP status: 500 Internal Server Error",
        "received unexpected HTTP status: 503 Service Unavailable",
        "toomanyrequests: You have reached your pull rate limit.",
        "Get \"https://x/v2/\": net/http: TLS handshake timeout",
        "read tcp 10.0.0.2:41000->10.0.0.1:443: read: connection reset by peer",
        "unexpected EOF",
    ] {
        assert_eq!(code(message), "engine.refused", "{message}");
    }
    for (message, expected) in [
        ("manifest for x:1 not found: manifest unknown: manifest unknown", "engine.not_found"),
        (
            "pull access denied for x, repository does not exist or may require 'docker login'",
            "engine.denied",
        ),
        ("no matching manifest for linux/s390x in the manifest list entries", "engine.wrong_platform"),
    ] {
        assert_eq!(code(message), expected, "{message}");
    }
}

#[test]
fn the_port_that_is_taken_is_named() {
    for (message, port) in [
        ("Bind for 0.0.0.0:80 failed: port is already allocated", 80),
        ("failed to bind host port for 127.0.0.1:8443:172.18.0.2:443/tcp: address already in use", 8443),
        ("rootlessport listen tcp 0.0.0.0:8080: bind: address already in use", 8080),
        ("cannot listen on the TCP port: listen tcp4 :9090: bind: address already in use", 9090),
        ("listen tcp [::]:81: bind: address already in use", 81),
        (
            "failed to bind port 0.0.0.0:6443/tcp: Error starting userland proxy: listen tcp4 0.0.0.0:6443: bind: address already in use",
            6443,
        ),
    ] {
        let error = refused("docker", "start container x", 500, message);
        assert_eq!(error.code(), "engine.port_taken", "{message}");
        assert_eq!(error.message(), format!("cannot start container x: port {port} is taken"), "{message}");
        assert!(!error.hints().is_empty());
    }
}

#[test]
fn a_closed_socket_is_told_in_plain_words() {
    let endpoint = Endpoint::new(EndpointKind::Docker, "unix:///x.sock", "DOCKER_HOST");
    let io = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let error = no_connection(&endpoint, &io.into());
    assert_eq!(error.code(), "engine.unreachable");
    assert_eq!(error.causes(), ["connection refused"]);
    assert!(error.hints()[0].contains("DOCKER_HOST"));
    let io = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    assert_eq!(no_connection(&endpoint, &io.into()).code(), "engine.no_permission");
    let io = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    assert_eq!(explain(&endpoint, "list containers", io.into()).code(), "engine.unreachable");
}

#[test]
fn messages_are_tidied() {
    assert_eq!(tidy("Error response from daemon: No such image: x"), "no such image: x");
    assert_eq!(tidy("OCI runtime exec failed: x: unknown"), "OCI runtime exec failed: x");
    assert!(tidy("").contains("without saying why"));
}
