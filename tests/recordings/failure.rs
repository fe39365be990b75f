//! A run fails, the prompt opens there, what is wrong is mended, and the run goes on.

use crate::harness::pty::CTRL_D;
use crate::harness::recording::Recording;
use crate::harness::recording::Take::{Ready, Type};

const SCRIPT: &str = r#"//! Greets whoever logs in to a node.

let c = cluster("demo");

fn greet(n) {
    let path = "/etc/site";
    let site = n.read(path);
    n.write("/etc/motd", `Welcome to ${site}!`);
}

step("look", || c.wait_ready(60));
step("greet", || greet(c.control_plane));
print(c.control_plane.read("/etc/motd"));
"#;

pub fn check() {
    let cluster = super::demo("failure", "nodes:\n- role: control-plane\n");
    cluster.home.file("greet.rhai", &SCRIPT.replace("demo", &cluster.name));
    let takes = [
        Ready("$"),
        Type("cat greet.rhai\r"),
        Ready("$"),
        Type("\x0c"),
        Ready("$"),
        Type("kind run --interactive greet.rhai\r"),
        Ready("greet>"),
        Type("path\r"),
        Ready("greet>"),
        Type("n\r"),
        Ready("greet>"),
        Type("n.write(path, \"Utrecht\")\r"),
        Ready("greet>"),
        Type("retry\r"),
        Ready("$"),
        Type(CTRL_D),
    ];
    let command = super::shell(&cluster.home);
    Recording {
        name: "retry",
        title: "A failure, a look around, a retry",
        command,
        demo: &cluster.name,
        drawn_by: None,
        takes: &takes,
    }
    .check();
}
