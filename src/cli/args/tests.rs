use super::*;
use std::ffi::OsString;
use std::time::Duration;

fn words(line: &str) -> Vec<OsString> {
    shlex::split(line).expect("a shell line").into_iter().map(OsString::from).collect()
}

fn cli(line: &str) -> Cli {
    match parse(words(line)) {
        Parsed::Cli(cli) => *cli,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn clap_finds_nothing_wrong_with_the_definitions() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}

/// Every command and flag of upstream kind 0.33 that is here, in the spellings its flag library takes.
#[test]
fn what_upstream_takes_is_taken() {
    for line in [
        "kind --version",
        "kind version",
        "kind version -q",
        "kind -q version",
        "kind --quiet=true version",
        "kind -v 3 version",
        "kind -v3 version",
        "kind version -v=1",
        "kind version --verbosity 1",
        "kind create cluster",
        "kind create cluster -n a --config - --image b --retain --wait 5m --kubeconfig c",
        "kind create cluster --name=a --config=c.yaml --image=b --retain=true --wait=0s --kubeconfig=c",
        "kind create cluster --retain=false --name a --name b",
        "kind delete cluster -n a --kubeconfig c",
        "kind delete clusters a b c --kubeconfig d",
        "kind delete clusters -A",
        "kind delete clusters --all=true",
        "kind get clusters",
        "kind get nodes --name a",
        "kind get nodes -A",
        "kind get nodes --all-clusters -n b",
        "kind get kubeconfig --internal -n a",
        "kind export kubeconfig --name a --kubeconfig b --internal=1",
        "kind build node-image",
        "kind build node-image --image a --base-image b --arch arm64 --type source /src",
        "kind build node-image --type ci ci/latest",
        "kind load docker-image a b --nodes c,d -n e",
        "kind load image-archive a.tar b.tar --nodes=c",
        "kind export logs dir -n a",
        "kind completion bash",
        "kind completion zsh",
        "kind completion fish",
        "kind completion powershell",
        "kind create cluster --loglevel debug",
    ] {
        cli(line);
    }
}

#[test]
fn values_arrive_where_they_belong() {
    let create = cli("kind create cluster --wait 1h30m -n a --config - -v 2 --retain");
    let Some(Command::Create(Create { what: Some(CreateWhat::Cluster(args)) })) = create.command else {
        panic!("{create:?}")
    };
    assert_eq!(args.wait, Duration::from_mins(90));
    assert_eq!(args.name.name.as_deref(), Some("a"));
    assert_eq!(args.config.as_deref(), Some(std::path::Path::new("-")));
    assert!(args.retain);
    assert_eq!(create.global.verbosity, 2);
    let quiet = cli("kind --quiet=false get clusters -o json --log-format json --stdlib here");
    assert!(!quiet.global.quiet);
    assert_eq!(quiet.global.log_format, LogFormat::Json);
    assert_eq!(quiet.global.stdlib.as_deref(), Some(std::path::Path::new("here")));
}

#[test]
fn a_script_gets_every_word_after_its_name() {
    for (line, source, args) in [
        ("kind run a.rhai", RunSource::File("a.rhai".into()), &[][..]),
        (
            "kind run --allow-host a.rhai -v 3 --name x -q -- -e",
            RunSource::File("a.rhai".into()),
            &["-v", "3", "--name", "x", "-q", "--", "-e"],
        ),
        ("kind run - a b", RunSource::Stdin, &["a", "b"]),
        ("kind run -e 'print(1)' a b", RunSource::Code("print(1)".to_owned()), &["a", "b"]),
        ("kind run -e 'print(1)' -- --x", RunSource::Code("print(1)".to_owned()), &["--x"]),
    ] {
        let cli = cli(line);
        let Some(Command::Run(run)) = &cli.command else { panic!("{line}: {cli:?}") };
        let (got, rest) = run.source();
        assert_eq!(
            (got, rest),
            (source, &args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()[..]),
            "{line}"
        );
        assert_eq!(cli.global.verbosity, 0, "{line}");
    }
}

#[test]
fn wrong_words_are_told_with_a_hint_and_the_right_code() {
    for (line, code, part, hint) in [
        ("kind creat cluster", 1, "unrecognized subcommand 'creat'", "create"),
        ("kind create cluster --nam a", 1, "unexpected argument '--nam'", "--name"),
        ("kind create cluster --wait 5", 1, "the unit is missing", "--help"),
        ("kind -v much version", 1, "write a whole number", "--help"),
        ("kind create cluster extra", 1, "unexpected argument 'extra'", "--help"),
        ("kind get nodes -o xml", 1, "invalid value 'xml'", "possible values: json, yaml"),
        ("kind create cluster --retain=maybe", 1, "write true or false", "--help"),
        ("kind run", 2, "<FILE>... is missing", "--help"),
        ("kind run --bogus a.rhai", 2, "unexpected argument '--bogus'", "--help"),
        ("kind engine begin", 2, "unrecognized subcommand 'begin'", "--help"),
    ] {
        let Parsed::Wrong { message, hints, exit, quiet } = parse(words(line)) else { panic!("{line}") };
        assert_eq!(exit, code, "{line}");
        assert!(message.contains(part), "{line}: {message}");
        assert!(hints.iter().any(|h| h.contains(hint)), "{line}: {hints:?}");
        assert!(!quiet);
    }
    assert!(matches!(parse(words("kind -q creat")), Parsed::Wrong { quiet: true, .. }));
}

#[test]
fn help_goes_out_with_the_code_upstream_has() {
    for (line, code, part) in [
        ("kind", 0, "Usage: kind"),
        ("kind --help", 0, "create"),
        ("kind help get", 0, "kubeconfig-path"),
        ("kind help", 0, "Usage: kind"),
        ("kind help get nonsense", 0, "kubeconfig-path"),
        ("kind get nodes --help", 0, "Usage: kind get nodes"),
        ("kind create", 1, "Usage: kind create"),
        ("kind get", 1, "kind get"),
        ("kind completion", 1, "kind completion"),
        ("kind stdlib", 2, "kind stdlib"),
        ("kind create cluster -h", 0, "--retain"),
    ] {
        let Parsed::Help { text, exit, missing } = parse(words(line)) else { panic!("{line}") };
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!((exit, missing.is_some()), (code, code != 0), "{line}");
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn each_shell_gets_a_script_that_asks_the_program() {
    for shell in
        [CompletionShell::Bash, CompletionShell::Zsh, CompletionShell::Fish, CompletionShell::Powershell]
    {
        let script = completion_script(shell).expect("a Vec takes everything");
        let script = String::from_utf8(script).expect("text");
        assert!(script.contains("KIND_COMPLETE") && script.contains("kind"), "{shell:?}: {script}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let pages = manual().expect("a Vec takes everything");
    let named = |name: &str| pages.iter().any(|(file, _)| file == name);
    assert!(named("kind.1") && named("kind-load-docker-image.1") && named("kind-build-add-image.1"));
}

#[test]
fn a_shell_gets_its_own_form_of_setting_a_variable() {
    let value = "unix:///a b/c'd.sock";
    assert_eq!(Shell::Fish.export("DOCKER_HOST", "tcp://h:1"), "set -gx DOCKER_HOST tcp://h:1");
    assert_eq!(Shell::Powershell.export("D", value), "$Env:D = 'unix:///a b/c''d.sock'");
    let line = Shell::Sh.export("D", value);
    assert_eq!(shlex::split(&line), Some(vec!["export".to_owned(), format!("D={value}")]));
}
