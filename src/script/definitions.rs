//! Definition files in the format of the Rhai language server: what each function takes, so that editors with that
//! server know the API. Made from the records.

use super::check::forms;
use super::record::{Record, records};
use super::types::Type;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Names and texts of all files: Rhai's own functions, ours, and one for each module.
pub fn files() -> Vec<(String, String)> {
    let rhai = rhai::Engine::new();
    let mut files: Vec<(String, String)> = rhai.definitions().iter_files().collect();
    let mut ours: BTreeMap<&str, String> = BTreeMap::new();
    for record in records() {
        let module = if record.is_method() { "" } else { record.module };
        let text = ours.entry(module).or_insert_with(|| match module {
            "" => "module static;\n".to_owned(),
            name => format!("module {name};\n"),
        });
        function(text, record);
    }
    files.extend(ours.into_iter().map(|(module, text)| match module {
        "" => ("kind.d.rhai".to_owned(), text),
        name => (format!("{name}.d.rhai"), text),
    }));
    files
}

/// A function in all the ways in which it can be called.
fn function(text: &mut String, record: &Record) {
    let (least, most) = record.arity();
    // what may come several times is written with up to three
    for count in least..=most.unwrap_or(least + 3) {
        for form in forms(record, count) {
            let mut parameters: Vec<String> = Vec::new();
            if record.is_method() {
                parameters.push(format!("this: {}", record.module));
            }
            let mut seen = BTreeMap::new();
            for (_, parameter) in &form {
                let times: &mut usize = seen.entry(parameter.name).or_default();
                *times += 1;
                let number = if *times > 1 { times.to_string() } else { String::new() };
                parameters.push(format!("{}{number}: {}", parameter.name, written(&parameter.kind)));
            }
            let get = if record.is_property() { "get " } else { "" };
            let returns = written(&record.returned());
            let _ = write!(text, "\n/// {}\n", record.doc);
            if !record.options.is_empty() {
                let _ = writeln!(text, "///\n/// Keys: {}", record.options);
            }
            let _ = write!(text, "///\n/// Throws: {}\n///\n/// `{}`\n", record.throws, record.example);
            let _ = writeln!(text, "fn {get}{}({}) -> {returns};", record.name, parameters.join(", "));
        }
    }
}

/// A type in the words of definition files.
fn written(kind: &Type) -> String {
    match kind {
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Float => "float".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "String".to_owned(),
        Type::Blob => "Blob".to_owned(),
        Type::Array(_) => "Array".to_owned(),
        Type::Map | Type::Object(_) => "Map".to_owned(),
        Type::Closure(_) => "FnPtr".to_owned(),
        Type::Named(name) => name.clone(),
        Type::Unit => "()".to_owned(),
        Type::Seconds => "int | float | String".to_owned(),
        Type::Either(parts) => parts.iter().map(written).collect::<Vec<_>>().join(" | "),
        Type::Any | Type::Never | Type::Range => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_in_the_file_of_its_module() {
        let files: BTreeMap<String, String> = files().into_iter().collect();
        for record in records() {
            let file = match record.module {
                module if record.is_method() || module.is_empty() => "kind.d.rhai".to_owned(),
                module => format!("{module}.d.rhai"),
            };
            let get = if record.is_property() { "get " } else { "" };
            let wanted = format!("\nfn {get}{}(", record.name);
            assert!(files[&file].contains(&wanted), "{} is not in {file}", record.qualified());
        }
        let ours = &files["kind.d.rhai"];
        assert!(ours.starts_with("module static;\n"));
        assert!(
            ours.contains("fn exec(this: Node, program: String | Array, arguments: ?, options: Map) -> Map;"),
            "{ours}"
        );
        assert!(files["host.d.rhai"].contains("fn write(path: String, text: String, mode: int) -> ();"));
        assert!(files["__builtin__.d.rhai"].contains("print"));
    }
}
