//! `kind config`, and which configurations are taken: the same that upstream kind takes.

use crate::harness::home::{Ran, run};
use crate::harness::{Home, plain, trials, upstream};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const HEAD: &str = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";

pub fn tests() -> Vec<Trial> {
    let mut tests = trials! { "config":
        plain valid_files_are_right_and_invalid_ones_are_not,
        plain everything_wrong_is_told_with_its_place,
        plain validate_answers_programs,
        plain show_fills_the_defaults_in,
        plain the_schema_says_what_validate_says,
    };
    tests.push(
        plain("config::upstream_takes_and_refuses_the_same_files", upstream_agrees)
            .with_ignored_flag(!upstream::is_possible()),
    );
    tests
}

/// The fixtures of a folder, sorted.
fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(folder);
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 8, "{files:?}");
    files
}

fn valid_files_are_right_and_invalid_ones_are_not() {
    let home = Home::new();
    for file in fixtures("valid") {
        let name = file.display().to_string();
        home.kind(&["config", "validate", &name])
            .ok()
            .stdout("")
            .tells(&format!("{name} is right: cluster "));
    }
    for file in fixtures("invalid") {
        let name = file.display().to_string();
        home.kind(&["config", "validate", &name]).code(1).stdout("").tells(&format!("error: {name}"));
    }
}

/// A docker that answers, has no clusters, and makes nothing: whatever comes after "Creating cluster" fails.
const NO_DOCKER: &str = "#!/bin/sh\ncase \"$1\" in\ninfo) echo '{\"CgroupVersion\": \"2\", \"SecurityOptions\": []}' ;;\nps) ;;\n\
                         *) exit 1 ;;\nesac\n";

fn upstream_agrees() {
    let path = upstream::path().unwrap_or_else(|why| panic!("upstream kind could not be built: {why}"));
    let home = Home::new();
    let docker = home.file("bin/docker", NO_DOCKER);
    std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let accepts = |file: &Path| -> (bool, Ran) {
        let file = file.display().to_string();
        let mut command = home.program(&path, &["create", "cluster", "--config", &file]);
        let known = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{known}", docker.parent().unwrap().display()));
        command.env("KIND_EXPERIMENTAL_PROVIDER", "docker");
        let ran = run(command, "");
        (ran.stderr.contains("Creating cluster"), ran)
    };
    let all = |folder, wanted| fixtures(folder).into_iter().map(move |file| (file, wanted));
    let files: Vec<(PathBuf, bool)> = all("valid", true).chain(all("invalid", false)).collect();
    let accepts = &accepts;
    // each takes upstream seconds, which it mostly waits
    std::thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(6)) {
            scope.spawn(move || {
                for (file, wanted) in part {
                    let (accepted, ran) = accepts(file);
                    assert_eq!(accepted, *wanted, "upstream and {}: {}", file.display(), ran.stderr);
                }
            });
        }
    });
}

const WRONG: &str = "nodes:
- role: controlplane
  kubeadmConfigPatchesJSON6902:
  - {kind: ClusterConfiguration, patch: 'op: add'}
- role: worker
  podSubnet: 10.0.0.0/16
  sysctls: {vm.swappiness: 1}
  address: 10.0.0.300
  resources: {cpu: many, memory: 2Gi}
containerdConfigPatches: ['[plugins']
networking:
  ipFamily: dualstack
  podSubnet: 'fd00::/56'
  apiServerPort: high
featureGate: {}
";

fn everything_wrong_is_told_with_its_place() {
    let home = Home::new();
    let ran = home.kind_with(&["config", "validate", "-"], &format!("{HEAD}{WRONG}")).code(1).stdout("");
    for line in [
        "standard input has 11 errors:",
        "standard input:4:9: nodes[0].role is \"controlplane\"; expected control-plane or worker; did you mean control-plane?",
        "nodes[0].kubeadmConfigPatchesJSON6902[0].patch can be no patch: ",
        "standard input:8:3: nodes[1].podSubnet is not a known field; it is a field of networking",
        "nodes[1].sysctls[\"vm.swappiness\"] is a setting of the whole host",
        "standard input:10:12: nodes[1].address is \"10.0.0.300\"; expected an IP address",
        "standard input:11:20: nodes[1].resources.cpu is \"many\"; expected processors such as 2, 1.5 or 1500m",
        "containerdConfigPatches[0] can be no patch: it is not TOML",
        "standard input:14:13: networking.ipFamily is \"dualstack\"; expected ipv4, ipv6 or dual",
        "networking.podSubnet is fd00::/56; expected an IPv4 range in an ipv4 cluster",
        "standard input:16:18: networking.apiServerPort is \"high\"; expected a port number up to 65535",
        "standard input:17:1: featureGate is not a known field; did you mean featureGates?",
    ] {
        assert!(ran.stderr.contains(line), "{line:?} is not in\n{}", ran.stderr);
    }
}

fn validate_answers_programs() {
    let home = Home::new();
    let good = home.file("good.yaml", HEAD).display().to_string();
    let bad = home.file("bad.yaml", &format!("{HEAD}nodes:\n- rol: worker\n")).display().to_string();
    home.kind(&["config", "validate", &good, "-o", "json"]).ok().stdout("[]\n").stderr("");
    let ran = home.kind(&["config", "validate", &good, &bad, "-o", "json"]).code(1).stderr("");
    let message = "nodes[0].rol is not a known field; did you mean role?";
    assert_eq!(
        ran.json(),
        json!([{"file": bad, "line": 4, "column": 3, "path": "nodes[0].rol", "message": message}])
    );
    home.kind(&["config", "validate", &bad, "-o", "yaml"]).code(1).prints("line: 4\n");
    home.kind(&["config", "validate"]).code(1).stdout("").tells("<FILE>... is missing");
    home.kind(&["config", "validate", "none.yaml"]).code(1).stdout("").tells("none.yaml");
}

fn show_fills_the_defaults_in() {
    let home = Home::new();
    let shown = home.kind(&["config", "show"]).ok().stderr("");
    let value = shown.yaml();
    assert_eq!(value["kind"], "Cluster");
    assert_eq!(value["nodes"][0]["role"], "control-plane");
    assert_eq!(value["networking"]["podSubnet"], "10.244.0.0/16");
    // what is shown is a configuration again, and shows the same
    home.kind_with(&["config", "show", "-"], &shown.stdout).ok().stdout(&shown.stdout);
    let config =
        format!("{HEAD}networking: {{ipFamily: ipv6}}\nnodes:\n- resources: {{cpu: 1.5, memory: 1Gi}}\n");
    let shown = home.kind_with(&["config", "show", "-", "-o", "json"], &config).ok().json();
    let networking = &shown["networking"];
    assert_eq!(networking["podSubnet"], "fd00:10:244::/56");
    assert_eq!(networking["serviceSubnet"], "fd00:10:96::/112");
    assert_eq!(networking["apiServerAddress"], "::1");
    assert_eq!(shown["nodes"][0]["resources"], json!({"cpu": "1500m", "memory": 1_073_741_824}));
    home.kind_with(&["config", "show", "-"], "kind: Cluster\n")
        .code(1)
        .stdout("")
        .tells("apiVersion is missing");
}

/// Files whose fault is one of shape, which a schema can tell.
const FAULTS_OF_SHAPE: [&str; 9] = [
    "api_port_out_of_range",
    "bad_indent",
    "list_for_a_map",
    "other_api_version",
    "other_kind",
    "port_out_of_range",
    "unknown_family",
    "unknown_field",
    "unknown_role",
];

fn the_schema_says_what_validate_says() {
    let schema = Home::new().kind(&["config", "schema"]).ok().stderr("").json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let fault_of = |file: &Path| {
        let text = std::fs::read_to_string(file).unwrap();
        fault(&kind::yaml::parse(&text, "file").unwrap(), &schema, "")
    };
    for file in fixtures("valid") {
        assert_eq!(fault_of(&file), None, "{}", file.display());
    }
    for file in fixtures("invalid") {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if FAULTS_OF_SHAPE.contains(&name) {
            assert!(fault_of(&file).is_some(), "the schema takes {name}");
        }
    }
}

/// What a schema of the words that ours uses finds wrong with a value.
fn fault(value: &Value, schema: &Value, path: &str) -> Option<String> {
    let wrong = |what: &str| Some(format!("{path}: {value}: {what}"));
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
        && value != ""
    {
        return wrong("enum");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        _ => Vec::new(),
    };
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("what is {other}?"),
    };
    if !types.is_empty() && !types.iter().any(|kind| is(kind)) {
        return wrong("type");
    }
    if let (Some(number), Some(least), Some(most)) =
        (value.as_i64(), schema["minimum"].as_i64(), schema["maximum"].as_i64())
        && !(least..=most).contains(&number)
    {
        return wrong("range");
    }
    let missing = |name: &Value| name.as_str().is_some_and(|name| value.get(name).is_none());
    if schema["required"].as_array().is_some_and(|names| names.iter().any(missing)) {
        return wrong("required");
    }
    if let Value::Array(items) = value {
        return items
            .iter()
            .enumerate()
            .find_map(|(i, item)| fault(item, &schema["items"], &format!("{path}[{i}]")));
    }
    value.as_object()?.iter().find_map(|(name, item)| {
        let path = format!("{path}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (None, Value::Bool(false)) => Some(format!("{path} is not known")),
            (Some(schema), _) | (None, schema) => fault(item, schema, &path),
        }
    })
}
