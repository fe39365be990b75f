//! `engine::…`: containers, networks and volumes as the engine has them.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::trust;
use super::placed::place;
use super::{Returned, Thrown, from_value, strings, text, to_value};
use crate::engine::{ContainerSpec, NetworkSpec};
use crate::event::CallKind;
use crate::node::Node;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, Module, NativeCallContext};
use std::sync::Arc;

pub const ENGINE: &[Record] = records_table! { "engine":
    "info" "() -> map" "What the engine says of itself: name, version, architecture, cgroup_version, rootless, cpus, memory (bytes) and more.", "engine::info().cgroup_version", throws "engine.*";
    "address" "() -> string" "Where the engine was found, such as unix:///var/run/docker.sock.", "engine::address()", throws "engine.*";
    "proxies" "() -> map" "Proxies that docker's config.json has for containers of this engine: httpProxy, httpsProxy, noProxy, each empty where there is none.", "engine::proxies().httpProxy", throws "engine.*";
    "is_local" "() -> bool" "Whether it runs on this machine, so that folders can be shared with it.", "engine::is_local()", throws "engine.*";
    "host" "() -> string" "The name under which published ports are reached; 127.0.0.1 for a local engine.", "engine::host()", throws "engine.*";
    "candidates" "() -> array of string" "The addresses where an engine is looked for, in that order; one where the user named it.", "engine::candidates().len()", throws "engine.*";
    "answers" "() -> bool" "Whether an engine answers.", "engine::answers()", throws "none";
    "answers_at" "(address: string) -> bool" "Whether an engine answers at this address, such as unix:///run/docker.sock.", "engine::answers_at(\"unix:///none.sock\")", throws "script.not_allowed";
    "connect" "(address: string) -> ()" "Uses the engine at this address from here on.", "engine::connect(engine::address())", throws "script.not_allowed engine.*";
    "networks" "() -> array of map" "All networks of the engine.", "engine::networks().len()", throws "engine.*";
    "reconnect" "() -> ()" "Forgets the engine and looks for one anew at the next use.", "engine::reconnect()", throws "none";
    "create" "(spec: map) -> Node" "Makes a container, without starting it. Keys: name, image, hostname, entrypoint, command, env, labels, privileged, security_options, tmpfs, mounts, ports, tty, init, cgroup_namespace, host_users, sysctls, devices, restart, network, network_aliases, addresses, stop_signal, cpu_millis, memory, platform.",
        "engine::create(#{name: \"probe\", image: \"kindest/node:v1.37.2\"}).remove()",
        options "name: string, image: string, hostname: string, entrypoint: array of string, command: array of string, env: map, labels: map, privileged: bool, security_options: array of string, tmpfs: map, mounts: array of map, ports: array of map, tty: bool, init: bool or (), cgroup_namespace: string, host_users: bool, sysctls: map, devices: array of map, restart: any, network: string, network_aliases: array of string, addresses: array of string, stop_signal: string, cpu_millis: int, memory: int, platform: string",
        throws "script.not_allowed script.bad_value engine.*";
    "run" "(spec: map) -> Node" "Makes a container and starts it.", "engine::run(#{name: \"probe\", image: \"kindest/node:v1.37.2\", entrypoint: [\"sleep\", \"60\"]}).remove()",
        options "name: string, image: string, hostname: string, entrypoint: array of string, command: array of string, env: map, labels: map, privileged: bool, security_options: array of string, tmpfs: map, mounts: array of map, ports: array of map, tty: bool, init: bool or (), cgroup_namespace: string, host_users: bool, sysctls: map, devices: array of map, restart: any, network: string, network_aliases: array of string, addresses: array of string, stop_signal: string, cpu_millis: int, memory: int, platform: string",
        throws "script.not_allowed script.bad_value engine.*";
    "container" "(name: string) -> Node" "A handle of any container; it need not exist yet.", "engine::container(\"kind-control-plane\").state", throws "engine.*";
    "containers" "(labels: array of string) -> array of map" "Containers that carry all of the labels (key or key=value), by name.", "engine::containers([\"io.x-k8s.kind.cluster\"]).len()", throws "engine.*";
    "network" "(name: string) -> map or ()" "A network: id, driver, ipv6, subnets, gateways, options, labels.", "engine::network(\"kind\")", throws "engine.*";
    "create_network" "(spec: map) -> string" "Makes a network; its id. Keys: name, driver, ipv6, subnets, options, labels.", "engine::create_network(#{name: \"lab\"}); engine::remove_network(\"lab\")",
        options "name: string, driver: string, ipv6: bool, subnets: array of string, options: map, labels: map",
        throws "script.bad_value engine.*";
    "remove_network" "(name: string) -> ()" "Removes a network; no error when it is not there.", "engine::remove_network(\"lab\")", throws "engine.*";
    "ipv6_subnet" "(name: string, attempt: int) -> string" "A private IPv6 /64 made from a network's name; a further one for each attempt.", "engine::ipv6_subnet(\"kind\", 0)", throws "none";
    "create_volume" "(name: string) -> ()" "Makes a named volume.", "engine::create_volume(\"data\"); engine::remove_volume(\"data\")", throws "engine.*";
    "remove_volume" "(name: string) -> ()" "Removes a volume; no error when it is not there.", "engine::remove_volume(\"data\")", throws "engine.*";
};

fn create(run: &Run, ctx: &NativeCallContext<'_>, spec: &Map) -> Returned<Node> {
    let spec: ContainerSpec = from_value("the container", &Dynamic::from_map(spec.clone()))?;
    trust::mounts(run, ctx, spec.mounts.iter().map(|mount| mount.source.as_str())).thrown()?;
    let engine = run.engine().thrown()?;
    let made = engine.create_container(&spec);
    run.call(CallKind::Api, Some(&spec.name), "create", || run.block_through(made)).thrown()?;
    let label = |key: &str| spec.labels.get(key).map_or("", String::as_str);
    Ok(Node::new(engine, label(crate::node::CLUSTER_LABEL), &spec.name, label(crate::node::ROLE_LABEL)))
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut m = Module::new();
    macro_rules! verb {
        ($name:literal, $r:ident, $call:expr) => {
            let $r = run.clone();
            place(&mut m, $name, $call);
        };
    }
    verb!("info", r, move || -> Returned<Dynamic> { to_value(&r.engine_info().thrown()?) });
    verb!("address", r, move || -> Returned<ImmutableString> {
        Ok(text(r.engine().thrown()?.endpoint().address.clone()))
    });
    verb!("proxies", r, move || -> Returned<Dynamic> {
        let address = r.engine().thrown()?.endpoint().address.clone();
        to_value(&crate::engine::proxies(&crate::engine::Environment::of_process(), &address).thrown()?)
    });
    verb!("is_local", r, move || -> Returned<bool> { Ok(r.engine().thrown()?.endpoint().is_local()) });
    verb!("host", r, move || -> Returned<ImmutableString> {
        Ok(text(r.engine().thrown()?.endpoint().host.clone()))
    });
    verb!("answers", r, move || r.engine().is_ok());
    verb!("answers_at", r, move |ctx: NativeCallContext, address: &str| -> Returned<bool> {
        trust::program(&r, &ctx, "engine::answers_at").thrown()?;
        Ok(r.block(crate::engine::connect_to(address)).is_ok())
    });
    verb!("connect", r, move |ctx: NativeCallContext, address: &str| -> Returned<()> {
        trust::program(&r, &ctx, "engine::connect").thrown()?;
        r.connect_to(address).thrown()
    });
    verb!("networks", r, move || -> Returned<Dynamic> {
        let engine = r.engine().thrown()?;
        to_value(&r.block(engine.list_networks()).thrown()?)
    });
    verb!("reconnect", r, move || r.forget_engine());
    verb!("create", r, move |ctx: NativeCallContext, spec: Map| create(&r, &ctx, &spec));
    verb!("run", r, move |ctx: NativeCallContext, spec: Map| -> Returned<Node> {
        let node = create(&r, &ctx, &spec)?;
        r.ask(Some(&node.name), "start", node.engine().start_container(&node.name)).thrown()?;
        Ok(node)
    });
    verb!("container", r, move |name: &str| -> Returned<Node> {
        Ok(Node::new(r.engine().thrown()?, "", name, ""))
    });
    verb!("containers", r, move |labels: Array| -> Returned<Dynamic> {
        let engine = r.engine().thrown()?;
        to_value(&r.block(engine.list_containers(&strings(&labels))).thrown()?)
    });
    verb!("network", r, move |name: &str| -> Returned<Dynamic> {
        let engine = r.engine().thrown()?;
        r.block(engine.inspect_network(name)).thrown()?.map_or(Ok(Dynamic::UNIT), |n| to_value(&n))
    });
    verb!("create_network", r, move |spec: Map| -> Returned<ImmutableString> {
        let spec: NetworkSpec = from_value("the network", &Dynamic::from_map(spec))?;
        let engine = r.engine().thrown()?;
        let what = format!("create network {}", spec.name);
        r.call(CallKind::Api, None, &what, || r.block_through(engine.create_network(&spec)))
            .map(text)
            .thrown()
    });
    verb!("remove_network", r, move |name: &str| -> Returned<()> {
        let engine = r.engine().thrown()?;
        r.block(engine.remove_network(name)).thrown()
    });
    verb!("create_volume", r, move |name: &str| -> Returned<()> {
        let engine = r.engine().thrown()?;
        r.block(engine.create_volume(name, &[])).thrown()
    });
    verb!("remove_volume", r, move |name: &str| -> Returned<()> {
        let engine = r.engine().thrown()?;
        r.block(engine.remove_volume(name)).thrown()
    });
    place(&mut m, "candidates", || -> Returned<Array> {
        let found = crate::engine::resolve(&crate::engine::Environment::of_process()).thrown()?;
        Ok(found.endpoints.into_iter().map(|endpoint| Dynamic::from(endpoint.address)).collect())
    });
    place(&mut m, "ipv6_subnet", |name: &str, attempt: i64| {
        text(crate::engine::ipv6_ula_subnet(name, u32::try_from(attempt).unwrap_or(0)).clone())
    });
    engine.register_static_module("engine", m.into());
}
