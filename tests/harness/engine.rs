//! The engine's own answers, over its socket and without the code under test.

use libtest_mimic::Trial;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

/// Which kind of engine is looked for. A Podman that is installed is no engine of the tests unless they are told so.
pub const PROVIDER: &str = "KIND_EXPERIMENTAL_PROVIDER";

static FOUND: OnceLock<String> = OnceLock::new();

/// The engine, when a test has looked for it.
pub fn found() -> Option<&'static str> {
    FOUND.get().map(String::as_str)
}

trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// The address of the engine that the program uses, such as `unix:///var/run/docker.sock`; asked anew until one
/// answers.
pub fn find() -> Option<&'static str> {
    if let Some(address) = FOUND.get() {
        return Some(address);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let mut environment = kind::engine::Environment::of_process();
    environment.variables.entry(PROVIDER.to_owned()).or_insert_with(|| "docker".to_owned());
    let engine = runtime.block_on(kind::engine::connect_in(&environment)).ok()?;
    Some(FOUND.get_or_init(|| engine.endpoint().address.clone()))
}

/// The path of its socket; none for an engine that is reached over TCP.
pub fn socket() -> Option<&'static str> {
    find()?.strip_prefix("unix://")
}

/// Tests that stand in front of the engine's socket; ignored where the engine is one without.
pub fn of_the_socket(tests: Vec<Trial>) -> Vec<Trial> {
    let without =
        std::env::var("DOCKER_HOST").is_ok_and(|host| !host.is_empty() && !host.starts_with("unix:"));
    tests.into_iter().map(|test| if without { test.with_ignored_flag(true) } else { test }).collect()
}

fn connect() -> Box<dyn Connection> {
    let address = find().expect("an engine");
    if let Some(path) = socket() {
        return Box::new(UnixStream::connect(path).unwrap());
    }
    let host = address.split("://").nth(1).unwrap();
    Box::new(TcpStream::connect(host).unwrap())
}

/// One request; status and body. HTTP/1.0, so that the answer comes in one piece and ends with the connection.
pub fn request(method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
    let mut connection = connect();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    (status, answer.split_off(split + 4))
}

/// A value that is asked for; null when there is none.
pub fn get(path: &str) -> Value {
    let (status, body) = request("GET", path, "");
    if status == 200 { serde_json::from_slice(&body).unwrap() } else { Value::Null }
}

pub fn has_image(name: &str) -> bool {
    !get(&format!("/images/{name}/json")).is_null()
}

/// Inspects a container; null when there is none.
pub fn container(name: &str) -> Value {
    get(&format!("/containers/{name}/json"))
}

/// Names of all containers with this label (`key` or `key=value`).
pub fn containers(label: &str) -> Vec<String> {
    listed(&format!("&filters=%7B%22label%22%3A%5B%22{}%22%5D%7D", label.replace('=', "%3D")))
}

/// Names of all containers.
pub fn all_containers() -> Vec<String> {
    listed("")
}

fn listed(filter: &str) -> Vec<String> {
    let list = get(&format!("/containers/json?all=1{filter}"));
    let mut names: Vec<String> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| Some(c["Names"][0].as_str()?.trim_start_matches('/').to_owned()))
        .collect();
    names.sort();
    names
}

/// Names of the nodes of a cluster.
pub fn nodes(cluster: &str) -> Vec<String> {
    containers(&format!("io.x-k8s.kind.cluster={cluster}"))
}

/// Names of the networks that clusters use.
pub fn networks() -> Vec<String> {
    let list = get("/networks");
    let names = list.as_array().into_iter().flatten().filter_map(|network| network["Name"].as_str());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("kind")).map(str::to_owned).collect();
    names.sort();
    names
}

/// Names of all volumes.
pub fn volumes() -> Vec<String> {
    let list = get("/volumes");
    list["Volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| Some(v["Name"].as_str()?.to_owned()))
        .collect()
}

/// Names of the volumes of a container.
pub fn volumes_of(name: &str) -> Vec<String> {
    let mounts = container(name);
    let mounts = mounts["Mounts"].as_array().cloned().unwrap_or_default();
    mounts.iter().filter_map(|m| Some(m["Name"].as_str()?.to_owned())).collect()
}

/// Removes a container with its volumes.
pub fn remove(name: &str) {
    request("DELETE", &format!("/containers/{name}?force=1&v=1"), "");
}

/// One file of a container.
pub fn file(name: &str, path: &str) -> Option<Vec<u8>> {
    let (status, body) = request("GET", &format!("/containers/{name}/archive?path={path}"), "");
    if status != 200 {
        return None;
    }
    let mut archive = tar::Archive::new(body.as_slice());
    let mut entry = archive.entries().unwrap().next()?.unwrap();
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    Some(content)
}
