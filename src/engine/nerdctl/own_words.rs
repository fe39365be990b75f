//! nerdctl writes its own last words where the command's errors go: how they are told apart.

use super::errors::{OWN, message};

/// What comes on standard error. What may be nerdctl's own last line is held back.
#[derive(Default)]
pub(super) struct OwnWords {
    held: Vec<u8>,
}

/// What nerdctl's last words say of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ended with this code.
    Code(i64),
    /// The runtime could not start it, for this reason.
    NotStarted(i64, String),
    /// nerdctl failed itself.
    Failed(String),
}

impl OwnWords {
    /// Takes what came; gives what of it the command wrote for sure.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mark = OWN.as_bytes();
        let begins = self.held.windows(mark.len()).rposition(|window| window == mark).filter(|at| {
            // nothing comes after its line
            !self.held[*at..self.held.len() - 1].contains(&b'\n')
        });
        let keep = begins.map_or_else(
            || (1..mark.len()).rev().find(|n| self.held.ends_with(&mark[..*n])).unwrap_or(0),
            |at| self.held.len() - at,
        );
        let rest = self.held.split_off(self.held.len() - keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// What was held back.
    pub(super) fn rest(self) -> Vec<u8> {
        self.held
    }

    /// What nerdctl said at its end, when it failed; what is not its own is the command's.
    pub(super) fn verdict(self) -> Result<Verdict, Vec<u8>> {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        match message(&text).filter(|_| text.contains(" level=fatal ") || text.contains(" level=error ")) {
            Some(said) => Ok(verdict_of(said)),
            None => Err(self.held),
        }
    }
}

fn verdict_of(said: String) -> Verdict {
    if let Some(code) =
        said.strip_prefix("exec failed with exit code ").and_then(|code| code.trim().parse().ok())
    {
        return Verdict::Code(code);
    }
    if !said.starts_with("OCI runtime exec failed") {
        return Verdict::Failed(said);
    }
    // as shells and Docker count them
    let missing = said.contains("executable file not found") || said.contains("no such file or directory");
    Verdict::NotStarted(if missing { 127 } else { 126 }, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_nerdctls_in_any_pieces() {
        let whole = b"time flies\ntime=\"1\" level=info msg=mine\nopentime=\"2\" level=fatal msg=\"exec failed with exit code 3\"\n";
        for size in 1..whole.len() {
            let mut words = OwnWords::default();
            let written: Vec<u8> = whole.chunks(size).flat_map(|piece| words.add(piece)).collect();
            let written = String::from_utf8(written).unwrap();
            assert_eq!(written, "time flies\ntime=\"1\" level=info msg=mine\nopen", "in pieces of {size}");
            assert_eq!(words.verdict(), Ok(Verdict::Code(3)));
        }
    }

    #[test]
    fn what_cannot_be_started_has_a_code_of_its_own() {
        let prefix =
            "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nope\": ";
        let verdict = |said: &str| verdict_of(format!("{prefix}{said}"));
        assert!(matches!(verdict("executable file not found in $PATH"), Verdict::NotStarted(127, _)));
        assert!(matches!(verdict("permission denied"), Verdict::NotStarted(126, _)));
        assert!(matches!(verdict_of("no running task found".into()), Verdict::Failed(_)));
        let mut words = OwnWords::default();
        assert!(words.add(b"time=\"x").is_empty());
        assert_eq!(words.verdict(), Err(b"time=\"x".to_vec()));
    }
}
