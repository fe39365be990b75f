//! A cluster's whole life from a Rust program: made, looked at, used, deleted.
//!
//! `cargo run --example lifecycle -- NAME KUBECONFIG [IMAGE or ARCHIVE]…`

use kind::event::{PlainSink, Style};
use kind::{CreateOptions, Kind};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn main() -> std::process::ExitCode {
    let mut words = std::env::args().skip(1);
    let (Some(name), Some(kubeconfig)) = (words.next(), words.next().map(PathBuf::from)) else {
        let _ = writeln!(std::io::stderr(), "usage: lifecycle NAME KUBECONFIG [IMAGE or ARCHIVE]…");
        return 2.into();
    };
    let images: Vec<String> = words.collect();
    match run(&name, &kubeconfig, &images) {
        Ok(()) => 0.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            1.into()
        }
    }
}

fn run(name: &str, kubeconfig: &Path, images: &[String]) -> kind::Result<()> {
    // what is done is told on standard error; a sink of one's own gets the same events
    let told = PlainSink::new(Box::new(std::io::stderr()), Style { verbosity: 0, color: false });
    let kind = Kind::with_events(vec![Arc::new(told)])?;

    let config = format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: {name}\n");
    kind.create(&config, &CreateOptions { kubeconfig: Some(kubeconfig.into()), ..Default::default() })?;
    let used = load(&kind, name, images).and_then(|()| look(&kind, name, kubeconfig));
    // whatever came of it, nothing is left behind
    kind.delete(name, Some(kubeconfig))?;
    used
}

/// Files are taken for archives, anything else for images of the engine.
fn load(kind: &Kind, name: &str, images: &[String]) -> kind::Result<()> {
    let (archives, images): (Vec<&str>, Vec<&str>) =
        images.iter().map(String::as_str).partition(|image| Path::new(image).is_file());
    if !images.is_empty() {
        kind.load_images(name, &images)?;
    }
    if !archives.is_empty() {
        kind.load_archives(name, &archives)?;
    }
    Ok(())
}

fn look(kind: &Kind, name: &str, kubeconfig: &Path) -> kind::Result<()> {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "clusters: {}", kind.clusters()?.contains(&name.to_owned()));
    for node in kind.nodes(name)? {
        let version = kind.exec(&node.name, &["cat", "/kind/version"])?;
        let _ = writeln!(out, "{} {} {}", node.name, node.role, version.stdout.trim());
    }
    // creating has done so already; this writes the entry again where it was lost
    kind.merge_kubeconfig(name, kubeconfig)?;
    let server = kind.kubeconfig(name, true)?;
    let _ =
        writeln!(out, "{}", server.lines().find(|line| line.contains("server:")).unwrap_or_default().trim());
    Ok(())
}
