use super::*;
use crate::cluster::Cluster;
use crate::event::Bus;
use crate::node::Node;
use crate::script::{Host, Run, RunOptions};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};

fn host() -> (tokio::runtime::Runtime, Host) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let run = Run::new(runtime.handle().clone(), Bus::silent(), RunOptions::default(), None);
    (runtime, Host::new(run))
}

/// What is registered with Rhai for the printing and comparing of objects; nobody calls it by name.
const UNDER_THE_HOOD: &[&str] = &["to_string", "to_debug", "=="];

#[test]
fn every_record_is_complete() {
    for record in records() {
        let name = record.qualified();
        assert!(
            record.doc.ends_with('.') || record.doc.ends_with('…'),
            "{name} has no text: {:?}",
            record.doc
        );
        assert!(!record.example.is_empty(), "{name} has no example");
        assert!(!record.throws.is_empty(), "{name} says not what it throws; none is a word too");
        let returned = record.returns().unwrap_or_else(|| panic!("{name} says not what it returns"));
        assert!(Type::parse(returned).is_some(), "{name} returns {returned:?}, which is no type");
        let list =
            record.signature.strip_prefix('(').and_then(|s| s.rsplit_once(") -> ")).map_or("", |(l, _)| l);
        assert_eq!(
            record.parameters().len(),
            split(list, ',').len(),
            "{name}: a parameter without a type in {list:?}"
        );
        assert_eq!(record.keys().len(), split(record.options, ',').len(), "{name}: a key without a type");
        assert_eq!(
            record.keyed().is_some(),
            !record.options.is_empty(),
            "{name}: keys, but no map that has them"
        );
        let takes_options = record.parameters().iter().any(|p| p.name == "options");
        assert!(!takes_options || !record.options.is_empty(), "{name} takes options and says not which");
    }
    let mut seen = BTreeSet::new();
    assert!(records().all(|r| seen.insert(r.qualified())), "two records for one name");
}

/// Codes occur in the source, families have a member there.
#[test]
fn errors_are_real() {
    let mut source = String::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in crate::host::fs::list(&folder).unwrap() {
            if path.is_dir() {
                folders.push(path);
            } else {
                source += &crate::host::fs::read_to_string(&path).unwrap();
            }
        }
    }
    // those of parsers are put together from the format's name
    source.push_str("\"json.syntax\" \"toml.syntax\"");
    for record in records() {
        for code in record.codes() {
            let wanted = match code.strip_suffix('*') {
                Some(family) => format!("\"{family}"),
                None => format!("\"{code}\""),
            };
            assert!(source.contains(&wanted), "{} throws {code}, which nothing does", record.qualified());
        }
    }
}

/// Each function that we register has a record that takes as many arguments, and each record is registered.
#[test]
fn records_and_registered_functions_are_the_same() {
    let (_runtime, host) = host();
    let bare = rhai::Engine::new();
    let name_of = |f: rhai::FuncInfo<'_>| {
        let method = match f.metadata.param_types.first() {
            Some(first) if *first == TypeId::of::<Node>() => "node.",
            Some(first) if *first == TypeId::of::<Cluster>() => "cluster.",
            _ if ["to_json", "to_yaml"].contains(&f.metadata.name.as_str()) => "value.",
            _ => "",
        };
        let name = f.metadata.name.as_str();
        let name = name.strip_prefix("get$").unwrap_or(name);
        // a function may take an object and be no method of it
        let count = f.metadata.num_params;
        let is_function = !f.metadata.name.starts_with("get$")
            && records().any(|r| r.module.is_empty() && r.name == name && r.arity() == (count, Some(count)));
        let method = if is_function { "" } else { method };
        let space = if f.namespace.is_empty() { String::new() } else { format!("{}::", f.namespace) };
        let given = count - usize::from(!method.is_empty());
        Some((format!("{space}{method}{name}"), (f.metadata.name.starts_with("get$"), given)))
    };
    let theirs: BTreeSet<_> = bare.collect_fn_metadata(None, name_of, true).into_iter().collect();
    let mut ours: BTreeMap<String, Vec<(bool, usize)>> = BTreeMap::new();
    for (name, form) in host.rhai().collect_fn_metadata(None, name_of, true) {
        let bare_name = name.rsplit(['.', ':']).next().unwrap_or(&name).to_owned();
        let replaces = matches!((name.as_str(), form.1), ("sleep" | "exit", 1) | ("value.to_json", 0));
        if replaces
            || !theirs.contains(&(name.clone(), form)) && !UNDER_THE_HOOD.contains(&bare_name.as_str())
        {
            ours.entry(name).or_default().push(form);
        }
    }
    let recorded: BTreeSet<String> = records().map(Record::qualified).collect();
    let registered: BTreeSet<String> = ours.keys().cloned().collect();
    let differ: Vec<_> = recorded.symmetric_difference(&registered).collect();
    assert!(differ.is_empty(), "{differ:?}");
    for record in records() {
        let (least, most) = record.arity();
        let forms = &ours[&record.qualified()];
        for (is_property, count) in forms {
            assert_eq!(*is_property, record.is_property(), "{}", record.qualified());
            let fits = *count >= least && most.is_none_or(|most| *count <= most);
            assert!(fits, "{} is registered with {count} parameters", record.qualified());
        }
        for wanted in least..=most.unwrap_or(least) {
            assert!(
                forms.iter().any(|(_, n)| *n == wanted),
                "{} with {wanted} is not registered",
                record.qualified()
            );
        }
    }
}

/// The keys that records list are those that the API takes.
#[test]
fn keys_are_those_of_the_types_behind() {
    fn fields<T: serde::Serialize + Default>() -> Vec<String> {
        serde_json::to_value(T::default()).unwrap().as_object().unwrap().keys().cloned().collect()
    }
    for (name, theirs) in [
        ("engine::create", fields::<crate::engine::ContainerSpec>()),
        ("engine::run", fields::<crate::engine::ContainerSpec>()),
        ("engine::create_network", fields::<crate::engine::NetworkSpec>()),
        ("kubeadm::config", fields::<crate::kubeadm::NodeConfig>()),
        ("image::pack", fields::<crate::image::Spec>()),
        ("image::from_node", fields::<crate::image::Config>()),
    ] {
        let record = records().find(|r| r.qualified() == name).unwrap();
        let mut ours: Vec<String> = record.keys().into_iter().map(|(key, _)| key.to_owned()).collect();
        let mut theirs = theirs;
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{name}");
    }
}
