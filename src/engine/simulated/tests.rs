use super::*;
use crate::engine::{
    ContainerSpec, ContainerState, Engine, ExecIo, ExecSpec, LogOptions, Mount, NetworkSpec, PortMapping,
    Propagation, Protocol,
};
use archive::{collect, stream_of};
use futures_util::StreamExt;
use std::time::Duration;

fn spec(name: &str) -> ContainerSpec {
    ContainerSpec { name: name.into(), image: "node:1".into(), ..Default::default() }
}

fn command(words: &[&str]) -> ExecSpec {
    ExecSpec { command: words.iter().map(ToString::to_string).collect(), ..Default::default() }
}

fn port(host_port: u16) -> PortMapping {
    PortMapping { container_port: 80, host_port, listen_address: "127.0.0.1".into(), protocol: Protocol::TCP }
}

async fn running(engine: &Simulated, spec: &ContainerSpec) {
    engine.create_container(spec).await.unwrap();
    engine.start_container(&spec.name).await.unwrap();
}

#[tokio::test]
async fn names_images_and_ports_are_taken_as_they_would_be() {
    let engine = Simulated::new();
    assert_eq!(engine.create_container(&spec("a")).await.unwrap_err().code(), "engine.not_found");
    engine.pull_image("node:1", None, &|done, total| assert_eq!(Some(done), total)).await.unwrap();
    running(&engine, &ContainerSpec { ports: vec![port(8080), port(0)], ..spec("a") }).await;
    assert_eq!(engine.create_container(&spec("a")).await.unwrap_err().code(), "engine.conflict");
    let seen = engine.inspect_container("a").await.unwrap();
    assert_eq!((seen.ports[0].host_port, seen.ports[1].host_port), (8080, 32768));
    assert_eq!(seen.address(), "172.17.0.2");

    engine.create_container(&ContainerSpec { ports: vec![port(8080)], ..spec("b") }).await.unwrap();
    let error = engine.start_container("b").await.unwrap_err();
    assert_eq!(error.code(), "engine.port_taken");
    assert!(error.message().contains("8080"));
    engine.remove_container("a").await.unwrap();
    engine.start_container("b").await.unwrap();
    engine.take_port(9);
    engine.create_container(&ContainerSpec { ports: vec![port(9)], ..spec("c") }).await.unwrap();
    assert_eq!(engine.start_container("c").await.unwrap_err().code(), "engine.port_taken");
    let arm = ContainerSpec { platform: "linux/riscv64".into(), ..spec("d") };
    assert_eq!(engine.create_container(&arm).await.unwrap_err().code(), "engine.wrong_platform");
}

#[tokio::test]
async fn states_follow_signals() {
    let engine = Simulated::new().with_image("node:1");
    engine.log_on_signal("SIGUSR1", "Reached target Multi-User System.");
    running(&engine, &ContainerSpec { stop_signal: "SIGRTMIN+3".into(), ..spec("a") }).await;
    let state = async || engine.inspect_container("a").await.unwrap().state;
    let mut log = engine.logs("a", &LogOptions { follow: true, ..Default::default() }).await.unwrap();
    engine.kill_container("a", "USR1").await.unwrap();
    assert_eq!(state().await, ContainerState::Running);
    let (_, line) = log.next().await.unwrap().unwrap();
    assert_eq!(line, "Reached target Multi-User System.\n");
    engine.pause_container("a").await.unwrap();
    assert_eq!(
        engine.exec("a", &command(&["true"]), ExecIo::default()).await.unwrap_err().code(),
        "engine.not_running"
    );
    engine.unpause_container("a").await.unwrap();
    let (code, ()) = tokio::join!(engine.wait_container("a"), async {
        tokio::task::yield_now().await;
        engine.stop_container("a", Duration::from_secs(1)).await.unwrap();
    });
    assert_eq!(code.unwrap(), 128 + 37);
    assert!(log.next().await.is_none(), "the log ends with the container");
    assert_eq!(state().await, ContainerState::Exited);
    assert_eq!(engine.signals("a"), ["USR1", "RTMIN+3"]);
    assert_eq!(engine.kill_container("a", "KILL").await.unwrap_err().code(), "engine.not_running");
    engine.start_container("a").await.unwrap();
    engine.kill_container("a", "SIGKILL").await.unwrap();
    assert_eq!(engine.wait_container("a").await.unwrap(), 137);
}

#[tokio::test]
async fn commands_get_the_answers_they_were_given() {
    let engine = Simulated::new().with_image("node:1");
    running(&engine, &spec("a")).await;
    engine.answer(Matcher::any(), Answer::new(1, "", "no"));
    engine.answer(Matcher::command(["kubeadm", "init"]).on("a"), Answer::ok("joined\n"));
    engine.answer_times(1, Matcher::mentions("slow"), Answer::ok("late").after(Duration::from_millis(20)));
    engine.answer(
        Matcher::command(["rev"]),
        Answer::custom(|_, _, stdin| crate::engine::ExecResult {
            stdout: stdin.iter().rev().copied().collect(),
            ..Default::default()
        }),
    );
    let run = async |words: &[&str]| engine.exec("a", &command(words), ExecIo::default()).await.unwrap();
    assert_eq!(run(&["kubeadm", "init", "--config", "x"]).await.stdout, b"joined\n");
    assert_eq!(run(&["kubeadm", "reset"]).await.code, 1);
    assert_eq!(run(&["sh", "-c", "a slow one"]).await.stdout, b"late");
    assert_eq!(run(&["sh", "-c", "a slow one"]).await.code, 1, "the rule was for one command");
    let io = ExecIo { stdin: Some(stream_of(b"abc".to_vec())), ..Default::default() };
    assert_eq!(engine.exec("a", &command(&["rev"]), io).await.unwrap().stdout, b"cba");

    engine.answer(Matcher::command(["sleep"]), Answer::ok("").after(Duration::from_mins(1)));
    let limited = ExecSpec { time_limit: Some(Duration::from_millis(5)), ..command(&["sleep"]) };
    assert_eq!(engine.exec("a", &limited, ExecIo::default()).await.unwrap_err().code(), "engine.time_limit");
    engine.answer(Matcher::command(["gone"]), Answer::fail(Error::engine("engine.unreachable", "gone")));
    assert_eq!(
        engine.exec("a", &command(&["gone"]), ExecIo::default()).await.unwrap_err().code(),
        "engine.unreachable"
    );
}

#[tokio::test]
async fn files_go_up_come_down_and_into_images() {
    let engine = Simulated::new().with_image("node:1");
    running(&engine, &spec("a")).await;
    let file = File { content: b"hello".to_vec(), mode: 0o600 };
    let tree = [("/kind/x/y".to_owned(), file.clone())].into();
    let up = archive::pack(&tree, "/kind").unwrap();
    engine.upload("a", "/", stream_of(up)).await.unwrap();
    assert_eq!(engine.file("a", "/kind/x/y"), Some(file.clone()));
    let down = collect(engine.download("a", "/kind/x/y").await.unwrap()).await.unwrap();
    assert_eq!(archive::unpack(&down, "").unwrap(), [("/y".to_owned(), file.clone())]);
    assert_eq!(engine.download("a", "/none").await.err().unwrap().code(), "engine.not_found");
    let run = async |words: &[&str]| engine.exec("a", &command(words), ExecIo::default()).await.unwrap();
    assert_eq!(run(&["cat", "/kind/x/y"]).await.stdout, b"hello");
    assert_eq!((run(&["test", "-d", "/kind"]).await.code, run(&["test", "-e", "/no"]).await.code), (0, 1));

    let changes = ["ENV A=b", r#"ENTRYPOINT ["/x"]"#].map(String::from);
    let id = engine.commit_container("a", "made", &changes).await.unwrap();
    let archive =
        collect(engine.save_images(&["made".into(), "node:1".into()]).await.unwrap()).await.unwrap();
    let copy = Simulated::new();
    assert_eq!(copy.load_images(stream_of(archive)).await.unwrap(), ["made:latest", "node:1"]);
    assert_eq!(copy.inspect_image("made").await.unwrap().unwrap().id, id);
    engine.remove_image("made").await.unwrap();
    assert!(engine.inspect_image(&id).await.unwrap().is_none());
    assert_eq!(engine.remove_image("node:1").await.unwrap_err().code(), "engine.refused");
    assert_eq!(copy.load_images(stream_of(b"junk".to_vec())).await.unwrap_err().code(), "engine.refused");
}

#[tokio::test]
async fn networks_do_not_overlap_and_give_addresses() {
    let engine = Simulated::new().with_image("node:1");
    let net = NetworkSpec {
        name: "kind".into(),
        ipv6: true,
        subnets: vec![crate::engine::ipv6_ula_subnet("kind", 0)],
        ..Default::default()
    };
    engine.create_network(&net).await.unwrap();
    let again = NetworkSpec { name: "other".into(), ..net.clone() };
    assert_eq!(engine.create_network(&again).await.unwrap_err().code(), "engine.subnet_taken");
    assert_eq!(engine.create_network(&net).await.unwrap_err().code(), "engine.conflict");
    running(&engine, &ContainerSpec { network: "kind".into(), ..spec("a") }).await;
    running(&engine, &ContainerSpec { network: "kind".into(), ..spec("b") }).await;
    let b = engine.inspect_container("b").await.unwrap();
    assert_eq!((b.ipv4["kind"].as_str(), b.ipv6["kind"].as_str()), ("172.18.0.3", "fc00:f853:ccd:e793::3"));
    assert_eq!(engine.inspect_network("kind").await.unwrap().unwrap().containers, 2);
    assert_eq!(engine.remove_network("kind").await.unwrap_err().code(), "engine.refused");
    let lost = ContainerSpec { network: "none-such".into(), ..spec("c") };
    engine.create_container(&lost).await.unwrap();
    assert_eq!(engine.start_container("c").await.unwrap_err().code(), "engine.not_found");
}

#[tokio::test]
async fn faults_come_once_each_and_change_nothing() {
    let engine = Simulated::new().with_image("node:1");
    engine.fail_next(Operation::CreateContainer, Error::engine("engine.no_space", "full"));
    engine.fail_next(Operation::CreateContainer, Error::engine("engine.unreachable", "gone"));
    assert_eq!(engine.create_container(&spec("a")).await.unwrap_err().code(), "engine.no_space");
    assert_eq!(engine.create_container(&spec("a")).await.unwrap_err().code(), "engine.unreachable");
    assert!(engine.deeds().is_empty());
    engine.create_container(&spec("a")).await.unwrap();
    assert_eq!(Operation::parse("start_container"), Some(Operation::StartContainer));
    assert_eq!(Operation::parse("dance"), None);
}

#[tokio::test]
async fn what_was_done_is_told_in_order() {
    let engine = Simulated::new().with_registry_image("node:1");
    assert_eq!(engine.pull_image("other", None, &|_, _| {}).await.unwrap_err().code(), "engine.not_found");
    engine.pull_image("node:1", None, &|_, _| {}).await.unwrap();
    let mut events = engine.events(&["role=node".into()]).await.unwrap();
    let volume = Mount {
        source: "data".into(),
        target: "/var".into(),
        read_only: false,
        selinux_relabel: false,
        propagation: Propagation::None,
    };
    let labels = [("role".to_owned(), "node".to_owned())].into();
    running(&engine, &ContainerSpec { mounts: vec![volume], labels, ..spec("a") }).await;
    running(&engine, &spec("unlabelled")).await;
    engine.exec("a", &command(&["echo", "a b"]), ExecIo::default()).await.unwrap();
    engine.end("a", 3);
    let seen: Vec<_> = events.by_ref().take(3).map(|event| event.unwrap().action).collect().await;
    assert_eq!(seen, ["create", "start", "die"]);
    assert_eq!(engine.remove_volume("data").await.unwrap_err().code(), "engine.refused");
    engine.remove_container("a").await.unwrap();
    engine.remove_volume("data").await.unwrap();
    let told: Vec<_> = engine.deeds().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "pull node:1",
            "create container a from node:1",
            "start a",
            "create container unlabelled from node:1",
            "start unlabelled",
            "on a: echo 'a b'",
            "remove container a",
            "remove volume data",
        ]
    );
    let listed = engine.list_containers(&["role".into()]).await.unwrap();
    assert!(listed.is_empty());
}
