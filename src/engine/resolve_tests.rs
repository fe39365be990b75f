#![allow(clippy::disallowed_methods, reason = "files of a test's own folder")]

use super::*;
use std::fs;

/// A machine of its own in a temporary folder.
struct Machine {
    root: tempfile::TempDir,
    env: Environment,
}

fn machine(variables: &[(&str, &str)]) -> Machine {
    let root = tempfile::tempdir().unwrap();
    let env = Environment {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        home: root.path().join("home/me"),
        root: root.path().to_owned(),
        uid: 1000,
    };
    Machine { root, env }
}

impl Machine {
    fn write(&self, path: &str, text: &str) {
        let path = self.env.home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fn set(&mut self, name: &str, value: &str) {
        self.env.variables.insert(name.into(), value.into());
    }
    /// The addresses, with the temporary folder cut off.
    fn addresses(&self) -> Vec<String> {
        let root = self.root.path().to_str().unwrap();
        resolve(&self.env).unwrap().endpoints.iter().map(|e| e.address.replace(root, "")).collect()
    }
    fn explicit(&self) -> Endpoint {
        let found = resolve(&self.env).unwrap();
        assert!(found.explicit && found.endpoints.len() == 1, "{found:?}");
        found.endpoints[0].clone()
    }
}

#[test]
fn the_usual_places_in_their_order() {
    let mut machine = machine(&[]);
    assert_eq!(
        machine.addresses(),
        [
            "unix:///var/run/docker.sock",
            "unix:///run/user/1000/docker.sock",
            "unix:///home/me/.docker/run/docker.sock",
            "unix:///home/me/.local/share/kind/engine/run/docker.sock",
            "unix:///run/user/1000/podman/podman.sock",
            "unix:///run/podman/podman.sock",
        ]
    );
    machine.set("XDG_RUNTIME_DIR", "/xdg/run");
    machine.set("XDG_DATA_HOME", "/xdg/data");
    machine.set("CONTAINER_HOST", "unix:///c.sock");
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "");
    assert_eq!(
        machine.addresses()[1..],
        [
            "unix:///xdg/run/docker.sock",
            "unix:///home/me/.docker/run/docker.sock",
            "unix:///xdg/data/kind/engine/run/docker.sock",
            "unix:///c.sock",
            "unix:///xdg/run/podman/podman.sock",
            "unix:///run/podman/podman.sock",
        ]
    );
}

#[test]
fn the_provider_narrows_the_search() {
    let mut machine =
        machine(&[("KIND_EXPERIMENTAL_PROVIDER", "podman"), ("DOCKER_HOST", "unix:///docker.sock")]);
    assert!(machine.addresses().iter().all(|a| a.contains("podman")));
    machine.set("DOCKER_HOST", "unix:///run/podman/podman.sock");
    assert_eq!(machine.explicit().kind, EndpointKind::Podman);
    machine.set("CONTAINER_HOST", "ssh://me@far/run/podman.sock");
    assert_eq!(machine.explicit().host, "far");
    machine.env.variables.remove("DOCKER_HOST");
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "docker");
    assert!(machine.addresses().iter().all(|a| a.contains("docker.sock")));
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "rkt");
    assert_eq!(resolve(&machine.env).unwrap_err().code(), "engine.unknown_provider");
}

#[test]
fn the_podman_program_is_the_last_resort() {
    let mut machine = machine(&[]);
    machine.write("bin/podman", "");
    let folder = machine.env.home.join("bin").display().to_string();
    machine.set("PATH", &format!("/nowhere:{folder}"));
    assert_eq!(machine.addresses().last().unwrap(), "program:/home/me/bin/podman");
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "docker");
    assert!(!machine.addresses().iter().any(|address| address.starts_with("program:")));
}

#[test]
fn nerdctl_is_taken_by_name_or_after_all_others() {
    let mut machine = machine(&[("DOCKER_HOST", "unix:///docker.sock")]);
    let folder = machine.env.home.join("bin").display().to_string();
    machine.set("PATH", &folder);
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "nerdctl.lima");
    assert_eq!(resolve(&machine.env).unwrap_err().code(), "engine.unreachable");
    for name in ["finch", "nerdctl", "nerdctl.lima"] {
        machine.write(&format!("bin/{name}"), "");
        machine.set("KIND_EXPERIMENTAL_PROVIDER", name);
        let endpoint = machine.explicit();
        assert_eq!((endpoint.kind, endpoint.host.as_str()), (EndpointKind::Nerdctl, "127.0.0.1"));
        assert!(endpoint.address.ends_with(&format!("/bin/{name}")), "{}", endpoint.address);
        assert_eq!(endpoint.is_local(), name == "nerdctl" || name == "finch", "{name}");
    }
    machine.write("bin/podman", "");
    machine.set("DOCKER_HOST", "");
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "");
    let addresses = machine.addresses();
    assert_eq!(
        addresses[addresses.len() - 2..],
        ["program:/home/me/bin/podman", "program:/home/me/bin/nerdctl"]
    );
    machine.set("KIND_EXPERIMENTAL_PROVIDER", "podman");
    assert!(machine.addresses().iter().all(|address| address.contains("podman")));
}

#[test]
fn docker_host_wins_and_brings_its_tls() {
    let mut machine = machine(&[("DOCKER_HOST", "tcp://build:2376"), ("DOCKER_CONTEXT", "other")]);
    let endpoint = machine.explicit();
    assert_eq!((endpoint.host.as_str(), endpoint.source.as_str()), ("build", "DOCKER_HOST"));
    assert_eq!(endpoint.tls, None);
    machine.set("DOCKER_TLS_VERIFY", "1");
    let tls = machine.explicit().tls.unwrap();
    assert_eq!(tls.ca, machine.env.home.join(".docker/ca.pem"));
    machine.set("DOCKER_CERT_PATH", "/certs");
    assert_eq!(machine.explicit().tls.unwrap().key, PathBuf::from("/certs/key.pem"));
    machine.set("DOCKER_HOST", "/plain/path.sock");
    assert_eq!(machine.explicit().socket(), Some("/plain/path.sock"));
    machine.set("DOCKER_HOST", "gopher://x");
    assert_eq!(resolve(&machine.env).unwrap_err().code(), "engine.bad_address");
}

#[test]
fn a_context_is_read_with_its_tls() {
    let mut machine = machine(&[]);
    machine.write(".docker/config.json", r#"{"auths": {}, "currentContext": "build"}"#);
    let folder = context::sha256_hex("build");
    machine.write(
        &format!(".docker/contexts/meta/{folder}/meta.json"),
        r#"{"Name": "build", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://10.1.2.3:2376", "SkipTLSVerify": false}}}"#,
    );
    let endpoint = machine.explicit();
    assert_eq!((endpoint.address.as_str(), endpoint.host.as_str()), ("tcp://10.1.2.3:2376", "10.1.2.3"));
    assert!(endpoint.source.contains("\"build\"") && endpoint.tls.is_none());
    machine.write(&format!(".docker/contexts/tls/{folder}/docker/ca.pem"), "");
    assert!(machine.explicit().tls.unwrap().ca.exists());

    // the variable wins over the file, and `default` means no context
    machine.set("DOCKER_CONTEXT", "default");
    assert!(!resolve(&machine.env).unwrap().explicit);
    machine.set("DOCKER_CONTEXT", "gone");
    let error = resolve(&machine.env).unwrap_err();
    assert_eq!(error.code(), "engine.unknown_context");
    assert!(error.message().contains("\"gone\""));
    // another folder
    machine.set("DOCKER_CONTEXT", "build");
    machine.set("DOCKER_CONFIG", "/elsewhere");
    assert_eq!(resolve(&machine.env).unwrap_err().code(), "engine.unknown_context");
}

#[test]
fn a_broken_configuration_is_named() {
    let machine = machine(&[]);
    machine.write(".docker/config.json", "{oops");
    let error = resolve(&machine.env).unwrap_err();
    assert_eq!(error.code(), "engine.bad_config");
    assert!(error.message().contains(".docker/config.json") && !error.hints().is_empty());
}
