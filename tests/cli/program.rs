//! Every command and flag of upstream kind 0.33 is in ours, and in the table of docs/upstream.md; what both say is
//! compared by running both.

use crate::harness::home::{Ran, run};
use crate::harness::{Home, engine, plain, real, skips_engine, upstream, with_program};
use libtest_mimic::Trial;
use std::collections::BTreeSet;

pub fn tests() -> Vec<Trial> {
    let compared = !upstream::is_possible();
    let docker = crate::cli::upstream::docker_is_there();
    vec![
        plain("program::commands_and_flags_are_all_there", commands_and_flags_are_all_there)
            .with_ignored_flag(compared),
        plain("program::the_table_names_tests_that_there_are", the_table_names_tests_that_there_are),
        plain("program::every_shell_has_a_completion", every_shell_has_a_completion),
        plain("program::manual_pages_are_written", manual_pages_are_written),
        plain("program::colours_need_a_terminal_that_wants_them", colours_need_a_terminal_that_wants_them),
        with_program("bash", "program::bash_completes_clusters_nodes_and_flags", bash_completes)
            .with_ignored_flag(skips_engine()),
        real("program::what_both_say", what_both_say)
            .with_ignored_flag(skips_engine() || compared || !docker),
    ]
}

fn theirs(home: &Home, args: &[&str]) -> Ran {
    let path = upstream::path().unwrap_or_else(|why| panic!("upstream kind could not be built: {why}"));
    let mut command = home.program(path, args);
    if let Some(address) = engine::found() {
        command.env("DOCKER_HOST", address);
    }
    run(command, "")
}

/// A flag as a help text shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Flag {
    long: String,
    short: Option<String>,
    default: Option<String>,
}

/// What a command of upstream has.
struct Command {
    path: Vec<String>,
    groups: bool,
    flags: Vec<Flag>,
}

/// The lines below a head, up to an empty one.
fn section<'a>(help: &'a str, head: &str) -> Vec<&'a str> {
    help.lines().skip_while(|line| *line != head).skip(1).take_while(|line| !line.trim().is_empty()).collect()
}

fn upstream_flag(line: &str) -> Option<Flag> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let long = words.iter().find_map(|word| word.strip_prefix("--"))?;
    let short = words[0].strip_suffix(',').and_then(|word| word.strip_prefix('-'));
    let default = line.rsplit_once("(default ").and_then(|(_, rest)| rest.strip_suffix(')'));
    Some(Flag {
        long: long.to_owned(),
        short: short.map(str::to_owned),
        default: default.map(|text| text.trim_matches('"').to_owned()),
    })
}

/// The whole tree, as upstream's own help has it.
fn walk(home: &Home, path: &[String], all: &mut Vec<Command>) {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = theirs(home, &args).ok().stdout;
    let inner: Vec<String> = section(&help, "Available Commands:")
        .iter()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    let flags = section(&help, "Flags:").into_iter().filter_map(upstream_flag).collect();
    all.push(Command { path: path.to_vec(), groups: !inner.is_empty(), flags });
    for name in inner {
        let mut below = path.to_vec();
        below.push(name);
        walk(home, &below, all);
    }
}

/// A row of the first table.
struct Row {
    command: String,
    flags: Vec<String>,
    default: String,
    tests: Vec<String>,
}

fn table() -> Vec<Row> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/upstream.md")).unwrap();
    let rows = text.lines().skip_while(|line| *line != "## Commands and flags").skip(1);
    let rows = rows.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| "));
    rows.skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let plain = |cell: &str| cell.replace('`', "");
            let list = |cell: &str| {
                plain(cell).split(", ").map(str::to_owned).filter(|part| !part.is_empty()).collect()
            };
            Row {
                command: plain(cells[0]),
                flags: list(cells[1]),
                default: plain(cells[2]),
                tests: list(cells[4]),
            }
        })
        .collect()
}

/// Defaults that are another text in ours; the table says why.
const OTHER_DEFAULTS: [&str; 2] = ["build node-image --base-image", "build node-image --image"];

fn commands_and_flags_are_all_there() {
    let home = Home::new();
    let mut all = Vec::new();
    walk(&home, &[], &mut all);
    assert!(all.len() > 20, "upstream's help is read: {}", all.len());
    let table = table();
    let mut seen = BTreeSet::new();
    for command in all {
        let name = command.path.join(" ");
        let mut args: Vec<&str> = command.path.iter().map(String::as_str).collect();
        args.push("--help");
        let help = home.kind(&args).ok().stdout;
        assert!(
            command.path.is_empty() || help.contains(&format!("Usage: kind {name}")),
            "kind {name}:\n{help}"
        );
        let row = |long: Option<&Flag>| {
            table.iter().find(|row| {
                let here = row.command == name || (row.command == "kind" && name.is_empty());
                match long {
                    Some(flag) => {
                        (here || row.command == "(all)") && row.flags.contains(&format!("--{}", flag.long))
                    }
                    None => here,
                }
            })
        };
        if !command.groups {
            assert!(row(None).is_some(), "docs/upstream.md has no row for `{name}`");
        }
        for flag in &command.flags {
            let spelt = match &flag.short {
                Some(short) => format!("-{short}, --{}", flag.long),
                None => format!("    --{}", flag.long),
            };
            let line = help.lines().find(|line| line.trim_start().starts_with(spelt.trim_start()));
            let line = line.unwrap_or_else(|| panic!("`kind {name}` has no {spelt:?}:\n{help}"));
            if flag.long == "help" {
                continue;
            }
            let Row { flags, default, .. } = row(Some(flag))
                .unwrap_or_else(|| panic!("docs/upstream.md has no row for `{name} --{}`", flag.long));
            if let Some(short) = &flag.short {
                assert!(
                    flags.contains(&format!("-{short}")),
                    "docs/upstream.md, `{name} --{}`: -{short}",
                    flag.long
                );
            }
            let key = format!("{name} --{}", flag.long);
            if let Some(theirs) = flag.default.as_ref().filter(|_| !OTHER_DEFAULTS.contains(&key.as_str())) {
                assert!(default.contains(theirs.as_str()), "docs/upstream.md, `{key}`: {theirs}");
                let after = &help[help.find(line).unwrap()..];
                let shown = after.chars().take(400).collect::<String>();
                assert!(shown.contains(&format!("[default: {theirs}]")), "`kind {key}`: {shown}");
            }
            seen.insert(key);
        }
    }
    assert!(
        seen.contains("load docker-image --nodes") && seen.contains("get nodes --all-clusters"),
        "{seen:?}"
    );
}

fn the_table_names_tests_that_there_are() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/upstream.md")).unwrap();
    let tests: Vec<String> = crate::cli::tests()
        .into_iter()
        .chain(crate::node_image::tests())
        .chain(crate::nerdctl::tests())
        .chain(crate::podman::tests())
        .map(|t| t.name().to_owned())
        .collect();
    let named: Vec<&str> =
        text.split('`').filter(|part| part.contains("::")).filter(|part| !part.contains(' ')).collect();
    let tests_named: Vec<&str> = named
        .into_iter()
        .filter(|name| name.chars().all(|c| c.is_lowercase() || c == '_' || c == ':'))
        .collect();
    assert!(tests_named.len() > 30, "{tests_named:?}");
    for name in tests_named {
        assert!(
            tests.iter().any(|test| test == name),
            "docs/upstream.md names a test that there is not: {name}"
        );
    }
    for row in table().iter().filter(|row| !row.flags.is_empty()) {
        for test in &row.tests {
            assert!(
                row.flags.iter().any(|flag| mentions(&source_of(test), flag)),
                "docs/upstream.md, `{} {}`: the file of {test} never gives it",
                row.command,
                row.flags.join(", ")
            );
        }
    }
}

/// What the files say that a test may be in: one of the commands' or a folder's.
fn source_of(test: &str) -> String {
    let module = test.split("::").next().unwrap();
    let tests = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
    if let Ok(text) = std::fs::read_to_string(tests.join(format!("cli/{module}.rs"))) {
        return text;
    }
    let files = std::fs::read_dir(tests.join(module)).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Whether a source gives a flag, itself or by the harness.
fn mentions(source: &str, flag: &str) -> bool {
    let goes_on = |c: char| c == '-' || c.is_alphanumeric();
    let as_word = source
        .match_indices(flag)
        .any(|(at, _)| !source[..at].ends_with(goes_on) && !source[at + flag.len()..].starts_with(goes_on));
    as_word || (flag == "--config" && source.contains(".create_with("))
}

/// What is compared of a command line that both are given.
enum Said {
    /// The exit code, and that nothing is on standard output.
    Code,
    /// The exit code and the last sentence on standard error, without what stands before and below it.
    Sentence,
    /// The exit code, standard output, and the last line of standard error.
    Last,
    /// The exit code, standard output, and all of standard error.
    All,
}

fn what_both_say() {
    use Said::{All, Code, Last, Sentence};
    let home = Home::new();
    home.file("here.tar", "");
    home.file("malformed", "users:\n- name: [\n");
    let cluster = &crate::harness::shared().name;
    for (line, said) in [
        ("creat", Code),
        ("create cluster extra", Code),
        ("create cluster --nope", Code),
        ("create cluster --wait 5", Code),
        ("create cluster --config none.yaml", Code),
        ("create cluster --name A_B", Sentence),
        ("delete cluster --name nobody", All),
        ("delete cluster --name A_B", All),
        ("delete cluster extra", Code),
        ("delete clusters", Sentence),
        ("delete clusters nobody other", All),
        ("delete clusters A_B a/b", All),
        ("delete clusters nobody --kubeconfig malformed", Last),
        ("get nodes --name nobody", All),
        ("get nodes --name A_B", All),
        ("get nodes -n nobody -v 3", All),
        ("-q get nodes --name nobody", All),
        ("get clusters extra", Code),
        ("get clusters -x", Code),
        ("get kubeconfig --name nobody", Sentence),
        ("get kubeconfig --name nobody --internal", Sentence),
        ("get kubeconfig --name A_B", Sentence),
        ("export kubeconfig --name nobody", Sentence),
        ("export kubeconfig --name A_B", Sentence),
        ("-q export kubeconfig --name nobody", All),
        ("export logs --name nobody", Sentence),
        ("export logs --name A_B", Sentence),
        ("load docker-image", Sentence),
        ("load docker-image none:1 --name nobody", Sentence),
        ("load docker-image kindest/node:v1.37.2 --name nobody", Sentence),
        ("load docker-image kindest/node:v1.37.2 --name A_B", Sentence),
        ("load docker-image kindest/node:v1.37.2 --name CLUSTER --nodes x", Sentence),
        ("load image-archive", Sentence),
        ("load image-archive none.tar", Sentence),
        ("load image-archive here.tar --name A_B", Sentence),
        ("load image-archive here.tar --name CLUSTER --nodes x", Sentence),
        ("build node-image a b", Code),
        ("build node-image --type source none", Code),
        ("build node-image --type release nonsense", Sentence),
        ("-v", Code),
        ("-v x version", Code),
        ("-q creat", All),
    ] {
        let line = line.replace("CLUSTER", cluster);
        let args: Vec<&str> = line.split(' ').collect();
        let (upstream, ours) = (theirs(&home, &args), home.kind(&args));
        assert_eq!(ours.code, upstream.code, "kind {line}: exit code; upstream says {}", upstream.stderr);
        assert_eq!(ours.stdout, upstream.stdout, "kind {line}: standard output");
        // not about the command
        let told: Vec<&str> =
            upstream.stderr.lines().filter(|line| !line.starts_with("cgroup v1 is deprecated")).collect();
        match said {
            Code => assert!(ours.stderr.starts_with("error: "), "kind {line}: {}", ours.stderr),
            Sentence => {
                let sentence = told.last().and_then(|line| line.strip_prefix("ERROR: ")).unwrap();
                assert_eq!(
                    ours.stderr.lines().next(),
                    Some(format!("error: {sentence}").as_str()),
                    "kind {line}"
                );
            }
            Last => assert_eq!(ours.stderr.lines().last(), told.last().copied(), "kind {line}"),
            All => assert_eq!(ours.stderr.lines().collect::<Vec<_>>(), told, "kind {line}"),
        }
    }
    for group in ["build", "completion", "create", "delete", "export", "get", "load"] {
        for args in [&[group][..], &["-q", group]] {
            let (upstream, ours) = (theirs(&home, args), home.kind(args));
            assert_eq!((ours.code, upstream.code), (1, 1), "kind {group}");
            ours.prints(&format!("Usage: kind {group}"))
                .stderr(&upstream.stderr.replace("ERROR: ", "error: "));
        }
    }
}

fn every_shell_has_a_completion() {
    let home = Home::new();
    for shell in ["bash", "fish", "powershell", "zsh"] {
        let script = home.kind(&["completion", shell]).ok().stderr("").stdout;
        assert!(script.contains("KIND_COMPLETE"), "{shell}: {script}");
    }
    // a shell that asks gets an answer, whatever stands there
    let mut command = home.command(&["--", "kind", "del"]);
    command.env("KIND_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "1").env("_CLAP_IFS", "\n");
    run(command, "").ok().stderr("").stdout("delete");
}

/// What bash offers after `line`, by the script that the program prints.
fn completed(home: &Home, line: &str) -> Vec<String> {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_kind")).parent().unwrap().display().to_string();
    let words: Vec<&str> = line.split(' ').collect();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let script = format!(
        "PATH={program}:$PATH; source <(kind completion bash); COMP_WORDS=({}); COMP_CWORD={last}; COMP_TYPE=9; \
         _clap_complete_kind kind '{}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words[last],
    );
    let ran = run(home.program("bash", &["-c", &script]), "").ok();
    ran.stdout.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn bash_completes() {
    let c = crate::harness::shared();
    let offers = |line: &str, wanted: &str| {
        let found = completed(&c.home, line);
        assert!(found.iter().any(|offer| offer == wanted), "{line:?}: {wanted} is not in {found:?}");
        found
    };
    offers("kind get no", "nodes");
    offers("kind get nodes --all", "--all-clusters");
    offers("kind delete cluster --name kt-", &c.name);
    offers("kind delete clusters ", &c.name);
    let nodes = offers(&format!("kind load docker-image x --name {} --nodes ", c.name), &c.node("worker"));
    assert_eq!(nodes, [c.node("control-plane"), c.node("worker")]);
    offers("kind load docker-image kindest/no", crate::harness::IMAGE);
}

fn manual_pages_are_written() {
    let home = Home::new();
    home.kind(&["man", "pages/man1"]).ok().stdout("pages/man1\n");
    let page = std::fs::read_to_string(home.work().join("pages/man1/kind-create-cluster.1")).unwrap();
    assert!(page.starts_with(".ie") || page.starts_with(".TH"), "{page}");
    for part in ["kind create cluster", "\\-\\-config", "KIND_CLUSTER_NAME"] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    let count = std::fs::read_dir(home.work().join("pages/man1")).unwrap().count();
    assert!(count > 40, "{count} pages");
    home.kind(&["man"]).code(2).tells("<DIR>");
}

fn colours_need_a_terminal_that_wants_them() {
    let home = Home::new();
    for variables in [&[][..], &[("NO_COLOR", "1")], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")]] {
        let mut command = home.command(&["create", "cluster", "--config", "none.yaml"]);
        command.env_remove("NO_COLOR").envs(variables.iter().copied());
        let ran = run(command, "").code(1);
        assert!(
            !ran.stderr.contains('\x1b') && !ran.stderr.contains('\r'),
            "{variables:?}: {:?}",
            ran.stderr
        );
    }
}
