//! `kind load` and `kind export logs`.

use crate::harness::{Cluster, Home, podman, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "load":
        plain what_is_missing_is_told,
        real images_and_archives_reach_nodes_once,
        real logs_lie_where_upstream_has_them,
    }
}

fn what_is_missing_is_told() {
    let home = Home::new();
    home.kind(&["load", "docker-image"])
        .code(1)
        .stdout("")
        .tells("error: a list of image names is required\n");
    home.kind(&["load", "image-archive"])
        .code(1)
        .stdout("")
        .tells("error: name of image archive is required\n");
    home.kind(&["load"]).code(1).prints("docker-image").prints("image-archive");
}

fn images_and_archives_reach_nodes_once() {
    let c = Cluster::named("load");
    c.create_with("nodes:\n- role: control-plane\n- role: worker\n", &["--wait", "2m"]).ok();
    let (first, second) = (c.node("control-plane"), c.node("worker"));
    let image = format!("kind-test/load-{}:1", std::process::id());
    let again = image.replace(":1", ":2");
    let code = format!(
        "let n = cluster(\"{}\").control_plane; let config = #{{entrypoint: [\"/bin/busybox\"]}}; \
         image::from_node(\"{image}\", n, #{{\"/bin/busybox\": \"/bin/busybox\"}}, config); \
         image::tag(\"{image}\", \"{again}\"); image::save([\"{image}\"], \"app.tar\"); \
         host::run([\"gzip\", \"-k\", \"app.tar\"]);",
        c.name
    );
    c.home.script(&code).ok();
    let load = |args: &[&str]| {
        let mut all = vec!["load"];
        all.extend(args);
        all.extend(["--name", &c.name]);
        c.home.kind(&all)
    };
    load(&["docker-image", &image, "--nodes", &second])
        .ok()
        .stdout("")
        .tells(&format!("Image: \"{image}\" with ID \"sha256:"))
        .tells(&format!("not yet present on node \"{second}\", loading..."))
        .tells_not(&first);
    load(&["docker-image", &image]).ok().tells(&format!("\"{first}\"")).tells_not(&format!("\"{second}\""));
    load(&["docker-image", &image])
        .ok()
        .tells("found to be already present on all nodes.")
        .tells_not("loading");
    load(&["docker-image", &again]).ok().tells("re-tagging...").tells_not("loading");
    let pod = |name: &str, image: &str, node: &str| {
        crate::cli::create::pod(name, "echo it runs", node, "")
            .replace("docker.io/library/busybox:1.37.0", image)
    };
    c.apply(&pod("one", &image, &first));
    c.apply(&pod("two", &again, &second));
    for name in ["one", "two"] {
        c.wait_for("jsonpath={.status.phase}=Succeeded", &format!("pod/{name}"));
        let used = c.kubectl(&["get", "pod", name, "-o", "jsonpath={.spec.containers[0].image}"]).ok().stdout;
        assert!(used.starts_with("kind-test/load-"), "{used}");
    }
    load(&["image-archive", "app.tar", "app.tar.gz"]).ok().stdout("");
    c.home.file("text.tar", "no archive at all");
    load(&["image-archive", "text.tar"]).code(1).stdout("").tells("cannot load text.tar: ").tells("  hint: ");
    load(&["image-archive", "none.tar"]).code(1).tells("stat none.tar: no such file or directory");
    load(&["docker-image", "none:1"]).code(1).tells("image: \"none:1\" not present locally");
    load(&["docker-image", &image, "--nodes", "none"]).code(1).tells("unknown node: \"none\"").tells(&second);
    c.home
        .kind(&["load", "docker-image", &image, "--name", "none"])
        .code(1)
        .tells("no nodes found for cluster \"none\"");
    c.home.script(&format!("image::remove(\"{image}\"); image::remove(\"{again}\")")).ok();
}

fn logs_lie_where_upstream_has_them() {
    let c = Cluster::named("logs");
    c.create_with("nodes:\n- role: control-plane\n- role: worker\n", &["--wait", "2m"]).ok();
    let (first, second) = (c.node("control-plane"), c.node("worker"));
    let bad = crate::cli::create::pod("bad", "true", "", "")
        .replace("docker.io/library/busybox:1.37.0", "none/none:1");
    c.apply(&bad);
    c.home.script(&format!("cluster(\"{}\").node(\"worker\").stop()", c.name)).ok();
    c.home
        .kind(&["export", "logs", "out", "--name", &c.name])
        .ok()
        .stdout("out\n")
        .tells(&format!("Exporting logs for cluster \"{}\" to:\n", c.name));
    let out = c.home.work().join("out");
    let read = |path: &str| std::fs::read_to_string(out.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert!(read("kind-version.txt").starts_with("kind v"));
    let engine = if podman::is_engine() { "podman" } else { "docker" };
    assert!(read(&format!("{engine}-info.txt")).contains(&format!("name: {engine}")));
    assert!(read(&format!("{first}/kubernetes-version.txt")).starts_with("v1."));
    for (file, part) in [
        ("journal.log", "systemd"),
        ("kubelet.log", "kubelet"),
        ("containerd.log", "containerd"),
        ("images.log", "kube-apiserver"),
        ("serial.log", "systemd"),
        ("inspect.json", "HostConfig"),
    ] {
        let text = read(&format!("{first}/{file}"));
        assert!(text.contains(part), "{file} has no {part}: {}", text.chars().take(300).collect::<String>());
    }
    let containers = std::fs::read_dir(out.join(&first).join("containers")).unwrap();
    let etcd =
        containers.map(|e| e.unwrap().path()).find(|path| path.to_string_lossy().contains("etcd-")).unwrap();
    assert!(std::fs::symlink_metadata(&etcd).unwrap().is_file(), "a link leads to nothing here");
    // a node that does not run has what the engine knows of it
    assert!(read(&format!("{second}/inspect.json")).contains(&second));
    let summary = read("summary.txt");
    assert!(
        summary.starts_with(&format!("The first cause may be: the container of {second} has ended")),
        "{summary}"
    );
    assert!(summary.contains("\n\nWhat is wrong:\n"), "{summary}");
    assert!(
        summary.contains(&format!("- {second} is exited")) && summary.contains("the pod default/bad"),
        "{summary}"
    );
    // without a folder a new one is made, and is all that is printed
    let folder = c.home.kind(&["export", "logs", "--name", &c.name]).ok().stdout;
    assert!(std::path::Path::new(folder.trim()).join("summary.txt").is_file(), "{folder}");
    c.home.kind(&["export", "logs", "--name", "none"]).code(1).stdout("").tells("unknown cluster \"none\"");
}
