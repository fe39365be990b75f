//! Programs of the host, run with their output streamed; they and their children end when the caller leaves.

use crate::error::{Context, Error, Result};
use crate::event::Stream;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};

/// A program to run.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Program and arguments; no shell is put in front.
    pub argv: Vec<String>,
    /// Working directory; this process's when none.
    pub cwd: Option<PathBuf>,
    /// Environment added to this process's.
    pub env: BTreeMap<String, String>,
    /// Standard input; closed when none.
    pub stdin: Option<Vec<u8>>,
    /// Whether the environment is `env` alone.
    pub clean_env: bool,
}

/// What a finished program left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Exit code; 128 + n when signal n ended it.
    pub code: i64,
    /// Standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

/// Ends the process group when dropped before the program has ended.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::TERM);
        }
    }
}

/// Runs a program; `line` gets each line of output as it comes. Any exit code is fine.
pub async fn run(command: &Command, line: &(dyn Fn(Stream, &str) + Send + Sync)) -> Result<Output> {
    let program = command
        .argv
        .first()
        .ok_or_else(|| Error::user("host.no_program", "an empty list names no program"))?;
    let mut process = tokio::process::Command::new(program);
    if command.clean_env {
        process.env_clear();
    }
    process
        .args(&command.argv[1..])
        .envs(&command.env)
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(cwd) = &command.cwd {
        process.current_dir(cwd);
    }
    let mut child = process.spawn().map_err(|e| {
        let error = Error::user("host.cannot_run", format!("cannot run {program}")).because(e);
        if which(program).is_none() {
            error.hint(format!("is {program} installed and in PATH?"))
        } else {
            error
        }
    })?;
    let mut group = Group(child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())));
    let stdin = child.stdin.take().zip(command.stdin.clone());
    let feed = async move {
        if let Some((mut pipe, bytes)) = stdin {
            // A program that does not read all of its input is no error of ours.
            let _ = pipe.write_all(&bytes).await;
        }
    };
    let stdout = collect(child.stdout.take(), Stream::Stdout, line);
    let stderr = collect(child.stderr.take(), Stream::Stderr, line);
    let (status, (), stdout, stderr) = tokio::join!(child.wait(), feed, stdout, stderr);
    group.0 = None;
    let status = status.map_err(|e| Error::user("host.wait", format!("lost {program}")).because(e))?;
    let code = status.code().map_or_else(
        || 128 + i64::from(std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)),
        i64::from,
    );
    Ok(Output { code, stdout, stderr })
}

async fn collect<R: AsyncRead + Unpin>(
    pipe: Option<R>,
    stream: Stream,
    line: &(dyn Fn(Stream, &str) + Send + Sync),
) -> String {
    let mut all = String::new();
    let Some(pipe) = pipe else { return all };
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).await.is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&bytes);
        line(stream, text.trim_end_matches(['\n', '\r']));
        all.push_str(&text);
        bytes.clear();
    }
    all
}

/// Bytes of memory that programs could take now, where the system tells.
pub fn available_memory() -> Option<u64> {
    let text = super::fs::read_to_string(std::path::Path::new("/proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// A command line quoted for a shell.
pub fn quote(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" "))
}

/// Turns a non-zero exit code into an error.
pub fn check(command: &Command, output: Output) -> Result<Output> {
    if output.code == 0 {
        return Ok(output);
    }
    let program = command.argv.first().map_or("program", String::as_str);
    Err(Error::user("host.failed", format!("{program} ended with exit code {}", output.code)).with_context(
        Context {
            node: None,
            command: Some(crate::event::without_secrets(&quote(&command.argv))),
            exit_code: Some(output.code),
            stdout: Some(output.stdout),
            stderr: Some(output.stderr),
            place: None,
        },
    ))
}

fn pid_of(pid: i64) -> Option<rustix::process::Pid> {
    i32::try_from(pid).ok().filter(|p| *p > 0).and_then(rustix::process::Pid::from_raw)
}

/// Whether a process runs (and is not a finished one that nobody waited for).
pub fn alive(pid: i64) -> bool {
    let Some(pid) = pid_of(pid) else { return false };
    if rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    let stat =
        super::fs::read_to_string(std::path::Path::new(&format!("/proc/{}/stat", pid.as_raw_nonzero())));
    stat.map_or(true, |text| !text.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}

/// Sends a signal to a process; false when it is gone.
pub fn kill(pid: i64, signal: &str) -> Result<bool> {
    use rustix::process::Signal;
    let signal = match signal.trim_start_matches("SIG") {
        "TERM" => Signal::TERM,
        "KILL" => Signal::KILL,
        "INT" => Signal::INT,
        "HUP" => Signal::HUP,
        "USR1" => Signal::USR1,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        other => return Err(Error::user("host.signal", format!("there is no signal {other:?}"))),
    };
    let Some(pid) = pid_of(pid) else { return Ok(false) };
    match rustix::process::kill_process(pid, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(e) => {
            Err(Error::user("host.signal", format!("cannot signal process {}", pid.as_raw_nonzero()))
                .because(e))
        }
    }
}

/// The file behind a program's name, looked for in `PATH`.
pub fn which(program: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let usable = |p: &PathBuf| p.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(usable);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join(program)).find(usable)
}
