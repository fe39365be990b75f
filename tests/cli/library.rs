//! The library from a program's side: examples/lifecycle.rs, built and run.

use crate::harness::home::run;
use crate::harness::images::Images;
use crate::harness::{Cluster, engine, trials};
use libtest_mimic::Trial;
use std::path::PathBuf;
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    trials! { "library":
        real the_example_makes_uses_and_deletes_a_cluster,
    }
}

/// The example's program. A whole `cargo test` has built it; a run of this test alone builds it now.
fn example() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_kind")).parent().unwrap().join("examples/lifecycle");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--example", "lifecycle"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program
}

fn the_example_makes_uses_and_deletes_a_cluster() {
    let c = Cluster::named("library");
    let kubeconfig = c.home.kubeconfig().display().to_string();
    let node = c.node("control-plane");
    // of two images one comes from the engine, and one from an archive
    let (image, packed) = (format!("{}:1", c.name), format!("{}-packed:1", c.name));
    let pack = |name: &str, file: &str| {
        format!("image::pack(#{{reference: \"{name}\", folders: [\"/x\"]}}, \"{file}\");")
    };
    let code = format!("{} {} image::load(\"a.tar\");", pack(&image, "a.tar"), pack(&packed, "packed.tar"));
    c.home.script(&code).ok();
    let _images = Images(vec![image.clone()]);
    run(c.home.program(example(), &[&c.name, &kubeconfig, &image, "packed.tar"]), "")
        .ok()
        .tells("Loading 1 image into 1 node")
        .tells("Loading 1 archive into 1 node")
        .tells("Set kubectl context to")
        .stdout(&format!("clusters: true\n{node} control-plane v1.37.2\nserver: https://{node}:6443\n"))
        .tells("Starting control-plane")
        .tells(&format!("Deleted nodes: [\"{node}\"]"));
    assert_eq!(engine::nodes(&c.name), [""; 0]);
    assert!(!c.home.kubeconfig_value().to_string().contains(&c.name));
    // a failure comes as an error with its code, not as a panic
    let kind = kind::Kind::new().unwrap();
    let error = kind.kubeconfig("nobody", false).unwrap_err();
    assert_eq!(error.code(), "cluster.not_found");
    assert_eq!(kind.nodes("nobody").unwrap(), []);
    assert_eq!(kind.create("kind: Cluster\n", &kind::CreateOptions::default()).unwrap_err().exit_code(), 1);
}
