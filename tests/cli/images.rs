//! Images on their way into nodes: layer by layer, in every layout, into node images; and what is there afterwards.

use crate::harness::home::run;
use crate::harness::images::Images;
use crate::harness::{Cluster, engine, trials, upstream};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Write;

pub fn tests() -> Vec<Trial> {
    trials! { "images":
        real a_layer_is_sent_once,
        real archives_of_every_layout_reach_nodes,
        real baked_in_images_are_there_at_boot,
        real images_of_the_config_are_there_at_boot,
    }
}

/// The name of an image of this run.
fn name(what: &str) -> String {
    format!("kind-test/{what}-{}:1", std::process::id())
}

/// A script that makes `big`, an image with a large layer (kubectl) and a shell, and `top`, the same with one small file
/// more.
fn make(node: &str, big: &str, top: &str) -> String {
    format!(
        "let n = engine::container(\"{node}\");
         image::from_node(\"{big}\", n, #{{\"/bin/busybox\": \"/bin/busybox\", \"/bin/kubectl\": \"/usr/bin/kubectl\"}}, #{{entrypoint: [\"/bin/busybox\"]}});
         let name = \"{node}-layer\";
         engine::container(name).remove();
         let c = engine::create(#{{name: name, image: \"{big}\"}});
         always(|| {{ c.write(\"/etc/small\", \"small\", 0o644); c.commit(\"{top}\", []); }}, || c.remove());"
    )
}

fn pod(name: &str, image: &str, command: &str, node: &str) -> String {
    super::create::pod(name, command, node, "").replace("docker.io/library/busybox:1.37.0", image)
}

/// The megabytes that a load says it has sent, and those of the images.
fn sent(stderr: &str) -> (u64, u64) {
    let line = stderr.lines().find(|line| line.contains("were sent")).unwrap_or_else(|| panic!("{stderr}"));
    let words: Vec<&str> = line.split_whitespace().collect();
    let bytes = |at: usize| {
        let number: u64 = words[at].parse().unwrap_or_else(|_| panic!("{line}"));
        number * if words[at + 1].starts_with("MB") { 1_000_000 } else { 1000 }
    };
    (bytes(0), bytes(3))
}

fn a_layer_is_sent_once() {
    let c = Cluster::named("layers");
    c.create_with("nodes:\n- role: control-plane\n- role: worker\n", &["--wait", "2m"]).ok();
    let (first, second) = (c.node("control-plane"), c.node("worker"));
    let (big, top) = (name("big"), name("top"));
    let _images = Images(vec![big.clone(), top.clone()]);
    c.home.script(&make(&first, &big, &top)).ok();
    let load = |args: &[&str]| {
        let mut all = vec!["load", "docker-image"];
        all.extend(args);
        all.extend(["--name", &c.name]);
        c.home.kind(&all).ok()
    };
    load(&[&big, "--nodes", &first]).tells_not("were sent");
    // only the layer that is new goes to the first node
    let ran = load(&[&top, "--nodes", &first]);
    let (moved, whole) = sent(&ran.stderr);
    eprintln!(
        "tests: {moved} of {whole} bytes were sent for a small layer on a large one, in {:?}",
        ran.took
    );
    assert!(whole > 40_000_000 && moved * 100 < whole, "{moved} of {whole}");
    // with two nodes, the other one gets all of it
    load(&[&top, &big]).tells(&second);
    // the runtime's blobs may go once a layer is unpacked: it is not sent for another image either
    c.home
        .script(&format!(
            "cluster(\"{}\").node(\"{second}\").sh(\"crictl rmi {top} {big}; ctr -n k8s.io content prune references\")",
            c.name
        ))
        .ok();
    load(&[&big]).tells(&format!("not yet present on node \"{second}\""));
    load(&[&top]);
    // it survives a restart of the runtime, and what was put together runs on both
    c.home
        .script(&format!(
            "parallel(cluster(\"{}\").nodes, |n| {{ n.exec(\"systemctl\", \"restart\", \"containerd\"); }})",
            c.name
        ))
        .ok();
    c.apply(&pod("one", &top, "cat /etc/small; ls -l /bin/kubectl", &first));
    c.apply(&pod("two", &top, "cat /etc/small", &second));
    for (pod, part) in [("one", "/bin/kubectl"), ("two", "small")] {
        c.wait_for("jsonpath={.status.phase}=Succeeded", &format!("pod/{pod}"));
        c.kubectl(&["logs", pod]).ok().prints("small").prints(part);
    }
    listed(&c, &top);
}

fn listed(c: &Cluster, image: &str) {
    let full = format!("docker.io/{image}");
    let get = |args: &[&str]| {
        let mut all = vec!["get", "images", "--name", &c.name];
        all.extend(args);
        c.home.kind(&all).ok().stderr("")
    };
    let text = get(&[]).stdout;
    assert!(text.starts_with("IMAGE "), "{text}");
    let row = text.lines().find(|line| line.starts_with(&full)).unwrap_or_else(|| panic!("{text}"));
    assert!(row.ends_with("2/2"), "{row}");
    assert!(get(&["-o", "name"]).stdout.lines().any(|line| line == full));
    assert!(get(&["-o", "wide"]).stdout.contains(&format!(
        "{},{}",
        c.node("control-plane"),
        c.node("worker")
    )));
    for form in ["json", "yaml"] {
        let ran = get(&["-o", form]);
        let images = if form == "json" { ran.json() } else { ran.yaml() };
        let found = images.as_array().unwrap().iter().find(|image| image["tags"] == json!([full])).unwrap();
        assert_eq!(found["nodes"], json!([c.node("control-plane"), c.node("worker")]));
        assert!(
            found["id"].as_str().unwrap().starts_with("sha256:") && found["size"].as_u64().unwrap() > 1000
        );
    }
    c.home
        .kind(&["get", "images", "--name", "nobody"])
        .ok()
        .stdout("")
        .stderr("No kind nodes found for cluster \"nobody\".\n");
    c.home.kind(&["get", "images", "--name", "nobody", "-o", "json"]).ok().stdout("[]\n").stderr("");
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

/// An archive in OCI's layout whose index names images of two architectures. Of the one that is not this machine's only
/// the manifest is there: that is what a pull for one platform leaves behind.
fn two_platforms(reference: &str, busybox: &[u8]) -> Vec<u8> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut put = |content: Vec<u8>, kept: bool| -> Value {
        let hex = digest(&content);
        let descriptor = json!({"digest": format!("sha256:{hex}"), "size": content.len()});
        if kept {
            files.push((format!("blobs/sha256/{hex}"), content));
        }
        descriptor
    };
    let with = |mut descriptor: Value, kind: &str| {
        descriptor["mediaType"] = json!(format!("application/vnd.oci.image.{kind}"));
        descriptor
    };
    let (here, other) = match std::env::consts::ARCH {
        "aarch64" => ("arm64", "amd64"),
        _ => ("amd64", "arm64"),
    };
    let mut manifests = Vec::new();
    for (arch, kept) in [(other, false), (here, true)] {
        let layer =
            tar_of(&[("bin/busybox".to_owned(), busybox.to_vec()), (format!("etc/{arch}"), vec![b'x'])]);
        let config = json!({"architecture": arch, "os": "linux", "config": {"Entrypoint": ["/bin/busybox"]},
                            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", digest(&layer))]}});
        let layer = with(put(gzip(&layer), kept), "layer.v1.tar+gzip");
        let config = with(put(config.to_string().into_bytes(), kept), "config.v1+json");
        let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                              "config": config, "layers": [layer]});
        let mut manifest = with(put(manifest.to_string().into_bytes(), true), "manifest.v1+json");
        manifest["platform"] = json!({"architecture": arch, "os": "linux"});
        manifests.push(manifest);
    }
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                       "manifests": manifests});
    let mut index = with(put(index.to_string().into_bytes(), true), "index.v1+json");
    index["annotations"] = json!({"io.containerd.image.name": format!("docker.io/{reference}")});
    files.push((
        "index.json".to_owned(),
        json!({"schemaVersion": 2, "manifests": [index]}).to_string().into_bytes(),
    ));
    files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    tar_of(&files)
}

fn archives_of_every_layout_reach_nodes() {
    let c = Cluster::named("layouts");
    c.create_with("nodes:\n- role: control-plane\n- role: worker\n", &["--wait", "2m"]).ok();
    let (first, second) = (c.node("control-plane"), c.node("worker"));
    let busybox = engine::file(&first, "/bin/busybox").expect("the node has busybox");
    let work = c.home.work();
    let load = |file: &str, node: &str| {
        let mut args = vec!["load", "image-archive", file, "--name", &c.name];
        if !node.is_empty() {
            args.extend(["--nodes", node]);
        }
        c.home.kind(&args).ok().stdout("")
    };

    // docker's layout, packed without an engine: plain, with gzip, with zstd
    std::fs::write(work.join("busybox"), &busybox).unwrap();
    let docker = name("docker");
    let spec = |reference: &str| {
        format!(
            "image::pack(#{{reference: \"{reference}\", files: [#{{from: \"busybox\", to: \"/bin/busybox\", mode: 0o755}}], \
             config: #{{entrypoint: [\"/bin/busybox\"]}}}}, \"docker.tar\");"
        )
    };
    c.home.script(&spec(&docker)).ok();
    let plain = std::fs::read(work.join("docker.tar")).unwrap();
    std::fs::write(work.join("docker.tar.gz"), gzip(&plain)).unwrap();
    let zstd =
        ruzstd::encoding::compress_to_vec(plain.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    std::fs::write(work.join("docker.tar.zst"), zstd).unwrap();
    load("docker.tar.gz", &first).tells_not("were sent");
    let (moved, whole) = sent(&load("docker.tar.zst", &first).stderr);
    assert!(moved * 10 < whole, "{moved} of {whole}");
    load("docker.tar", "");
    // another name for the same layer: all of it but the layer is sent
    let other = name("other");
    c.home.script(&spec(&other)).ok();
    sent(&load("docker.tar", "").stderr);

    // images of several platforms
    let platforms = name("platforms");
    std::fs::write(work.join("platforms.tar"), two_platforms(&platforms, &busybox)).unwrap();
    if upstream::is_possible() && super::upstream::docker_is_there() {
        let args = ["load", "image-archive", "platforms.tar", "--name", &c.name, "--nodes", &first];
        let mut command = c.home.program(upstream::path().unwrap(), &args);
        command.env("DOCKER_HOST", engine::find().unwrap());
        run(command, "").code(1).tells("not found");
    }
    load("platforms.tar", "");
    load("platforms.tar", &second);

    for (pod_name, image, node) in [
        ("docker", &docker, &second),
        ("other", &other, &first),
        ("platforms", &platforms, &first),
        ("again", &platforms, &second),
    ] {
        c.apply(&pod(pod_name, image, "echo it runs", node));
        c.wait_for("jsonpath={.status.phase}=Succeeded", &format!("pod/{pod_name}"));
    }
    // what is no archive is told with the file's name, and leaves the node as it was
    c.home.file("cut.tar", &String::from_utf8_lossy(&plain[..2000]));
    c.home.kind(&["load", "image-archive", "cut.tar", "--name", &c.name]).code(1).stdout("").tells("cut.tar");
}

fn baked_in_images_are_there_at_boot() {
    let (big, top, hides, node_image) =
        (name("baked"), name("baked-top"), name("baked-hides"), name("baked-node"));
    let _images = Images(vec![big.clone(), top.clone(), hides.clone(), node_image.clone()]);
    let c = Cluster::named("baked");
    let maker = format!("{}-maker", c.name);
    // the last one has a file of a lower layer no more
    c.home
        .script(&format!(
            "let maker = engine::create(#{{name: \"{maker}\", image: \"{}\"}});
             always(|| {{ {} }}, || maker.remove());
             let c = engine::run(#{{name: \"{maker}\", image: \"{top}\", command: [\"rm\", \"/bin/kubectl\"]}});
             always(|| {{ eventually(30, || c.state == \"exited\"); c.commit(\"{hides}\", []); }}, || c.remove());",
            crate::harness::IMAGE,
            make(&maker, &big, &top),
        ))
        .ok();
    c.home
        .kind(&["build", "add-image", &top, &hides, "--image", &node_image])
        .ok()
        .stdout("")
        .tells(&format!("{hides} is made one layer"))
        .tells_not(&format!("{top} is made one layer"))
        .tells("build completed.");
    c.create(&["--image", &node_image, "--wait", "2m"]).ok();
    let load = c.home.kind(&["load", "docker-image", &top, "--name", &c.name]).ok();
    load.tells("found to be already present on all nodes.");
    c.apply(&pod("probe", &top, "cat /etc/small; test -e /bin/kubectl", ""));
    c.apply(&pod("hides", &hides, "cat /etc/small; test ! -e /bin/kubectl", ""));
    for pod in ["probe", "hides"] {
        c.wait_for("jsonpath={.status.phase}=Succeeded", &format!("pod/{pod}"));
        c.kubectl(&["logs", pod]).ok().stdout("small");
    }
    c.home
        .kind(&["build", "add-image", "none:1", "--image", &node_image])
        .code(1)
        .tells("image: \"none:1\" not present locally");
    c.home.kind(&["build", "add-image"]).code(1).tells("IMAGE");
}

/// `preload` of the config and `KIND_PRELOAD`: an image of the engine and an archive, on every node, for pods that pull
/// nothing.
fn images_of_the_config_are_there_at_boot() {
    let (mine, packed) = (name("preload"), name("preload-packed"));
    let _images = Images(vec![mine.clone()]);
    let c = Cluster::named("preload");
    let pack = |reference: &str, file: &str| {
        format!(
            "image::pack(#{{reference: \"{reference}\", \
             config: #{{entrypoint: [\"/bin/busybox\"]}}, files: [#{{from: \"busybox\", to: \"/bin/busybox\", mode: 0o755}}]}}, \"{file}\");"
        )
    };
    c.home
        .script(&format!(
            "let box = engine::create(#{{name: \"{}-box\", image: \"{}\"}});
             always(|| box.download(\"/bin/busybox\", \".\"), || box.remove());
             {} {} image::load(\"mine.tar\");",
            c.name,
            crate::harness::IMAGE,
            pack(&mine, "mine.tar"),
            pack(&packed, "packed.tar"),
        ))
        .ok();
    let config = format!(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\npreload: [\"{mine}\"]\nnodes:\n- role: control-plane\n- role: worker\n"
    );
    let mut create =
        c.home.command(&["create", "cluster", "--name", &c.name, "--wait", "2m", "--config", "-"]);
    create.env("KIND_PRELOAD", "packed.tar,");
    run(create, &config).ok();
    for (number, image) in [&mine, &packed].into_iter().enumerate() {
        for role in ["control-plane", "worker"] {
            let pod_name = format!("{role}{number}");
            c.apply(&pod(&pod_name, image, "echo it was there", &c.node(role)));
            c.wait_for("jsonpath={.status.phase}=Succeeded", &format!("pod/{pod_name}"));
            c.kubectl(&["logs", &pod_name]).ok().stdout("it was there\n");
        }
    }
    // what cannot be had is told before any node is made
    c.delete().ok();
    let ran = c.create_with("preload: [\"kind-test/none:1\"]\n", &[]);
    ran.code(1).tells("image: \"kind-test/none:1\" not present locally").tells_not("Creating cluster");
    c.home.kind(&["get", "nodes", "--name", &c.name]).ok().stdout("");
}
