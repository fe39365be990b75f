use super::*;
use crate::event::Bus;
use crate::script::{Run, RunOptions, on_script_thread};

/// Findings as `line:column code message`, and hints in brackets.
fn found(script: &str) -> Vec<String> {
    found_in("test.rhai", script)
}

fn found_in(name: &str, script: &str) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let run = Run::new(
        runtime.handle().clone(),
        Bus::silent(),
        RunOptions { allow_host: true, ..Default::default() },
        None,
    );
    let host = Host::new(run);
    let report = on_script_thread(|| Ok(Checker::new(&host).check(name, script))).unwrap();
    let hint = |f: &Finding| f.hint.as_ref().map_or_else(String::new, |hint| format!(" [{hint}]"));
    report.findings.iter().map(|f| format!("{} {} {}{}", f.place(), f.code, f.message, hint(f))).collect()
}

#[track_caller]
fn only(script: &str, wanted: &str) {
    assert_eq!(found(script), [wanted], "{script}");
}

#[track_caller]
fn clean(script: &str) {
    assert_eq!(found(script), [""; 0], "{script}");
}

#[test]
fn values_that_are_none() {
    only(
        "let n = cluster(\"a\").nodes[0]; let x = n.read(\"/x\").trim(); print(x);",
        "1:36 no-value x becomes (): what is called last changes its text or list in place [let x = …; and then \
         x.trim() or the like]",
    );
    clean("let n = cluster(\"a\").nodes[0]; let x = n.read(\"/x\"); x.trim(); print(x);");
}

#[test]
fn functions_that_hide_those_of_the_api() {
    only(
        "fn join(c, n) { print(n.name); c } join(cluster(\"a\"), 1);",
        "1:4 hidden-function join(c, n) takes the place of the function join, in the library too [give it another name]",
    );
    only(
        "/// For importers.\nfn join(c, n) { print(n); c }",
        "2:4 hidden-function join(c, n) takes the place of the function join, in all that this module's functions call \
         [give it another name]",
    );
    clean("fn join(n) { n } print(join(1));");
}

#[test]
fn functions_that_hide_methods() {
    only(
        "fn write(n, number) { n.sh(`echo ${number}`) } write(cluster(\"a\").nodes[0], 1);",
        "1:4 hidden-method write(n, number) takes the place of the method write, on nodes and clusters and in the \
         library too [give it another name]",
    );
    clean("fn write(number) { number } print(write(1));");
    only(
        "/// For importers.\nfn write(n, number) { n.sh(`echo ${number}`) }",
        "2:4 hidden-method write(n, number) takes the place of the method write, on nodes and clusters, in all that \
         this module's functions call [give it another name]",
    );
    only(
        "/// For importers.\nfn trim(text) { text } fn all(list) { list.map(|text| trim(text)) }",
        "2:55 method-name trim(text) may not be found: where a method trim is called, Rhai can take one for the other \
         [give the function another name]",
    );
    clean(
        "/// For importers.\nfn trim(text, more) { text + more } fn all(list) { list.map(|text| trim(text, 1)) }",
    );
}

#[test]
fn names_that_nothing_has() {
    only(
        "let nodes = 1; print(nodse); print(nodes);",
        "1:22 unknown-variable there is no variable nodse [did you mean nodes?]",
    );
    only(
        "paralel([1], |x| x);",
        "1:1 unknown-function there is no function paralel [did you mean parallel?]",
    );
    only(
        "let c = cluster(\"a\"); c.workrs.len();",
        "1:25 unknown-property a Cluster has no workrs [did you mean workers?]",
    );
    only(
        "cluster(\"a\").control_plane.exe(\"ls\");",
        "1:28 unknown-method a Node has no method exe [did you mean exec?]",
    );
    only("imag::pull(\"x\");", "1:1 unknown-module there is no module imag [did you mean image?]");
    only(
        "image::pul(\"x\");",
        "1:8 unknown-function the module image has no function pul [did you mean image::pull?]",
    );
    only(
        "const A = 1; fn f() { A } f(); print(A);",
        "1:23 unknown-variable there is no variable A [functions reach the script's constants as global::A]",
    );
    only(
        "let a = 1; fn f() { a } f(); print(a);",
        "1:21 unknown-variable there is no variable a \
         [functions see none of the script's variables; hand it over as a parameter]",
    );
}

#[test]
fn numbers_and_types_of_arguments() {
    only(
        "retry(3, || 1);",
        "1:1 arguments retry does not take 2 arguments \
         [it is retry(times: int, pause: seconds, body: closure()) -> value of body]",
    );
    only(
        "retry(\"3\", 1, || 1);",
        "1:7 type times of retry is int, not string \
         [it is retry(times: int, pause: seconds, body: closure()) -> value of body]",
    );
    only(
        "let c = cluster(\"a\"); c.wait_ready([1]);",
        "1:36 type limit of cluster.wait_ready is seconds, not array of int \
         [it is wait_ready(limit: seconds) -> float]",
    );
    only("fn f(a, b) { a + b } f(1);", "1:22 arguments f(a, b) does not take 1 argument");
    only(
        "parallel([1], |a, b| a + b);",
        "1:15 type call of parallel is closure(item), not closure of 2 parameters \
         [it is parallel(list: array, call?: closure(item)) -> array]",
    );
    clean("step(\"a\", cluster(\"a\").nodes, || 1); step(\"a\", \"t\", [], || 1); step(\"a\", || 1);");
    clean(
        "let n = cluster(\"a\").nodes[0]; n.exec(\"a\", 1, [2], #{quiet: true}); n.exec([\"a\"]); sleep(0.5);",
    );
}

#[test]
fn keys_of_options() {
    only(
        "cluster(\"a\").nodes[0].exec(\"a\", #{stdn: \"x\"});",
        "1:35 unknown-key node.exec has no option stdn [did you mean stdin?]",
    );
    only(
        "cluster(\"a\").nodes[0].exec(\"a\", #{quiet: 1});",
        "1:42 type the option quiet of node.exec is bool, not int",
    );
    only(
        "let o = cluster(\"a\").nodes[0].sh(\"a\").stdout; print(o);",
        "1:39 unknown-property there is no property stdout here [this is of type string]",
    );
    only(
        "print(cluster(\"a\").nodes[0].exec(\"a\").stdot);",
        "1:39 unknown-key this map has no stdot [did you mean stdout?]",
    );
    only(
        "print(cluster(\"a\").nodes.name);",
        "1:26 unknown-property there is no property name here \
         [this is an array of Node; [0].name asks the first, .map(|x| x.name) all of them]",
    );
    only(
        "print(cluster(\"a\").nodes());",
        "1:20 unknown-method nodes of a Cluster takes no arguments [write nodes without brackets: it is a property]",
    );
}

#[test]
fn what_is_never_reached_or_read() {
    only("fn f() { return 1; print(2); } f();", "1:20 unreachable this is never reached");
    only(
        "fn f(a) { if a { throw 1; } else { fail(\"x\"); } print(2); } f(true);",
        "1:49 unreachable this is never reached",
    );
    only("fn f() { loop { print(1); } print(2); } f();", "1:29 unreachable this is never reached");
    clean("fn f() { loop { break; } print(2); } f();");
    only(
        "let a = 1;",
        "1:5 unused-variable the variable a is never read [remove it, or call it _a if that is meant]",
    );
    only(
        "let a = 1; a = 2;",
        "1:5 unused-variable the variable a is never read [remove it, or call it _a if that is meant]",
    );
    only("import \"std/node\" as node_of;", "1:22 unused-import the module node_of is never used");
    clean(
        "let a = 1; let f = || a; f.call(); for i in 0..2 {} const B = 1; fn g() { global::B } g(); let _x = 1;",
    );
    clean("let list = [1]; print(`${list.len()}`); let m = #{}; m.x = 1; print(m.x);");
}

#[test]
fn imports() {
    only(
        "import \"std/nod\" as n; n::x();",
        "1:8 import the standard library has no module \"nod\"; did you mean \"node\"?",
    );
    assert!(found("import \"none\" as n; n::x();")[0].starts_with("1:8 import "));
    only(
        "import \"std/node\" as n; n::bot(1);",
        "1:28 missing-export std/node.rhai has no function bot [did you mean n::boot?]",
    );
    only("import \"std/node\" as n; n::boot();", "1:28 arguments n::boot(n) does not take 0 arguments");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, text: &str| {
        crate::host::fs::write(&folder.path().join(name), text.as_bytes(), 0o644).unwrap();
    };
    write("a.rhai", "import \"b\" as b; b::g();");
    write("b.rhai", "import \"a\" as a; fn g() { a::f(); }");
    let told = found_in(&file("a.rhai"), "import \"b\" as b; b::g();");
    assert!(
        told.len() == 1 && told[0].starts_with("1:8 import-circle the imports go in a circle: "),
        "{told:?}"
    );
    write("c.rhai", "fn (");
    let told = found_in(&file("d.rhai"), "import \"c\" as c; c::g();");
    assert!(told[0].starts_with("1:8 import 1:4 of "), "{told:?}");
}

#[test]
fn what_parallel_would_lose() {
    let hint = "[return what is wanted: parallel gives back a list of what its calls returned]";
    let lost = |place: &str| {
        format!(
            "{place} parallel-write a closure of parallel changes all, which only its own copy will show {hint}"
        )
    };
    only("let all = []; parallel([1], |x| all.push(x)); print(all);", &lost("1:37"));
    only("let all = 0; parallel([1], |x| { all += x; }); print(all);", &lost("1:34"));
    only("let all = #{}; parallel([|| { all.a = 1; }]); print(all);", &lost("1:31"));
    clean(
        "let r = parallel([1], |x| { let all = []; all.push(x); all }); print(r); let o = []; step(\"a\", || o.push(1));",
    );
}

#[test]
fn syntax() {
    let told = found("let = 3;");
    assert!(told.len() == 1 && told[0].starts_with("1:5 syntax "), "{told:?}");
    clean("#!/usr/bin/env -S kind run\nprint(1);");
}

#[test]
fn surprises_of_rhai() {
    only("let t = \" a \"; t.zzzzzz();", "1:18 unknown-method what is of type string has no method zzzzzz");
    clean(
        "let t = \" a \"; t.trim(); print(t); let m = #{f: || 1}; m.f(); try { print(1); } catch (e) { print(e.code); }",
    );
    clean("let c = cluster(\"a\"); print(c.to_json()); print(c.nodes.to_yaml()); print([1].to_json());");
    only(
        "print(\"a\".exec(\"b\"));",
        "1:11 unknown-method what is of type string has no method exec [it is a method of a Node]",
    );
    clean("switch 3 { 1 => print(1), _ => print(2) } let x = if true { 1 } else { 2 }; print(x ?? 3);");
}

/// What we ship has no findings.
#[test]
fn our_own_scripts_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut told = Vec::new();
    for folder in ["stdlib", "scripts", "tests/stdlib"] {
        for file in scripts(&root.join(folder)).unwrap() {
            let text = crate::host::fs::read_to_string(&file).unwrap();
            let name = file.display().to_string();
            told.extend(found_in(&name, &text).into_iter().map(|f| format!("{name}:{f}")));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Rhai 1.27 remembers what an unqualified name with so many arguments means, and does not forget it in a function of
/// another module: so that, by chance, the function of the one is called in the other.
#[test]
fn no_two_scripts_of_the_library_call_functions_of_their_own_by_one_name() {
    use crate::script::lexer::{Kind, tokens};
    use std::collections::BTreeMap;
    let mut callers: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
    let parser = parser();
    for module in crate::script::stdlib::Places::new(None).list() {
        let text = Arc::new(Text::new(&module.name, &module.text));
        let parsed = parsed::Parsed::new(&parser, &text).unwrap();
        let marks: Vec<_> = tokens(&module.text).into_iter().filter(|token| !token.is_blank()).collect();
        for function in &parsed.functions {
            let called = marks.windows(3).any(|three| {
                let [before, name, after] = three else { return false };
                let own = !(before.is(".") || before.is("?.") || before.is("::") || before.text == "fn");
                own && name.kind == Kind::Name && name.text == function.name && after.is("(")
            });
            if called {
                let key = (function.name.clone(), function.parameters.len());
                callers.entry(key).or_default().push(module.name.clone());
            }
        }
    }
    callers.retain(|_, modules| modules.len() > 1);
    assert!(callers.is_empty(), "{callers:?}");
}
