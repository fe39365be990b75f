//! A home of its own for each test, and the program run in it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No command of a test takes longer, unless something hangs.
const LIMIT: Duration = Duration::from_mins(15);

/// A folder that is the whole world of a test as far as the user's files go. Engine and caches are the real ones.
pub struct Home {
    dir: tempfile::TempDir,
}

/// What a command left.
#[derive(Debug)]
pub struct Ran {
    pub args: String,
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("kind-test-").tempdir().unwrap();
        for folder in ["home", "tmp", "work"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Self { dir }
    }

    /// The folder that holds all of it.
    pub fn root(&self) -> PathBuf {
        self.dir.path().to_owned()
    }
    /// The working directory of commands.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }
    /// The folder of temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.dir.path().join("tmp")
    }
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }
    /// The kubeconfig as a value; null when there is none.
    pub fn kubeconfig_value(&self) -> serde_json::Value {
        match std::fs::read_to_string(self.kubeconfig()) {
            Ok(text) => kind::yaml::parse(&text, "kubeconfig").unwrap(),
            Err(_) => serde_json::Value::Null,
        }
    }
    /// Writes a file into the working directory.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }
    /// Names in the folder of temporary files.
    pub fn temporary_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.tmp()).unwrap();
        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    /// The environment of every command: nothing of the caller's but where engine, caches and programs are.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| path.display().to_string();
        let real = std::env::home_dir().unwrap_or_default();
        let mut all = BTreeMap::new();
        for (name, default) in [
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_CACHE_HOME", ".cache"),
            ("DOCKER_CONFIG", ".docker"),
            ("GOPATH", "go"),
        ] {
            all.insert(name.to_owned(), std::env::var(name).unwrap_or_else(|_| text(&real.join(default))));
        }
        for (name, value) in std::env::vars() {
            let kept = ["PATH", "LANG", "USER", "LOGNAME", "XDG_RUNTIME_DIR"].contains(&name.as_str())
                || [
                    "DOCKER_",
                    "CONTAINER_",
                    "KIND_EXPERIMENTAL",
                    "GO",
                    "HTTP",
                    "http",
                    "NO_PROXY",
                    "no_proxy",
                ]
                .iter()
                .any(|prefix| name.starts_with(prefix));
            if kept {
                all.insert(name, value);
            }
        }
        all.insert("HOME".to_owned(), text(&self.dir.path().join("home")));
        all.insert("XDG_CONFIG_HOME".to_owned(), text(&self.dir.path().join("home/.config")));
        all.insert("XDG_STATE_HOME".to_owned(), text(&self.dir.path().join("home/.local/state")));
        all.insert("KUBECONFIG".to_owned(), text(&self.kubeconfig()));
        all.insert("TMPDIR".to_owned(), text(&self.tmp()));
        all.insert("NO_COLOR".to_owned(), "1".to_owned());
        all
    }

    /// The program as a command, for what [`Home::kind`] is too simple for.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_kind"), args);
        if std::env::var_os(super::engine::PROVIDER).is_none() {
            command.env(super::engine::PROVIDER, "docker");
        }
        command
    }
    /// Any program in this home.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(self.environment()).current_dir(self.work());
        command
    }

    /// Runs the program.
    #[track_caller]
    pub fn kind(&self, args: &[&str]) -> Ran {
        run(self.command(args), "")
    }
    /// Runs the program with a text on its standard input.
    #[track_caller]
    pub fn kind_with(&self, args: &[&str], input: &str) -> Ran {
        run(self.command(args), input)
    }
    /// Runs a script given as text, with what a cluster's own scripts may do.
    #[track_caller]
    pub fn script(&self, code: &str) -> Ran {
        self.kind(&["run", "--allow-host", "-e", code])
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn run(command: Command, input: &str) -> Ran {
    Running::start(command, input).end()
}

/// A command that runs, its output gathered as it comes.
pub struct Running {
    pub child: Child,
    args: String,
    started: Instant,
    stdout: std::thread::JoinHandle<String>,
    stderr: std::thread::JoinHandle<String>,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Running {
    #[track_caller]
    pub fn start(mut command: Command, input: &str) -> Self {
        let args = format!("{:?}", command.get_args().collect::<Vec<_>>());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {}: {e}", command.get_program().to_string_lossy()));
        // A program that does not read its input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let (send, lines) = std::sync::mpsc::channel();
        let mut out = child.stdout.take().unwrap();
        let err = child.stderr.take().unwrap();
        let stdout = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = out.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            for line in std::io::BufRead::lines(std::io::BufReader::new(err)).map_while(Result::ok) {
                text.push_str(&line);
                text.push('\n');
                let _ = send.send(line);
            }
            text
        });
        Self { child, args, started: Instant::now(), stdout, stderr, lines }
    }

    /// Waits for a line of standard error that holds `part`.
    #[track_caller]
    pub fn wait_line(&self, part: &str) {
        let end = Instant::now() + LIMIT;
        let mut seen = String::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if line.contains(part) {
                return;
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        panic!("{}: no line with {part:?} came, but:\n{seen}", self.args);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        let end = self.started + LIMIT;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("{} did not end within {LIMIT:?}:\n{}", self.args, self.stderr.join().unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Ran {
            args: self.args,
            code: status.code().unwrap_or(-1),
            stdout: self.stdout.join().unwrap(),
            stderr: self.stderr.join().unwrap(),
            took: self.started.elapsed(),
        }
    }
}

impl Ran {
    /// Fails unless the command ended with 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.code(0)
    }
    /// Fails unless the command ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\nstdout:\n{}\nstderr:\n{}", self.args, self.stdout, self.stderr);
        self
    }
    #[track_caller]
    pub fn stdout(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "{}: standard output\nstderr:\n{}", self.args, self.stderr);
        self
    }
    #[track_caller]
    pub fn stderr(self, text: &str) -> Self {
        assert_eq!(self.stderr, text, "{}: standard error", self.args);
        self
    }
    /// Fails unless standard error holds this part.
    #[track_caller]
    pub fn tells(self, part: &str) -> Self {
        assert!(
            self.stderr.contains(part),
            "{}: {part:?} is not in standard error:\n{}",
            self.args,
            self.stderr
        );
        self
    }
    /// Fails when standard error holds this part.
    #[track_caller]
    pub fn tells_not(self, part: &str) -> Self {
        assert!(
            !self.stderr.contains(part),
            "{}: {part:?} is in standard error:\n{}",
            self.args,
            self.stderr
        );
        self
    }
    /// Fails unless standard output holds this part.
    #[track_caller]
    pub fn prints(self, part: &str) -> Self {
        assert!(
            self.stdout.contains(part),
            "{}: {part:?} is not in standard output:\n{}\nstderr:\n{}",
            self.args,
            self.stdout,
            self.stderr
        );
        self
    }
    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{}: {e}:\n{}", self.args, self.stdout))
    }
    /// Standard output as YAML.
    #[track_caller]
    pub fn yaml(&self) -> serde_json::Value {
        kind::yaml::parse(&self.stdout, "standard output").unwrap_or_else(|e| panic!("{}: {e:?}", self.args))
    }
}
