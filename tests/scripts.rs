//! The example of every function of the script API runs.

use crate::harness::{Cluster, real};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    vec![real("scripts::every_example_runs", every_example_runs)]
}

/// What examples use besides `c`, `n` and a few files in the working directory.
const CONFIG: &str = "nodes:\n- role: control-plane\n  extraPortMappings:\n  - {containerPort: 30080, hostPort: 0, \
                      listenAddress: 127.0.0.1}\n";
const WEB: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  type: NodePort\n  \
                   selector: {app: web}\n  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]\n";
/// Makes the files and images that examples name.
const FILES: &str = r#"
    host::make_dir("dir"); host::write("dir/x", "x");
    host::run(["tar", "-cf", "root.tar", "-C", "dir", "."]);
    image::pack(#{reference: "kind-example/a:1", root: "dir"}, "a.tar");
    image::pack(#{reference: "kind-example/app:1", root: "dir"}, "app.tar");
    image::load("a.tar"); image::load("app.tar");
    n.write("/kind/bin/busybox", "x");
"#;
/// Images that examples make.
const IMAGES: &str = r#"for name in ["a", "b", "app", "web", "base", "image"] { image::remove(`kind-example/${name}:1`); }
    for name in ["", "-dir", "-config", ".lock"] { host::remove("/tmp/kind-example" + name); } host::remove("/tmp/kind-l");"#;

/// Every example runs, on a cluster of its own, since some of them stop or remove what they are given.
fn every_example_runs() {
    let cluster = Cluster::named("examples");
    cluster.create_with(CONFIG, &["--wait", "5m"]).ok();
    let serve = "echo hello > /index.html; exec busybox httpd -f -p 8080 -h /";
    cluster.apply(&(crate::cli::create::pod("web", serve, "", "") + WEB));
    cluster.wait_for("condition=Ready", "pod/web");
    let bound = format!("let c = cluster::find(\"{}\"); let n = c.nodes[0];\n", cluster.name);
    cluster.home.script(&format!("{bound}{FILES}")).ok();

    // What takes the node away comes last.
    let ends = |name: &str| ["node.remove", "node.stop", "node.restart", "node.freeze"].contains(&name);
    let mut records: Vec<_> = kind::script::records().collect();
    records.sort_by_key(|record| match record.qualified().as_str() {
        "node.remove" => 3,
        name if ends(name) => 2,
        "cluster.delete" => 1,
        _ => 0,
    });
    let mut failed = Vec::new();
    for record in records {
        let name = record.qualified();
        let example = record.example.replace("\"kind\"", &format!("\"{}\"", cluster.name));
        let before = if name == "node.thaw" { "n.freeze();" } else { "" };
        let ran = cluster.home.script(&format!("{bound}{before}{example}"));
        // A node that has booted refuses the boot signal, as it should.
        let expected = name == "node.signal" && ran.stderr.contains("has booted");
        if ran.code != 0 && !expected {
            failed.push(format!("{name}: {}\n{}", record.example, ran.stderr));
        }
        match name.as_str() {
            "node.freeze" => cluster.home.script(&format!("{bound}n.thaw()")).ok(),
            "node.stop" => cluster.home.script(&format!("{bound}n.start()")).ok(),
            _ => continue,
        };
    }
    cluster.home.script(IMAGES).ok();
    assert!(failed.is_empty(), "{} examples do not run:\n{}", failed.len(), failed.join("\n"));
}
