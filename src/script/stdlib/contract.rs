//! Contracts: what others count on in a script of the library, as a number in its head (`//! Contract: 2`). Someone's own
//! version of a script keeps the number that it was ejected with; `stdlib/contracts.toml` tells what has changed since.

use super::{Module, Place, asset, built_in};
use std::collections::BTreeMap;

/// Notes for who changes from the number before to this one, by script and number.
type Notes = BTreeMap<String, BTreeMap<String, String>>;

/// The number in a script's head; `None` when it has none.
pub fn number(text: &str) -> Option<u32> {
    let mut head = text.lines().map_while(|line| line.strip_prefix("//!"));
    head.find_map(|line| line.trim().strip_prefix("Contract:")?.trim().parse().ok())
}

/// A script in the place of a built-in one whose contract is another one.
#[derive(Debug, PartialEq, Eq)]
pub struct Outdated {
    name: String,
    written_for: u32,
    now: u32,
}

impl Outdated {
    /// Looks at a module; `None` when it is built in, new, without a number, or as it should be.
    pub fn of(module: &Module) -> Option<Self> {
        if module.place == Place::BuiltIn {
            return None;
        }
        let (written_for, now) = (number(&module.text)?, number(&built_in(&module.name)?.text)?);
        (written_for != now).then(|| Self { name: module.name.clone(), written_for, now })
    }

    /// What is the matter, for people.
    pub fn message(&self, file: &str) -> String {
        let Self { name, written_for, now } = self;
        format!("{file} was written for contract {written_for} of std/{name}, which is at {now}")
    }

    /// What to do about it: what has changed, and how to see all of it.
    pub fn hint(&self) -> String {
        let name = &self.name;
        if self.written_for > self.now {
            return format!(
                "take a kind at least as new as the script, or begin anew from kind stdlib show {name}"
            );
        }
        let mut lines: Vec<String> = (self.written_for + 1..=self.now)
            .filter_map(|number| {
                Some(format!("since {number}: {}", notes().get(name)?.get(&number.to_string())?))
            })
            .collect();
        lines.push(format!(
            "kind stdlib diff {name} shows all that differs; when it is mended, write Contract: {} into its head",
            self.now
        ));
        lines.join("\n        ")
    }
}

fn notes() -> Notes {
    let text = asset("stdlib/contracts.toml").and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.and_then(|text| toml::from_str(text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Places;
    use super::*;

    fn module(name: &str, text: &str) -> Module {
        let path = Some(std::path::PathBuf::from("x.rhai"));
        Module { name: name.to_owned(), place: Place::Project, path, text: text.to_owned() }
    }

    #[test]
    fn every_script_has_a_number_and_every_change_of_it_a_note() {
        let notes = notes();
        for module in Places::default().list() {
            let now = number(&module.text).unwrap_or_else(|| panic!("std/{} has no contract", module.name));
            for number in 2..=now {
                let note = notes.get(&module.name).and_then(|of| of.get(&number.to_string()));
                assert!(note.is_some(), "contracts.toml tells nothing of {} {number}", module.name);
            }
        }
        assert!(notes.keys().all(|name| built_in(name).is_some()), "{notes:?}");
    }

    #[test]
    fn an_old_copy_is_told_what_has_changed() {
        let old =
            Outdated::of(&module("create", "//! Ours.\n//!\n//! Contract: 1\n\nfn create() {}\n")).unwrap();
        let now = number(&built_in("create").unwrap().text).unwrap();
        assert!(old.message("x.rhai").contains(&format!("contract 1 of std/create, which is at {now}")));
        assert!(old.hint().starts_with("since 2: hooks have come"), "{}", old.hint());
        let new = Outdated::of(&module("create", "//! Contract: 99")).unwrap();
        assert!(new.hint().contains("at least as new"));
        assert_eq!(Outdated::of(&module("create", "fn create() {}")), None, "nobody said what for");
        assert_eq!(Outdated::of(&module("mine", "//! Contract: 1")), None, "nothing to compare with");
    }
}
