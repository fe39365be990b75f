//! `kind stdlib …`, the four places, and an ejected file that changes what happens.

use crate::harness::{Cluster, Home, engine, trials};
use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    trials! { "stdlib":
        plain list_names_every_module_and_its_place,
        plain show_prints_the_text_that_eject_writes,
        plain diff_shows_what_was_changed,
        plain nearer_places_win,
        plain a_script_of_an_earlier_contract_is_told_what_changed,
        plain a_shared_folder_says_what_it_is_and_what_it_is_for,
        plain an_archive_is_read_and_never_written,
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
    let table = home.kind(&["stdlib", "list"]).ok().stderr("").prints("built-in");
    let table = table.prints("How a cluster comes to be").stdout;
    home.kind(&["stdlib", "list", "-o", "wide"]).ok().stdout(&table);
    home.kind(&["stdlib", "list", "-o", "name"]).ok().stdout(&(names.join("\n") + "\n"));
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
    let asked = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(WHO);
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

fn a_script_of_an_earlier_contract_is_told_what_changed() {
    let home = Home::new();
    home.kind(&["stdlib", "eject", "create"]).ok();
    let run = ["run", "-e", "import \"std/create\" as c; print(1)"];
    home.kind(&run).ok().stdout("1\n").tells_not("ontract");
    let file = home.work().join(".kind/stdlib/create.rhai");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("//! Contract: ")).unwrap().to_owned();
    std::fs::write(&file, text.replacen(&line, "//! Contract: 1", 1)).unwrap();
    let now = line.rsplit(' ').next().unwrap();
    let warned = home.kind(&run).ok().stdout("1\n").stderr;
    let wanted = format!(
        "/.kind/stdlib/create.rhai was written for contract 1 of std/create, which is at {now}\n  hint: since 2: hooks \
         have come"
    );
    assert!(warned.contains(&wanted), "{warned}");
    assert_eq!(warned.matches("contract 1").count(), 1, "{warned}");
    home.kind(&["stdlib", "diff", "create"])
        .ok()
        .prints(&format!("-{line}\n+//! Contract: 1\n"))
        .tells(&wanted);
}

const WHO: [&str; 3] = ["run", "-e", "import \"std/delete\" as d; print(d::who())"];

fn a_shared_folder_says_what_it_is_and_what_it_is_for() {
    let home = Home::new();
    let with = |args: &[&str]| {
        let mut all = args.to_vec();
        all.extend(["--stdlib", "team"]);
        home.kind(&all)
    };
    with(&WHO).code(1).stdout("").tells("cannot read team").tells("a folder with scripts, or a tar archive");
    // as in a checkout of a project
    home.file("team/.kind/stdlib/delete.rhai", "fn who() { \"team\" }");
    with(&WHO).ok().stdout("team\n");
    let manifest = |text: &str| home.file("team/.kind/stdlib/manifest.toml", text);
    manifest("name = \"team\"\nversion = \"1.4.0\"\nkind = \">=0.1\"\n");
    with(&WHO).ok().stdout("team\n");
    with(&["stdlib", "list"]).ok().tells("team 1.4.0 is in team/.kind/stdlib");
    manifest("name = \"team\"\nversion = \"1.4.0\"\nkind = \">=7\"\n");
    with(&WHO)
        .code(1)
        .stdout("")
        .tells("team 1.4.0 is for kind >=7, and this is ")
        .tells("manifest.toml has the");
    manifest("name = \"team\"\nverzion = \"1.4.0\"\n");
    with(&WHO).code(1).stdout("").tells("manifest.toml is no manifest: ").tells("verzion");
    // a project's own is looked at too
    home.file(".kind/stdlib/manifest.toml", "name = \"here\"\nversion = \"1.0.0\"\nkind = \"<0.0.1\"\n");
    home.kind(&WHO).code(1).stdout("").tells("here 1.0.0 is for kind <0.0.1");
}

fn an_archive_is_read_and_never_written() {
    let home = Home::new();
    home.file("team-1.0/stdlib/delete.rhai", "fn who() { \"archive\" }");
    home.file("team-1.0/stdlib/manifest.toml", "name = \"team\"\nversion = \"1.0.0\"\n");
    home.file("team-1.0/README.md", "not for us");
    for (name, flags) in [("team.tar", "-cf"), ("team.tar.gz", "-czf")] {
        super::super::harness::home::run(home.program("tar", &[flags, name, "team-1.0"]), "").ok();
        let with = |args: &[&str]| {
            let mut all = args.to_vec();
            all.extend(["--stdlib", name]);
            home.kind(&all)
        };
        for _ in 0..2 {
            with(&WHO).ok().stdout("archive\n");
        }
        with(&["stdlib", "list"]).ok().tells("team 1.0.0 is in ");
        with(&["stdlib", "eject", "cni"]).code(1).stdout("").tells("is an archive").tells("unpack it");
    }
    home.file("text.tar", "no archive");
    home.kind(&["--stdlib", "text.tar", "stdlib", "list"]).code(1).tells("text.tar is no archive of scripts");
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
