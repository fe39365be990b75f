//! Plans, hooks, and that a real run does what its plan said.

use crate::harness::{Cluster, Home, engine, trials};
use libtest_mimic::Trial;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

pub fn tests() -> Vec<Trial> {
    trials! { "plan":
        plain a_hook_at_a_point_that_is_none_is_told,
        real a_plan_changes_nothing,
        real a_real_run_does_what_the_plan_said,
        real hooks_of_config_project_and_script_run_in_their_order,
    }
}

/// Every act of a plan, in order.
fn acts(items: &Value, all: &mut Vec<Value>) {
    for item in items.as_array().unwrap() {
        if item["act"].is_string() { all.push(item.clone()) } else { acts(&item["items"], all) }
    }
}

fn steps(items: &Value) -> Vec<String> {
    let all = items.as_array().unwrap().iter();
    all.filter_map(|item| item["step"].as_str().map(str::to_owned)).collect()
}

fn a_plan_changes_nothing() {
    let c = Cluster::named("planned");
    let before = std::fs::read(c.home.kubeconfig()).ok();
    let plan = c.create(&["--plan"]).ok();
    for part in ["nodes: Preparing nodes 📦", "signal USR1", "apply ", "$ kubeadm init"] {
        assert!(plan.stdout.contains(part), "{part:?} is not in\n{}", plan.stdout);
    }
    assert!(engine::nodes(&c.name).is_empty());
    assert_eq!(std::fs::read(c.home.kubeconfig()).ok(), before);
    assert!(c.home.temporary_files().is_empty(), "{:?}", c.home.temporary_files());
    // branches are taken on answers that a script gives
    let code = "plan::answer(\"uname\", #{stdout: \"mine\"});
                image::pull(\"x:1\");
                let n = engine::run(#{name: \"kt-none\", image: \"x:1\"});
                if n.exec(\"uname\").stdout == \"mine\" { n.exec(\"taken\"); }";
    c.home.kind(&["run", "--plan", "-e", code]).ok().prints("$ taken");
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the engine itself says was done to a container since then, in a plan's words; waits, reads and the look at what
/// may have failed, which is only made on a slow machine, left out.
fn done_to(name: &str, since: u64) -> Vec<String> {
    let (_, body) = engine::request("GET", &format!("/events?since={since}&until={}", seconds() + 1), "");
    let text = String::from_utf8_lossy(&body).into_owned();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_it = events.filter(|e| e["Type"] == "container" && e["Actor"]["Attributes"]["name"] == name);
    of_it
        .filter_map(|event| {
            let action = event["Action"].as_str()?;
            let command = action.strip_prefix("exec_create: ").map(str::trim);
            match (action, command) {
                ("create" | "start", _) => Some(action.to_owned()),
                ("extract-to-dir", _) => Some("write".to_owned()),
                ("kill", _) => Some("signal".to_owned()),
                (_, Some(command))
                    if !command.starts_with("sh -c while") && !command.contains("NRestarts") =>
                {
                    Some(command.to_owned())
                }
                _ => None,
            }
        })
        .collect()
}

fn planned_for(name: &str, plan: &Value) -> Vec<String> {
    let mut all = Vec::new();
    acts(plan, &mut all);
    all.iter()
        .filter(|act| act["on"] == name || act["detail"]["name"] == name)
        .filter_map(|act| match act["act"].as_str()? {
            "container" if act["on"].is_null() => Some("create".to_owned()),
            "container" => act["text"].as_str().map(str::to_owned),
            "files" => Some("write".to_owned()),
            "signal" => Some("signal".to_owned()),
            "exec" => {
                let words = act["detail"]["command"].as_array()?.iter().filter_map(Value::as_str);
                Some(words.collect::<Vec<_>>().join(" "))
            }
            _ => None,
        })
        .collect()
}

fn a_real_run_does_what_the_plan_said() {
    let c = Cluster::named("asplanned");
    let config = "nodes: [{role: control-plane}, {role: worker}]\n";
    let plan = c.create_with(config, &["--plan", "-o", "json"]).ok().json();
    let since = seconds();
    // by themselves, so that the engine tells of each command
    let mut command =
        c.home.command(&["create", "cluster", "--name", &c.name, "--config", "-", "--log-format", "json"]);
    command.env("KIND_EXEC_SHELL", "0");
    let head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";
    let real = crate::harness::home::run(command, &format!("{head}{config}")).ok();
    for node in [c.node("control-plane"), c.node("worker")] {
        let (planned, done) = (planned_for(&node, &plan), done_to(&node, since));
        // After the boot signal steps run side by side, so that order is theirs; before it is exact.
        let boot = |list: &[String]| list.iter().position(|act| act == "signal").expect("it was booted");
        let (before, after) = planned.split_at(boot(&planned));
        let (really_before, really_after) = done.split_at(boot(&done));
        assert_eq!(before, really_before, "{node}");
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        assert_eq!(sorted(after), sorted(really_after), "{node}");
    }
    let events = real.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut begun: Vec<String> = events
        .filter(|event| event["event"] == "step_started" && event["parent"].is_null())
        .filter_map(|event| event["name"].as_str().map(str::to_owned))
        .collect();
    let mut said = steps(&plan);
    let together = said.iter().position(|step| step == "control-plane").unwrap();
    assert_eq!(begun[..=together], said[..=together]);
    begun.sort();
    said.sort();
    assert_eq!(begun, said);
}

fn hooks_of_config_project_and_script_run_in_their_order() {
    let c = Cluster::named("hooks");
    c.home.file(
        ".kind/hooks/project.rhai",
        "on(\"before:boot\", |at| { for n in at.nodes { n.sh(\"echo project >> /kind/hooks\"); } });",
    );
    let config = "hooks:\n- at: before:boot\n  \
                  run: nodes[0].sh(\"echo config >> /kind/hooks\")\n- at: node.paused\n  \
                  run: node.sh(\"echo paused > /kind/hooks\")\n";
    let whole = format!("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n{config}");
    let spec = c.home.file("c.yaml", &whole).display().to_string();
    let script = format!(
        "import \"std/create\" as create;
         on(\"before:boot\", |at| {{ at.cluster.control_plane.sh(\"echo script >> /kind/hooks\"); }});
         on(\"node.container\", |spec| {{ spec.env.FROM_HOOK = \"yes\"; spec }});
         on(\"config\", |spec| {{ spec.name = \"{}\"; spec }});
         let c = create::create(cluster::load(\"{spec}\"), #{{}});
         print(c.control_plane.read(\"/kind/hooks\") + c.control_plane.container.env.FROM_HOOK);",
        c.name
    );
    c.home.file("s.rhai", &script);
    c.home
        .kind(&["run", "s.rhai"])
        .ok()
        .stdout("paused\nproject\nconfig\nscript\nyes\n")
        .tells("Hook before:boot");
    drop(c);
    // a hook that throws fails its step, with its own words and place; and nothing is left
    let other = Cluster::named("hookfails");
    let config = config.replace("echo config >> /kind/hooks", "exit 3");
    other.create_with(&config, &[]).code(1).tells("the hook before:boot at hooks[0]");
    assert!(engine::nodes(&other.name).is_empty());
}

fn a_hook_at_a_point_that_is_none_is_told() {
    let home = Home::new();
    home.kind(&["run", "-e", "on(\"node.pausd\", |n| 1)"]).code(1).tells("did you mean \"node.paused\"?");
    home.kind(&[
        "run",
        "-e",
        "on(\"before:greeet\", |at| 1); on(\"after:greet\", |at| 1); step(\"greet\", || 1)",
    ])
    .ok()
    .tells("did you mean before:greet?");
}
