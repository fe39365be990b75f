//! Node images from the sources that are far away for some: releases and registries, here served from loopback in the
//! layout of the real ones. Each image is used for a cluster.

mod sources;

use crate::harness::files::Files;
use crate::harness::home::{Ran, run};
use crate::harness::images::Images;
use crate::harness::{Cluster, engine, real, skips_engine, upstream};
use libtest_mimic::Trial;
use std::path::{Path, PathBuf};

pub fn tests() -> Vec<Trial> {
    [
        ("node_image::from_releases", from_releases as fn()),
        ("node_image::from_a_registry", from_a_registry),
        ("node_image::built_again_nothing_is_made", built_again),
        ("node_image::the_default_name_is_upstreams_too", default_name),
        ("node_image::another_architecture", another_architecture),
        ("node_image::from_a_source_tree", sources::source),
        ("node_image::from_archives_by_url_and_of_ci", sources::url_and_ci),
        ("node_image::from_an_archive_on_a_base", sources::file_and_base),
        ("node_image::a_script_without_the_host_builds_one", by_a_script),
    ]
    .into_iter()
    .map(|(name, body)| {
        // what is served is built with Go, unless it was for the node image of the tests
        real(name, body).with_ignored_flag(skips_engine() || !upstream::is_possible())
    })
    .collect()
}

fn file(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).display().to_string()
}

/// An image of a test, removed at its end.
struct Image(String);

impl Image {
    fn named(name: &str) -> Self {
        Self(format!("kind-test/{name}-{}:v1", std::process::id()))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        engine::request("DELETE", &format!("/images/{}?force=1", self.0), "");
    }
}

/// A container of a test, removed at its end.
struct Container(String);

impl Drop for Container {
    fn drop(&mut self) {
        engine::remove(&self.0);
    }
}

/// The cache of all builds on this machine.
fn real_cache(c: &Cluster) -> PathBuf {
    PathBuf::from(&c.home.environment()["XDG_CACHE_HOME"]).join("kind/node-image")
}

/// A cache folder of this home that shares with the real one what begins so.
fn cache(c: &Cluster, shared: &[&str]) -> PathBuf {
    let own = c.home.root().join("cache/kind/node-image");
    std::fs::create_dir_all(&own).unwrap();
    for entry in std::fs::read_dir(real_cache(c)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().display().to_string();
        if shared.iter().any(|part| name.starts_with(part)) {
            std::os::unix::fs::symlink(entry.path(), own.join(name)).unwrap();
        }
    }
    c.home.root().join("cache")
}

fn build(c: &Cluster, cache: &Path, args: &[&str]) -> Ran {
    let mut all = vec!["build", "node-image"];
    all.extend(args);
    let mut command = c.home.command(&all);
    command.env("XDG_CACHE_HOME", cache);
    run(command, "").ok()
}

/// Makes a cluster of an image and lets it do something.
fn serves(c: &Cluster, image: &Image) {
    // a digest is not for people
    let shown = image.0.split('@').next().unwrap();
    let title = format!("Ensuring node image ({shown}) 🖼");
    c.create(&["--image", &image.0, "--wait", "5m"]).ok().tells(&title);
    let node = c.node("control-plane");
    assert_eq!(engine::container(&node)["Config"]["Image"], image.0.as_str());
    c.wait_for("condition=Ready", &format!("node/{node}"));
    c.apply(&crate::cli::create::pod("probe", "echo it runs", "", ""));
    c.wait_for("jsonpath={.status.phase}=Succeeded", "pod/probe");
    c.kubectl(&["logs", "probe"]).ok().stdout("it runs\n");
    c.delete().ok();
}

fn from_releases() {
    let (c, image) = (Cluster::named("release"), Image::named("release"));
    let mirror = c.home.root().join("mirror");
    let script = file("tests/node_image/release_mirror.rhai");
    c.home.kind(&["run", "--allow-host", &script, &mirror.display().to_string()]).ok();
    let server = Files::serve(&mirror);
    // what no release has: Debian, and two parts that are always built
    let cache = cache(&c, &["debian-", "base-", "pause-", "network-", "go-flannel-cni-", "go-local-path-"]);
    let built = build(&c, &cache, &[server.address(), "--image", &image.0]);
    built.tells("binaries from release").tells(&format!("Image \"{}\" build completed.", image.0));

    let asked = server.asked();
    for part in
        ["/bin/linux/", "containerd-", "runc.", "cni-plugins-", "etcd-v", "coredns_", "flanneld-", "crictl-v"]
    {
        assert!(asked.iter().any(|path| path.contains(part)), "{part} was not asked for: {asked:?}");
    }
    serves(&c, &image);
}

fn from_a_registry() {
    let (c, image) = (Cluster::named("registry"), Image::named("registry"));
    let registry = Container(format!("{}-registry", c.name));
    let script = file("tests/node_image/registry_mirror.rhai");
    let folder = file("scripts");
    // its modules of scenarios are found beside a script
    let copy = c.home.file("registry_mirror.rhai", &std::fs::read_to_string(script).unwrap());
    std::os::unix::fs::symlink(Path::new(&folder).join("lab"), c.home.work().join("lab")).unwrap();
    let ran = c.home.kind(&["run", "--allow-host", &copy.display().to_string(), &registry.0]).ok();
    let address = ran.stdout.trim();
    let _pulled = Images(vec![format!("{address}/")]);

    let cache = cache(&c, &["debian-", "go-", "crictl-", "network-"]);
    let args = ["--source", "registry", address, "--image", &image.0];
    build(&c, &cache, &args)
        .tells("base from registry")
        .tells("pod images registry")
        .tells_not("cannot be pulled");
    serves(&c, &by_digest(&c, &image, address));
}

/// Pushes an image to a registry and removes it: what is left is its name there, with its digest.
fn by_digest(c: &Cluster, image: &Image, registry: &str) -> Image {
    let there = Image(format!("{registry}/node:v1"));
    c.home.script(&format!("image::tag(\"{}\", \"{1}\"); image::push(\"{1}\")", image.0, there.0)).ok();
    let digests = engine::get(&format!("/images/{}/json", there.0))["RepoDigests"].clone();
    let digests: Vec<&str> = digests.as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    let (_, digest) =
        digests.iter().find(|name| name.starts_with(registry)).unwrap().split_once('@').unwrap();
    c.home.script(&format!("image::remove(\"{}\"); image::remove(\"{}\")", image.0, there.0)).ok();
    let named = Image(format!("{}@{digest}", there.0));
    let script = format!("image::inspect(\"{}\") == ()", named.0);
    assert_eq!(c.home.script(&script).ok().stdout, "true\n", "{} is gone", named.0);
    named
}

/// A second build with nothing new is a look at what there is.
fn built_again() {
    let c = Cluster::named("again");
    let image = Image::named("again");
    let first = c.home.kind(&["build", "node-image", "--source", "modules", "--image", &image.0]).ok();
    first.tells("build completed");
    let again = c.home.kind(&["build", "node-image", "--source", "modules", "--image", &image.0]).ok();
    eprintln!("tests: a node image with nothing new took {:?}", again.took);
    again.tells("is up to date").tells_not("build completed");
}

/// Whoever runs the quickstart on a new machine has not given it the host: what is built from compilers, headers and Go's
/// modules is built all the same.
fn by_a_script() {
    let (c, image) = (Cluster::named("scripted"), Image::named("scripted"));
    let real = real_cache(&c);
    // links to the files themselves, since those to folders lead out of what the script may touch
    let cache = tempfile::Builder::new().prefix("kind-test-").tempdir_in(real.parent().unwrap()).unwrap();
    let own = cache.path().join("kind/node-image");
    std::fs::create_dir_all(&own).unwrap();
    let made_again = ["go-cni-", "go-runc-", "pause-", "pod-pause-", "network-"];
    for entry in std::fs::read_dir(&real).unwrap().map(Result::unwrap) {
        if !made_again.iter().any(|part| entry.file_name().display().to_string().starts_with(part)) {
            let linked = std::process::Command::new("cp").arg("-al").arg(entry.path()).arg(&own).status();
            assert!(linked.unwrap().success(), "{}", entry.path().display());
        }
    }
    let code = format!(
        "import \"std/node_image\" as images; print(images::build(#{{source: \"modules\", image: \"{}\"}}))",
        image.0
    );
    let mut command = c.home.command(&["run", "-e", &code]);
    command.env("XDG_CACHE_HOME", cache.path());
    let built = run(command, "").ok();
    built
        .prints(&format!("{}\n", image.0))
        .tells("building cni")
        .tells("building runc")
        .tells("build completed");
    serves(&c, &image);
}

/// Scripts written for upstream go on with the name that a build has there.
fn default_name() {
    let c = Cluster::named("latest");
    c.home.kind(&["build", "node-image"]).ok().stdout("");
    assert!(engine::has_image("kindest/node:latest"));
    let id = |name: &str| engine::get(&format!("/images/{name}/json"))["Id"].clone();
    assert_eq!(id("kindest/node:latest"), id(crate::harness::IMAGE));
    c.home
        .kind(&["build", "node-image", "--arch", "s390x"])
        .code(1)
        .stdout("")
        .tells("error building node image: there are no node images for s390x");
    let none = ["build", "node-image", "--type", "file", "none.tar.gz"];
    c.home.kind(&none).code(1).stdout("").tells("error building node image").tells("there is no none.tar.gz");
}

/// What tells the kernel who runs programs of another architecture. What a test has told it is taken back.
struct Emulation {
    handler: PathBuf,
    was_there: bool,
    was_mounted: bool,
}

impl Emulation {
    fn of(cpu: &str) -> Self {
        let folder = Path::new("/proc/sys/fs/binfmt_misc");
        let handler = folder.join(format!("qemu-{cpu}"));
        Self { was_there: handler.exists(), was_mounted: folder.join("register").exists(), handler }
    }
}

impl Drop for Emulation {
    fn drop(&mut self) {
        if !self.was_there && self.handler.exists() {
            std::fs::write(&self.handler, "-1").unwrap();
        }
        if !self.was_mounted {
            let _ = std::process::Command::new("umount").arg(self.handler.parent().unwrap()).status();
        }
    }
}

/// What is the other architecture's besides Go's: the rest takes three quarters of an hour, and docs/node-image.md has the
/// last whole build.
fn another_architecture() {
    let (arch, cpu) = if cfg!(target_arch = "aarch64") { ("amd64", "x86_64") } else { ("arm64", "aarch64") };
    let c = Cluster::named("foreign");
    let _emulation = Emulation::of(cpu);
    let (container, image) = (Container(c.name.clone()), Image(format!("kind-test/{}:v1", c.name)));
    let script = file("tests/node_image/other_architecture.rhai");
    let ran = c.home.kind(&["run", "--allow-host", &script, arch, &container.0]).ok();
    ran.prints(&format!("pause of a kind node\n\nin a container of {arch}: pause of a kind node\n"));
    assert!(!engine::has_image(&image.0));
}
