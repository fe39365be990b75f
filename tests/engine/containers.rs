use super::support::{collect, scratch, waiting};
use futures_util::StreamExt;
use kind::engine::{
    CgroupNamespace, Container, ContainerSpec, ContainerState, LogOptions, Mount, PortMapping, Propagation,
    Protocol, RestartPolicy,
};
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn volume(source: &str, target: &str) -> Mount {
    Mount {
        source: source.into(),
        target: target.into(),
        read_only: false,
        selinux_relabel: false,
        propagation: Propagation::None,
    }
}

pub async fn a_container_lives_through_its_states() {
    let Some(mut scratch) = scratch("life").await else { return };
    let spec = waiting(&scratch.container("a"));
    let engine = scratch.engine.clone();
    let id = engine.create_container(&spec).await.unwrap();
    let state = async || engine.inspect_container(&spec.name).await.unwrap().state;
    assert_eq!(state().await, ContainerState::Created);
    engine.start_container(&spec.name).await.unwrap();
    assert_eq!(state().await, ContainerState::Running);
    engine.pause_container(&id).await.unwrap();
    assert_eq!(state().await, ContainerState::Paused);
    engine.unpause_container(&id).await.unwrap();
    assert_eq!(state().await, ContainerState::Running);

    let waiting = tokio::spawn({
        let (engine, name) = (engine.clone(), spec.name.clone());
        async move { engine.wait_container(&name).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    engine.kill_container(&spec.name, "SIGUSR1").await.unwrap();
    assert_eq!(waiting.await.unwrap(), 7, "the trap's exit code");
    let ended = engine.inspect_container(&spec.name).await.unwrap();
    assert_eq!((ended.state, ended.exit_code, ended.pid), (ContainerState::Exited, 7, 0));
    let error = engine.kill_container(&spec.name, "KILL").await.unwrap_err();
    assert_eq!(error.code(), "engine.not_running", "{error:?}");

    engine.start_container(&spec.name).await.unwrap();
    engine.stop_container(&spec.name, Duration::from_secs(0)).await.unwrap();
    assert_eq!(state().await, ContainerState::Exited);
    engine.remove_container(&spec.name).await.unwrap();
    engine.remove_container(&spec.name).await.unwrap();
    let error = engine.inspect_container(&spec.name).await.unwrap_err();
    assert_eq!(error.code(), "engine.not_found", "{error:?}");
}

pub async fn everything_in_a_spec_reaches_the_container() {
    let Some(mut scratch) = scratch("spec").await else { return };
    let shared = tempfile::tempdir().unwrap();
    std::fs::write(shared.path().join("hello"), "from the host").unwrap();
    let named = scratch.volume("v");
    let network = scratch.network("n");
    let net = kind::engine::NetworkSpec {
        name: network.clone(),
        subnets: vec!["10.211.7.0/24".into()],
        ..Default::default()
    };
    scratch.engine.create_network(&net).await.unwrap();
    scratch.engine.create_volume(&named, &[("kind-test".into(), "1".into())]).await.unwrap();
    let spec = ContainerSpec {
        privileged: true,
        hostname: "own-name".into(),
        security_options: vec!["seccomp=unconfined".into()],
        env: [("A".to_owned(), "b=c d".to_owned())].into(),
        labels: [("kind-test.x".to_owned(), "spec".to_owned())].into(),
        tmpfs: [("/run".to_owned(), String::new()), ("/tmp".to_owned(), "size=1m".to_owned())].into(),
        mounts: vec![
            volume("", "/var"),
            volume(&named, "/named"),
            Mount { read_only: true, ..volume(shared.path().to_str().unwrap(), "/shared") },
        ],
        ports: vec![PortMapping {
            container_port: 8080,
            host_port: 0,
            listen_address: "127.0.0.1".into(),
            protocol: Protocol::TCP,
        }],
        cgroup_namespace: CgroupNamespace::Private,
        sysctls: [("net.ipv4.ip_forward".to_owned(), "1".to_owned())].into(),
        restart: RestartPolicy::OnFailure(1),
        network: network.clone(),
        network_aliases: vec!["also".into()],
        addresses: vec!["10.211.7.77".parse().unwrap()],
        stop_signal: "SIGUSR1".into(),
        tty: true,
        init: Some(false),
        memory: 64 << 20,
        cpu_millis: 1500,
        ..waiting(&scratch.container("a"))
    };
    scratch.start(&spec).await;
    let name = spec.name.as_str();
    let seen = scratch.sh(name, "cat /proc/sys/kernel/hostname /shared/hello; echo; echo $A; ip -4 addr show eth0; touch /shared/x").await;
    let stdout = String::from_utf8_lossy(&seen.stdout).into_owned();
    for expected in ["own-name", "from the host", "b=c d", "10.211.7.77"] {
        assert!(stdout.contains(expected), "{expected} in {stdout}");
    }
    assert!(String::from_utf8_lossy(&seen.stderr).contains("Read-only"), "{seen:?}");

    let found: Container = scratch.engine.inspect_container(name).await.unwrap();
    assert_eq!(found.address(), "10.211.7.77");
    assert_eq!(found.labels["kind-test.x"], "spec");
    assert_eq!(found.env["A"], "b=c d");
    assert!(found.created > 1_600_000_000 && found.pid > 0);
    let (address, port) = found.host_port(8080, Protocol::TCP).expect("a port was chosen");
    assert_eq!(address, "127.0.0.1");
    assert!(port > 0);
    let shared_mount = found.mounts.iter().find(|m| m.target == "/shared").unwrap();
    assert!(shared_mount.read_only && shared_mount.source == shared.path().to_str().unwrap());
    assert!(found.mounts.iter().any(|m| m.target == "/named" && m.source == named));

    let listed = scratch.engine.list_containers(&["kind-test.x=spec".into()]).await.unwrap();
    let listed = listed.iter().find(|c| c.name == name).expect("listed by its label");
    assert_eq!((listed.id.as_str(), listed.state), (found.id.as_str(), ContainerState::Running));
    assert_eq!(listed.host_port(8080, Protocol::TCP), Some((address, port)));
    assert_eq!(listed.address(), "10.211.7.77");

    let volumes = scratch.engine.list_volumes(&["kind-test=1".into()]).await.unwrap();
    assert!(volumes.contains(&named));
    // its stop signal ends it at once
    let since = Instant::now();
    scratch.engine.stop_container(name, Duration::from_secs(30)).await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

pub async fn a_taken_name_and_a_taken_port_are_named() {
    let Some(mut scratch) = scratch("taken").await else { return };
    let name = scratch.running("a").await;
    let error = scratch.engine.create_container(&waiting(&name)).await.unwrap_err();
    assert_eq!(error.code(), "engine.conflict", "{error:?}");

    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let mapping = PortMapping {
        container_port: 80,
        host_port: port,
        listen_address: "127.0.0.1".into(),
        protocol: Protocol::TCP,
    };
    let spec = ContainerSpec { ports: vec![mapping], ..waiting(&scratch.container("b")) };
    scratch.engine.create_container(&spec).await.unwrap();
    let error = scratch.engine.start_container(&spec.name).await.unwrap_err();
    assert_eq!(error.code(), "engine.port_taken", "{error:?}");
    assert!(error.message().contains(&format!("port {port} is taken")), "{error:?}");
    drop(held);
    scratch.engine.start_container(&spec.name).await.unwrap();

    // taken by another container, which the engine says in other words
    let other = ContainerSpec { ports: spec.ports.clone(), ..waiting(&scratch.container("c")) };
    scratch.engine.create_container(&other).await.unwrap();
    let error = scratch.engine.start_container(&other.name).await.unwrap_err();
    assert!(error.message().contains(&format!("port {port} is taken")), "{error:?}");
}

pub async fn what_is_not_there_is_said_so() {
    let Some(mut scratch) = scratch("missing").await else { return };
    let engine = scratch.engine.clone();
    let no_image = ContainerSpec { image: "kind-test/no-such:1".into(), ..waiting(&scratch.container("a")) };
    let error = engine.create_container(&no_image).await.unwrap_err();
    assert_eq!(error.code(), "engine.not_found", "{error:?}");
    assert!(error.message().contains("kind-test/no-such"), "{error:?}");
    for error in [
        engine.start_container("kind-test-none").await.unwrap_err(),
        engine.logs("kind-test-none", &LogOptions::default()).await.err().unwrap(),
        engine
            .logs("kind-test-none", &LogOptions { follow: true, ..Default::default() })
            .await
            .err()
            .unwrap(),
        engine.inspect_container("../images/json").await.unwrap_err(),
        engine.wait_container("kind-test-none").await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "engine.not_found", "{error:?}");
    }
    let other = if cfg!(target_arch = "x86_64") { "linux/arm64" } else { "linux/amd64" };
    let wrong = ContainerSpec { platform: other.into(), ..waiting(&scratch.container("b")) };
    let error = engine.create_container(&wrong).await.unwrap_err();
    // Podman says only that there is no such image
    assert!(["engine.wrong_platform", "engine.not_found"].contains(&error.code()), "{error:?}");
}

pub async fn logs_are_read_and_followed() {
    let Some(mut scratch) = scratch("logs").await else { return };
    let script = "echo one; echo two >&2; sleep 0.5; echo three; sleep 0.3";
    let spec = ContainerSpec {
        command: ["sh", "-c", script].map(String::from).to_vec(),
        ..waiting(&scratch.container("a"))
    };
    scratch.start(&spec).await;
    let mut followed =
        scratch.engine.logs(&spec.name, &LogOptions { follow: true, ..Default::default() }).await.unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while let Some(piece) = followed.next().await {
        match piece.unwrap() {
            (kind::event::Stream::Stdout, bytes) => out.extend_from_slice(&bytes),
            (kind::event::Stream::Stderr, bytes) => err.extend_from_slice(&bytes),
        }
    }
    assert_eq!((out.as_slice(), err.as_slice()), (b"one\nthree\n".as_slice(), b"two\n".as_slice()));

    let options = LogOptions { tail: Some(1), timestamps: true, ..Default::default() };
    let last = scratch.engine.logs(&spec.name, &options).await.unwrap();
    let last = collect(last.map(|piece| piece.map(|(_, bytes)| bytes)).boxed()).await;
    let last = String::from_utf8(last).unwrap();
    assert!(last.starts_with("20") && last.ends_with(" three\n") && last.lines().count() == 1, "{last}");
}

pub async fn events_tell_from_the_call_on() {
    let Some(mut scratch) = scratch("events").await else { return };
    let label = format!("kind-test.events={}", std::process::id());
    let mut events = scratch.engine.events(std::slice::from_ref(&label)).await.unwrap();
    let (key, value) = label.split_once('=').unwrap();
    let spec = ContainerSpec {
        labels: [(key.to_owned(), value.to_owned())].into(),
        command: ["sh", "-c", "exit 3"].map(String::from).to_vec(),
        ..waiting(&scratch.container("a"))
    };
    // happens before the stream is read for the first time
    scratch.start(&spec).await;
    let mut seen = Vec::new();
    let all = async {
        while let Some(event) = events.next().await {
            let event = event.unwrap();
            assert_eq!(event.name, spec.name);
            let code = event.attributes.get("exitCode").cloned();
            let done = event.action == "die";
            seen.push((event.action, code));
            if done {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all).await.expect("the end is told");
    // Podman has one more
    seen.retain(|(action, _)| action != "init");
    let actions: Vec<_> = seen.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["create", "start", "die"]);
    assert_eq!(seen[2].1.as_deref(), Some("3"));
}

pub async fn the_engine_tells_about_itself() {
    let Some(scratch) = scratch("info").await else { return };
    let info = scratch.engine.info().await.unwrap();
    assert!(["docker", "podman"].contains(&info.name.as_str()), "{info:?}");
    assert!(["amd64", "arm64"].contains(&info.architecture.as_str()), "{info:?}");
    assert!([1, 2].contains(&info.cgroup_version) && info.cpus > 0 && info.memory > 0, "{info:?}");
    assert!(!info.version.is_empty() && !info.storage_driver.is_empty(), "{info:?}");
}
