//! `kind stdlib …`, the four places, and an ejected file that changes what happens.

use crate::harness::{Cluster, Home, engine, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "stdlib":
        plain list_names_every_module_and_its_place,
        plain show_prints_the_text_that_eject_writes,
        plain diff_shows_what_was_changed,
        plain nearer_places_win,
        real a_changed_boot_order_and_cni_take_effect_with_nothing_compiled,
    }
}

fn list_names_every_module_and_its_place() {
    let home = Home::new();
    let list = home.kind(&["stdlib", "list", "-o", "json"]).ok().json();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect();
    for name in ["create", "delete", "cni", "node", "kubeadm", "storage", "kubeconfig"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(list.as_array().unwrap().iter().all(|m| m["place"] == "built-in"), "{list}");
    home.kind(&["stdlib", "list"]).ok().stderr("").prints("built-in").prints("How a cluster comes to be");
}

fn show_prints_the_text_that_eject_writes() {
    let home = Home::new();
    let shown = home.kind(&["stdlib", "show", "create"]).ok().stderr("").stdout;
    home.kind(&["stdlib", "eject", "create"]).ok().prints(".kind/stdlib/create.rhai");
    let file = home.work().join(".kind/stdlib/create.rhai");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), shown);
    home.kind(&["stdlib", "eject", "create"]).code(1).stdout("").tells("is there already").tells("--force");
    home.kind(&["stdlib", "show", "creat"]).code(1).stdout("").tells("did you mean \"create\"?");
}

fn diff_shows_what_was_changed() {
    let home = Home::new();
    home.kind(&["stdlib", "diff"]).ok().stdout("");
    home.kind(&["stdlib", "eject", "delete"]).ok();
    home.kind(&["stdlib", "diff"]).ok().stdout("");
    let file = home.work().join(".kind/stdlib/delete.rhai");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("//! How clusters go.", "//! How ours go.", 1)).unwrap();
    home.kind(&["stdlib", "diff"]).ok().prints("-//! How clusters go.\n+//! How ours go.\n");
}

/// `--stdlib`, the project, the user, and last what is compiled in.
fn nearer_places_win() {
    let home = Home::new();
    let ask = ["run", "-e", "import \"std/delete\" as d; print(d::who())"];
    let asked = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(ask);
        home.kind(&all)
    };
    asked(&[]).code(1).tells("who");
    let user = home.root().join("home/.config/kind/stdlib");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(user.join("delete.rhai"), "fn who() { \"user\" }").unwrap();
    asked(&[]).ok().stdout("user\n");
    home.file(".kind/stdlib/delete.rhai", "fn who() { \"project\" }");
    asked(&[]).ok().stdout("project\n");
    home.file("mine/delete.rhai", "fn who() { \"flag\" }");
    asked(&["--stdlib", "mine"]).ok().stdout("flag\n");
}

/// The founding promise: whoever wants another bootstrap edits a script.
fn a_changed_boot_order_and_cni_take_effect_with_nothing_compiled() {
    let c = Cluster::named("eject");
    for name in ["create", "cni"] {
        c.home.kind(&["stdlib", "eject", name]).ok();
    }
    let edit = |name: &str, from: &str, to: &str| {
        let file = c.home.work().join(format!(".kind/stdlib/{name}.rhai"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{name}.rhai has no {from:?} any more");
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    };
    // A step of our own while the nodes are paused, so before systemd: it leaves what ran as process 1 then.
    edit(
        "create",
        "    step(\"boot\",",
        "    step(\"ours\", || parallel(cluster.nodes, |n| n.sh(\"cat /proc/1/comm > /kind/ours\")));\n    step(\"boot\",",
    );
    edit("cni", "\"name\": \"kind\"", "\"name\": \"ours\"");
    let ran = c.create(&["--wait", "5m"]).ok();
    let at =
        |part: &str| ran.stderr.find(part).unwrap_or_else(|| panic!("{part:?} is not in\n{}", ran.stderr));
    assert!(at("Writing configuration") < at("ours") && at("ours") < at("Booting nodes"), "{}", ran.stderr);
    let node = c.node("control-plane");
    assert_eq!(engine::file(&node, "/kind/ours").unwrap(), b"bash\n");
    let config = engine::file(&node, "/etc/cni/net.d/10-kind.conflist").unwrap();
    assert!(String::from_utf8_lossy(&config).contains("\"ours\""));
    c.home.kind(&["stdlib", "diff", "cni"]).ok().prints("+  \"name\": \"ours\",");
}
