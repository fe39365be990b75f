//! The version, in the three forms upstream prints its own; scripts cut them apart at the spaces.

/// `0.1.0`, what `kind version -q` prints.
pub fn short() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// `kind version 0.1.0`, what `kind --version` prints.
pub fn flag() -> String {
    format!("kind version {}", short())
}

/// `kind v0.1.0 rust linux/amd64`, what `kind version` prints. System and architecture have the names that engines
/// and images use.
pub fn long() -> String {
    format!("kind v{} rust {}", short(), platform())
}

/// `linux/amd64`
pub fn platform() -> String {
    format!("{}/{}", system(std::env::consts::OS), crate::arch::of_host())
}

fn system(rust: &str) -> &str {
    match rust {
        "macos" => "darwin",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_upstreams() {
        assert_eq!(flag(), format!("kind version {}", short()));
        let words: Vec<String> = long().split(' ').map(str::to_owned).collect();
        assert_eq!(words[..3], ["kind", &format!("v{}", short()), "rust"]);
        assert_eq!((system("macos"), system("linux")), ("darwin", "linux"));
    }
}
