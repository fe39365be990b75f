//! What is run: every test for every combination of image and parameters, in batches that each have one cluster.

use super::file::{Needs, TestFile};
use crate::error::Result;
use crate::script::Host;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What the command line adds to every file's own matrix; of equal keys these count.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Node images, for tests that have a cluster.
    pub images: Vec<String>,
    /// Further parameters with their values.
    pub params: Vec<(String, Vec<Value>)>,
}

/// One combination.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// The node image; none leaves it to the config.
    pub image: Option<String>,
    /// The parameters.
    pub params: Map<String, Value>,
}

impl Choice {
    /// ` [image=…, key=value]`; empty when nothing was chosen.
    pub fn suffix(&self) -> String {
        let mut parts: Vec<String> = self.image.iter().map(|image| format!("image={image}")).collect();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        parts.extend(self.params.iter().map(|(key, value)| format!("{key}={}", text(value))));
        if parts.is_empty() { String::new() } else { format!(" [{}]", parts.join(", ")) }
    }
}

/// Tests of one file with one combination.
#[derive(Clone)]
pub struct Part {
    /// The file.
    pub file: Arc<TestFile>,
    /// The combination.
    pub choice: Choice,
    /// Indices of its tests.
    pub tests: Vec<usize>,
}

/// Parts that run one after another on one cluster, or without one.
#[derive(Clone)]
pub struct Planned {
    /// Which cluster.
    pub needs: Needs,
    /// Its node image.
    pub image: Option<String>,
    /// What runs on it.
    pub parts: Vec<Part>,
}

/// All that is to run.
#[derive(Clone, Default)]
pub struct Plan {
    /// In the order they are begun.
    pub batches: Vec<Planned>,
}

impl Plan {
    /// How many files there are.
    pub fn files(&self) -> usize {
        let mut paths: Vec<_> = self.tests().map(|(file, _, _)| &file.path).collect();
        paths.sort();
        paths.dedup();
        paths.len()
    }

    /// Every test as file, test and combination.
    pub fn tests(&self) -> impl Iterator<Item = (&Arc<TestFile>, &super::Test, &Choice)> {
        self.batches.iter().flat_map(|batch| &batch.parts).flat_map(|part| {
            part.tests.iter().map(|index| (&part.file, &part.file.tests[*index], &part.choice))
        })
    }
}

/// Every combination of `axes`, the last one changing fastest.
fn combinations(axes: &[(String, Vec<Value>)]) -> Vec<Map<String, Value>> {
    axes.iter().fold(vec![Map::new()], |all, (key, values)| {
        let with = |chosen: &Map<String, Value>, value: &Value| {
            let mut chosen = chosen.clone();
            chosen.insert(key.clone(), value.clone());
            chosen
        };
        all.iter().flat_map(|chosen| values.iter().map(move |value| with(chosen, value))).collect()
    })
}

/// Plans the tests for which `wanted` (its file's name and its own name with the combination) holds.
pub fn plan(
    host: &Host,
    files: &[(Arc<TestFile>, Option<String>)],
    matrix: &Matrix,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Plan> {
    let mut batches: Vec<Planned> = Vec::new();
    for (file, only) in files {
        let mut axes = file.matrix.clone();
        for (key, values) in &matrix.params {
            match axes.iter_mut().find(|(own, _)| own == key) {
                Some((_, own)) => own.clone_from(values),
                None => axes.push((key.clone(), values.clone())),
            }
        }
        let images: Vec<Value> = matrix.images.iter().cloned().map(Value::from).collect();
        if !images.is_empty() {
            axes.retain(|(key, _)| key != "image");
            axes.insert(0, ("image".to_owned(), images));
        }
        for mut params in combinations(&axes) {
            let image = params.shift_remove("image").and_then(|image| image.as_str().map(str::to_owned));
            let needs = file.needs(host, &Value::Object(params.clone()))?;
            let image = image.filter(|_| needs.scope != "none");
            let choice = Choice { image, params };
            let named = |index: &usize| {
                let test = &file.tests[*index];
                only.as_ref().is_none_or(|only| *only == test.name)
                    && wanted(&format!("{}::{}{}", file.name(), test.name, choice.suffix()))
            };
            let tests: Vec<usize> = (0..file.tests.len()).filter(named).collect();
            add(&mut batches, file, &needs, &choice, tests);
        }
    }
    // those that many wait for come first; the order is kept otherwise
    batches.sort_by_key(|batch| batch.needs.scope != "shared");
    Ok(Plan { batches })
}

fn add(batches: &mut Vec<Planned>, file: &Arc<TestFile>, needs: &Needs, choice: &Choice, tests: Vec<usize>) {
    let part = |tests| Part { file: file.clone(), choice: choice.clone(), tests };
    let batch = |parts| Planned { needs: needs.clone(), image: choice.image.clone(), parts };
    if tests.is_empty() {
        return;
    }
    match needs.scope.as_str() {
        "test" => batches.extend(tests.into_iter().map(|test| batch(vec![part(vec![test])]))),
        "shared" => {
            match batches.iter_mut().find(|other| other.needs == *needs && other.image == choice.image) {
                Some(other) => {
                    // without a cluster of its own, an image makes no second combination
                    let twice = other.parts.iter().any(|p| Arc::ptr_eq(&p.file, file) && p.choice == *choice);
                    if !twice {
                        other.parts.push(part(tests));
                    }
                }
                None => batches.push(batch(vec![part(tests)])),
            }
        }
        scope => {
            let twice = |other: &Planned| {
                scope == "none"
                    && other
                        .parts
                        .iter()
                        .any(|p| Arc::ptr_eq(&p.file, file) && p.choice == *choice && p.tests == tests)
            };
            if !batches.iter().any(twice) {
                batches.push(batch(vec![part(tests)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_all_of_them_in_order() {
        let axes =
            [("a".to_owned(), vec![1.into(), 2.into()]), ("b".to_owned(), vec!["x".into(), "y".into()])];
        let suffix = |params| Choice { image: None, params }.suffix();
        let all: Vec<String> = combinations(&axes).into_iter().map(suffix).collect();
        assert_eq!(all, [" [a=1, b=x]", " [a=1, b=y]", " [a=2, b=x]", " [a=2, b=y]"]);
        assert_eq!(combinations(&[]), [Map::new()]);
        let image = Choice { image: Some("node:1".to_owned()), params: Map::new() };
        assert_eq!((image.suffix().as_str(), Choice::default().suffix().as_str()), (" [image=node:1]", ""));
    }
}
