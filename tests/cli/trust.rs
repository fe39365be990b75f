//! What a script that was not given the host cannot do, tried by scripts that mean no good.

use crate::harness::{Home, trials};
use libtest_mimic::Trial;
use std::time::{Duration, Instant};

pub fn tests() -> Vec<Trial> {
    trials! { "trust":
        plain the_host_beyond_the_scripts_folder_is_closed,
        plain a_script_may_use_its_own_folder,
        plain endless_and_greedy_scripts_are_ended,
        real what_the_library_is_asked_for_stays_within_the_same_bounds,
        real a_nodes_archive_cannot_write_elsewhere,
        real endless_output_of_a_command_is_cut_off,
    }
}

fn refused(home: &Home, code: &str) {
    home.kind(&["run", "-e", code]).code(1).stdout("").tells("--allow-host");
}

fn the_host_beyond_the_scripts_folder_is_closed() {
    let home = Home::new();
    std::os::unix::fs::symlink("/etc", home.work().join("link")).unwrap();
    for code in [
        "host::run([\"id\"])",
        "print(host::read(\"/etc/hostname\"))",
        "print(host::read(\"link/hostname\"))",
        "print(host::read(\"x/../../../../../../etc/hostname\"))",
        "host::write(\"/tmp/kind-trust\", \"\")",
        "host::copy(\"/etc/hostname\", \"mine\")",
        "host::link(\"/etc\", \"../out\")",
        "host::remove(\"..\")",
        "host::fetch(\"http://127.0.0.1:1/\")",
        "host::download(\"http://127.0.0.1:1/\", \"file\")",
        "engine::connect(\"unix:///none.sock\")",
        "kubeconfig::write(\"a: 1\", \"/tmp/kind-trust\")",
        "cluster::load(\"/etc/hostname\")",
        "image::load(\"/etc/hostname\")",
        "import \"std/host_packages\" as h; h::install_packages([\"sl\"])",
    ] {
        refused(&home, code);
    }
    assert!(!std::path::Path::new("/tmp/kind-trust").exists());
}

fn what_the_library_is_asked_for_stays_within_the_same_bounds() {
    let home = Home::new();
    refused(
        &home,
        "engine::create(#{name: \"kt-trust\", image: \"x\", mounts: [#{source: \"/etc\", target: \"/h\"}]})",
    );
    let mount = "#{role: \"control-plane\", extraMounts: [#{hostPath: \"/etc\", containerPath: \"/h\"}]}";
    refused(
        &home,
        &format!("import \"std/create\" as c; c::create(#{{name: \"kt-trust\", nodes: [{mount}]}}, #{{}})"),
    );
    assert!(crate::harness::engine::nodes("kt-trust").is_empty());
}

fn a_script_may_use_its_own_folder() {
    let home = Home::new();
    home.file(
        "own/s.rhai",
        "host::write(`${args()[0]}/out.txt`, \"mine\"); print(host::read(`${args()[0]}/out.txt`));",
    );
    let own = home.work().join("own").display().to_string();
    home.kind(&["run", "own/s.rhai", &own]).ok().stdout("mine\n");
    let beside = home.work().display().to_string();
    home.kind(&["run", "own/s.rhai", &beside]).code(1).stdout("").tells("outside of");
}

fn endless_and_greedy_scripts_are_ended() {
    let home = Home::new();
    let since = Instant::now();
    home.kind(&["run", "--time-limit", "1s", "-e", "loop {}"]).code(1).tells("ended after 1 s");
    home.kind(&["run", "--time-limit", "1s", "-e", "sleep(100)"]).code(1).tells("ended after 1 s");
    home.kind(&["run", "-e", "fn deep(n) { deep(n + 1) } deep(0)"]).code(1).tells("stack overflow");
    home.kind(&["run", "-e", "let s = \"x\"; loop { s += s; }"]).code(1).tells("too large");
    home.kind(&["run", "-e", "let a = [0]; loop { a += a; }"]).code(1).tells("too large");
    home.kind(&["run", "-e", "eval(\"1\")"]).code(1).tells("eval");
    assert!(since.elapsed() < Duration::from_mins(1), "{:?}", since.elapsed());
}

/// A folder of a node with a link that leads out of it, and a file below the link.
fn a_nodes_archive_cannot_write_elsewhere() {
    let home = Home::new();
    let c = crate::harness::clusters::shared();
    let code = format!(
        "let n = cluster(\"{}\").control_plane;
         n.sh(\"rm -rf /kt-trap; mkdir -p /kt-trap; ln -s {} /kt-trap/out\");
         n.download(\"/kt-trap\", \"got\");
         n.sh(\"rm /kt-trap/out; mkdir /kt-trap/out; echo bad > /kt-trap/out/planted\");
         try {{ n.download(\"/kt-trap\", \"got\"); }} catch {{}}
         n.sh(\"rm -rf /kt-trap\");",
        c.name,
        home.tmp().display()
    );
    home.file("s.rhai", &code);
    home.kind(&["run", "s.rhai"]).ok();
    assert!(!home.tmp().join("planted").exists(), "a file was planted through a link");
}

fn endless_output_of_a_command_is_cut_off() {
    let home = Home::new();
    let c = crate::harness::clusters::shared();
    let code = format!("cluster(\"{}\").control_plane.exec(\"yes\", #{{quiet: true}})", c.name);
    home.kind(&["run", "-e", &code]).code(1).tells("wrote more than");
}
