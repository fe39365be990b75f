//! Commands on nodes: `!LINE`, whose output comes as it is written, and `.shell`, which has a terminal.

use super::super::complete::paths_on_node;
use super::ScriptSession;
use crate::engine::{ExecIo, ExecSpec};
use crate::error::{Error, Result};
use crate::event::Stream;
use crate::node::{Node, args};
use crate::repl::{Candidate, Output, tty};

/// bash where there is one.
const SHELL: &str = "command -v bash >/dev/null && exec bash -l; exec sh -l";

/// Runs a shell's line on the node in use.
pub fn line(session: &mut ScriptSession, line: &str, output: &Output<'_>) -> Result<()> {
    if line.is_empty() {
        return Err(Error::user("repl.command", "! needs a command").hint("!ls /kind"));
    }
    let fresh = session.focus.is_none();
    let node = session.node_in_use()?;
    if fresh {
        (output.write)(Stream::Stderr, format!("on {}\n", node.name).as_bytes());
    }
    let spec = ExecSpec { command: args(&["sh", "-c", line]), ..Default::default() };
    let io = ExecIo { output: Some(output.write), discard: true, ..Default::default() };
    let code = session.interruptible(|me| me.host.run().block(node.try_exec_io(&spec, io)))?.code;
    tell(output, code);
    Ok(())
}

/// Runs a shell or a command with a terminal on a node, until it ends.
pub fn shell(session: &ScriptSession, node: &Node, words: &[String], output: &Output<'_>) -> Result<()> {
    let mut command = args(&["sh", "-c", SHELL]);
    if !words.is_empty() {
        command = words.to_vec();
    }
    let mut spec = ExecSpec { command, tty: true, ..Default::default() };
    let terminal = std::env::var("TERM").unwrap_or_else(|_| "xterm".to_owned());
    spec.env.insert("TERM".to_owned(), terminal);
    let mut tty = tty::Tty::take()?;
    let run = session.host.run();
    let sizes = {
        let _inside = run.runtime().enter();
        tty::sizes()
    };
    let io =
        ExecIo { stdin: Some(tty.keys()), output: Some(output.write), discard: true, sizes: Some(sizes) };
    let ended = session.interruptible(|me| me.host.run().block(node.try_exec_io(&spec, io)));
    drop(tty);
    tell(output, ended?.code);
    Ok(())
}

impl ScriptSession {
    /// What could stand at the end of a `!` line: a path on the node in use.
    pub(super) fn complete_on_node(&self, head: &str) -> (usize, Vec<Candidate>) {
        let node = self.focus.as_ref().map(|focus| focus.node.name.clone());
        // of the only cluster, the first node is meant
        let node = node.or_else(|| self.live.nodes().into_iter().next().map(|node| node.name));
        self.paths_on(node.as_deref(), head)
    }

    /// The same behind `.shell NODE`.
    pub(super) fn complete_path_on(&self, text: &str) -> (usize, Vec<Candidate>) {
        self.paths_on(text.split(' ').next(), text)
    }

    fn paths_on(&self, node: Option<&str>, head: &str) -> (usize, Vec<Candidate>) {
        let typed = head.rsplit([' ', '=', '>', '<', '|', ';', '!']).next().unwrap_or_default();
        let found =
            node.filter(|_| typed.starts_with('/')).map(|node| paths_on_node(&self.live, node, typed));
        (head.len() - typed.len(), found.unwrap_or_default())
    }
}

/// A command that failed is no failure of the prompt's.
fn tell(output: &Output<'_>, code: i64) {
    if code != 0 {
        (output.write)(Stream::Stderr, format!("exit code {code}\n").as_bytes());
    }
}
