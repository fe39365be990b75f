//! `Node`: what can be done to one node, or to any other container.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::scope;
use super::super::trust;
use super::{Returned, Thrown, duration, flag_of, for_words, only_keys, strings, text, text_of, to_value};
use crate::engine::{ExecIo, ExecSpec, LogOptions, Protocol};
use crate::error::{Error, Result};
use crate::event::{CallKind, Event, Stream};
use crate::node::{FileEntry, Node, Output, bytes_stream};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const RECORDS: &[Record] = records_table! { "Node":
    "name" "-> string" "Its name, which is also its container's.", "n.name", throws "none";
    "role" "-> string" "control-plane, worker or external-load-balancer.", "n.role", throws "none";
    "cluster" "-> string" "The name of its cluster.", "n.cluster", throws "none";
    "state" "-> string" "absent, created, paused, running, frozen, restarting or exited.", "n.state", throws "engine.*";
    "address" "-> string" "Its IPv4 address in the engine's network.", "n.address", throws "engine.*";
    "kubernetes_version" "-> string" "The version of Kubernetes in its image, such as v1.37.2.", "n.kubernetes_version", throws "engine.* node.*";
    "config" "-> map or ()" "What it was planned to be, as in a v1alpha4 document; () for one that was found.", "n.config", throws "none";
    "container" "-> map" "All the engine knows of it: id, image, labels, ports, mounts, env, addresses.", "n.container.image", throws "engine.*";
    "exec" "(program: string or array, arguments…: any, options?: map) -> #{code: int, stdout: string, stderr: string}"
        "Runs a command; throws `node.exec_failed` on a non-zero code. Words may also come as one array. Options: stdin, env, user, workdir, privileged, tty, timeout (seconds), quiet.",
        "n.exec(\"ls\", \"/kind\").stdout",
        options "stdin: string or blob, env: map, user: string, workdir: string, privileged: bool, tty: bool, timeout: seconds, quiet: bool",
        throws "node.exec_failed node.time_limit script.unknown_option script.bad_value engine.*";
    "try_exec" "(program: string or array, arguments…: any, options?: map) -> #{code: int, stdout: string, stderr: string}"
        "As exec, but any exit code is fine.", "n.try_exec(\"false\").code",
        options "stdin: string or blob, env: map, user: string, workdir: string, privileged: bool, tty: bool, timeout: seconds, quiet: bool",
        throws "node.time_limit script.unknown_option script.bad_value engine.*";
    "sh" "(script: string) -> string" "Runs a shell script on the node; its standard output. Throws as exec does.", "n.sh(\"echo $HOSTNAME\")", throws "node.exec_failed engine.*";
    "read" "(path: string) -> string" "The text of a file.", "n.read(\"/kind/version\")", throws "node.no_file node.not_a_file node.read engine.*";
    "write" "(path: string, text: string, mode?: octal int) -> ()" "Writes a file; mode is 0o644 unless given.", "n.write(\"/etc/motd\", \"hello\")", throws "node.* engine.*";
    "write_all" "(files: map) -> ()" "Writes several files in one request.", "n.write_all(#{\"/a\": \"1\", \"/b\": \"2\"})", throws "node.* engine.*";
    "upload" "(host_path: string, folder: string) -> ()" "Copies a file or folder of the host into a folder of the node.", "n.upload(\"app.tar\", \"/root\")", throws "script.not_allowed file.not_found file.pack node.exec_failed engine.*";
    "download" "(path: string, host_folder: string) -> ()" "Copies a file or folder of the node into a folder of the host.", "n.download(\"/var/log\", \"logs\")", throws "script.not_allowed file.* engine.*";
    "download_all" "(path: string, host_folder: string) -> ()" "Copies what is in a folder of the node into a folder of the host, files in the place of links; files may change meanwhile.", "n.download_all(\"/var/log\", \"logs\")", throws "script.not_allowed node.read file.* engine.*";
    "output_to" "(command: array of string, host_file: string) -> int" "Runs a command and writes all that it prints into a file of the host as it comes; its exit code.", "n.output_to([\"journalctl\", \"--no-pager\"], \"journal.log\")", throws "script.not_allowed file.* engine.*";
    "inspect" "() -> map" "What the engine says of its container, in the engine's own words.", "n.inspect().Config.Image", throws "engine.*";
    "signal" "(name: string) -> ()" "Sends a signal to its first process; USR1 boots a paused node.", "n.signal(\"USR1\")", throws "node.booted engine.*";
    "start" "() -> ()" "Starts its container.", "n.start()", throws "engine.*";
    "stop" "() -> ()" "Stops its container in an orderly way.", "n.stop()", throws "engine.*";
    "restart" "() -> ()" "Stops and starts its container.", "n.restart()", throws "engine.*";
    "freeze" "() -> ()" "Freezes all of its processes.", "n.freeze()", throws "engine.*";
    "thaw" "() -> ()" "Thaws them.", "n.thaw()", throws "engine.*";
    "remove" "() -> ()" "Removes its container with its anonymous volumes; no error when it is gone.", "n.remove()", throws "engine.*";
    "logs" "() -> string" "Its console.", "n.logs()", throws "engine.*";
    "wait_log" "(text: string, limit: seconds) -> string" "Waits for a line of its console that contains the text.", "n.wait_log(\"Multi-User\", 30)", throws "node.stopped node.time_limit script.bad_value engine.*";
    "wait_file" "(path: string, limit: seconds) -> ()" "Waits until the path exists on the node.", "n.wait_file(\"/run/containerd/containerd.sock\", 30)", throws "node.stopped node.time_limit script.bad_value engine.*";
    "commit" "(reference: string, changes: array of string) -> string" "Makes an image of the container; changes are Dockerfile instructions. Its id.", "n.commit(\"kind-example/image:1\", [])", throws "engine.*";
    "host_port" "(port: int) -> int or ()" "The host's port behind a published TCP port.", "n.host_port(6443)", throws "engine.*";
};

fn options(spec: &mut ExecSpec, map: &Map) -> Returned<(Option<Vec<u8>>, bool)> {
    only_keys("exec", map, &["stdin", "env", "user", "workdir", "privileged", "tty", "timeout", "quiet"])?;
    if let Some(env) = map.get("env").and_then(rhai::Dynamic::read_lock::<Map>) {
        spec.env.extend(env.iter().map(|(k, v)| (k.to_string(), v.to_string())));
    }
    spec.user = text_of(map, "user").unwrap_or_default();
    spec.workdir = text_of(map, "workdir").unwrap_or_default();
    spec.privileged = flag_of(map, "privileged");
    spec.tty = flag_of(map, "tty");
    spec.time_limit = map.get("timeout").map(duration).transpose()?;
    let stdin = match map.get("stdin") {
        Some(v) if v.is_blob() => v.clone().into_blob().ok(),
        Some(v) => Some(v.to_string().into_bytes()),
        None => None,
    };
    Ok((stdin, flag_of(map, "quiet")))
}

/// The words and the options of an exec call in any of its forms.
fn command(words: &[Dynamic]) -> Returned<(ExecSpec, Option<Vec<u8>>, bool)> {
    let mut spec = ExecSpec::default();
    let mut rest = (None, false);
    let (last, front) = match words.split_last() {
        Some((last, front)) if last.is_map() => (Some(last), front),
        _ => (None, words),
    };
    for word in front {
        match word.read_lock::<Array>() {
            Some(list) => spec.command.extend(strings(&list)),
            None => spec.command.push(word.to_string()),
        }
    }
    if let Some(map) = last.and_then(rhai::Dynamic::read_lock::<Map>) {
        rest = options(&mut spec, &map)?;
    }
    // One text with blanks is what one would type at a prompt.
    if let [line] = spec.command.as_slice()
        && line.contains(' ')
        && let Some(split) = shlex::split(line)
    {
        spec.command = split;
    }
    if spec.command.is_empty() {
        return Err(super::to_rhai(&Error::script("script.bad_value", "exec needs a program")));
    }
    Ok((spec, rest.0, rest.1))
}

/// Cuts pieces of output into lines and tells each as an event.
struct Lines<'a> {
    run: &'a Run,
    node: &'a str,
    open: [Mutex<String>; 2],
}

impl Lines<'_> {
    fn add(&self, stream: Stream, bytes: &[u8]) {
        let slot = &self.open[usize::from(stream == Stream::Stderr)];
        let mut open = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.push_str(&String::from_utf8_lossy(bytes));
        while let Some(end) = open.find('\n') {
            let line: String = open.drain(..=end).collect();
            self.tell(stream, line.trim_end());
        }
    }
    fn tell(&self, stream: Stream, line: &str) {
        self.run.events.emit(&Event::Output {
            step: scope::current().step,
            node: Some(self.node.to_owned()),
            stream,
            line: line.to_owned(),
        });
    }
}

fn exec(run: &Run, node: &Node, words: &[Dynamic], check: bool) -> Returned<Output> {
    let (spec, stdin, quiet) = command(words)?;
    let lines = Lines { run, node: &node.name, open: [Mutex::default(), Mutex::default()] };
    let step = scope::current().step;
    let tell = |stream, bytes: &[u8]| {
        // Called from the runtime's threads: the step is that of the caller.
        scope::with(scope::Scope { step, ..Default::default() }, || lines.add(stream, bytes));
    };
    let io = ExecIo {
        stdin: stdin.map(bytes_stream),
        output: if quiet { None } else { Some(&tell) },
        ..Default::default()
    };
    let work = || {
        run.block(async {
            if check { node.exec_io(&spec, io).await } else { node.try_exec_io(&spec, io).await }
        })
    };
    run.call_with(CallKind::Exec, Some(&node.name), &command_line(&spec), work, |o| Some(o.code)).thrown()
}

/// A command as events tell it: the names of its variables without their values.
pub(super) fn command_line(spec: &ExecSpec) -> String {
    let env: String = spec.env.keys().map(|name| format!("{name}=*** ")).collect();
    format!("{env}{}", crate::host::process::quote(&spec.command))
}

fn output_map(output: Output) -> Map {
    Map::from_iter([
        ("code".into(), output.code.into()),
        ("stdout".into(), output.stdout.into()),
        ("stderr".into(), output.stderr.into()),
    ])
}

/// A file or folder of the host as a tar stream.
pub fn pack(path: PathBuf) -> Result<crate::engine::ByteStream> {
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    let is_dir = path.is_dir();
    if !path.exists() {
        return Err(Error::user("file.not_found", format!("there is no {}", path.display())));
    }
    Ok(crate::host::archive::stream(move |builder| {
        builder.follow_symlinks(false);
        if is_dir {
            builder.append_dir_all(&name, &path)
        } else {
            builder.append_path_with_name(&path, &name)
        }
    }))
}

fn register_exec(engine: &mut Engine, run: &Arc<Run>) {
    macro_rules! forms {
        ($($word:ident)*) => {
            let r = run.clone();
            engine.register_fn("exec", move |n: &mut Node, $($word: Dynamic),*| -> Returned<Map> {
                exec(&r, n, &[$($word),*], true).map(output_map)
            });
            let r = run.clone();
            engine.register_fn("try_exec", move |n: &mut Node, $($word: Dynamic),*| -> Returned<Map> {
                exec(&r, n, &[$($word),*], false).map(output_map)
            });
        };
    }
    for_words!(forms);
    let r = run.clone();
    engine.register_fn("sh", move |n: &mut Node, script: &str| -> Returned<ImmutableString> {
        let words = ["sh", "-ec", script].map(|w| Dynamic::from(w.to_owned()));
        exec(&r, n, &words, true).map(|o| text(o.stdout))
    });
}

fn register_files(engine: &mut Engine, run: &Arc<Run>) {
    let r = run.clone();
    engine.register_fn("read", move |n: &mut Node, path: &str| -> Returned<ImmutableString> {
        let bytes = match r.transfer(Some(&n.name), &format!("read {path}"), n.read_file(path)) {
            // A plan cannot tell what a command would have written.
            Err(error) if error.code() == "node.no_file" && r.plan.get().is_some() => Vec::new(),
            read => read.thrown()?,
        };
        Ok(text(String::from_utf8_lossy(&bytes).into_owned()))
    });
    let write = |run: &Run, n: &Node, files: Vec<FileEntry>| {
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let what = format!("write {}", paths.join(" "));
        run.transfer(Some(&n.name), &what, n.write_files(&files)).thrown()
    };
    let r = run.clone();
    engine.register_fn("write", move |n: &mut Node, path: &str, content: &str| -> Returned<()> {
        write(&r, n, vec![FileEntry { path: path.into(), content: content.into(), mode: 0o644 }])
    });
    let r = run.clone();
    engine.register_fn("write", move |n: &mut Node, path: &str, content: &str, mode: i64| -> Returned<()> {
        let mode = u32::try_from(mode).unwrap_or(0o644);
        write(&r, n, vec![FileEntry { path: path.into(), content: content.into(), mode }])
    });
    let r = run.clone();
    engine.register_fn("write_all", move |n: &mut Node, files: Map| -> Returned<()> {
        let files = files
            .iter()
            .map(|(path, v)| FileEntry {
                path: path.to_string(),
                content: v.to_string().into_bytes(),
                mode: 0o644,
            })
            .collect();
        write(&r, n, files)
    });
    let r = run.clone();
    engine.register_fn(
        "upload",
        move |ctx: NativeCallContext, n: &mut Node, from: &str, folder: &str| -> Returned<()> {
            trust::path(&r, &ctx, "upload", Path::new(from)).thrown()?;
            // a folder that is not there is one that the plan only said it would make
            let made = Path::new(from)
                .parent()
                .is_none_or(|parent| parent.as_os_str().is_empty() || parent.exists());
            if !made
                && r.planned(
                    "host",
                    Some(&n.name),
                    format!("copy {from} of this machine to {folder}"),
                    serde_json::Value::Null,
                )
            {
                return Ok(());
            }
            let archive = pack(PathBuf::from(from)).thrown()?;
            r.transfer(Some(&n.name), &format!("upload {from} to {folder}"), async {
                n.exec(&ExecSpec {
                    command: crate::node::args(&["mkdir", "-p", folder]),
                    ..Default::default()
                })
                .await?;
                n.engine().upload(&n.name, folder, archive).await
            })
            .thrown()
        },
    );
    let r = run.clone();
    engine.register_fn(
        "download",
        move |ctx: NativeCallContext, n: &mut Node, path: &str, folder: &str| -> Returned<()> {
            trust::path(&r, &ctx, "download", Path::new(folder)).thrown()?;
            if r.planned(
                "host",
                Some(&n.name),
                format!("copy {path} to {folder} of this machine"),
                serde_json::Value::Null,
            ) {
                return Ok(());
            }
            let n = n.clone();
            let (path, folder) = (path.to_owned(), PathBuf::from(folder));
            let what = format!("download {path}");
            r.transfer(Some(&n.name.clone()), &what, async move {
                let stream = n.engine().download(&n.name, &path).await?;
                crate::host::archive::unpack(stream, folder).await
            })
            .thrown()
        },
    );
}

fn register_life(engine: &mut Engine, run: &Arc<Run>) {
    const GRACE: Duration = Duration::from_secs(10);
    macro_rules! verb {
        ($name:literal, $n:ident => $call:expr) => {
            let r = run.clone();
            engine.register_fn($name, move |$n: &mut Node| -> Returned<()> {
                r.ask(Some(&$n.name), $name, $call).thrown()
            });
        };
    }
    verb!("start", n => n.engine().start_container(&n.name));
    verb!("stop", n => n.engine().stop_container(&n.name, GRACE));
    verb!("freeze", n => n.engine().pause_container(&n.name));
    verb!("thaw", n => n.engine().unpause_container(&n.name));
    verb!("remove", n => n.engine().remove_container(&n.name));
    verb!("restart", n => async {
        n.engine().stop_container(&n.name, GRACE).await?;
        n.engine().start_container(&n.name).await
    });
    let r = run.clone();
    engine.register_fn("signal", move |n: &mut Node, signal: &str| {
        r.ask(Some(&n.name), &format!("signal {signal}"), n.signal(signal)).thrown()
    });
    let r = run.clone();
    engine.register_fn("logs", move |n: &mut Node| -> Returned<ImmutableString> {
        r.block(n.logs(&LogOptions::default())).map(text).thrown()
    });
    let r = run.clone();
    engine.register_fn(
        "wait_log",
        move |n: &mut Node, wanted: &str, limit: Dynamic| -> Returned<ImmutableString> {
            if r.planned(
                "wait",
                Some(&n.name),
                format!("wait for {wanted:?} on the console"),
                serde_json::Value::Null,
            ) {
                return Ok(text(wanted));
            }
            let what = format!("console shows {wanted:?}");
            r.wait(Some(&n.name), &what, n.wait_log(wanted, duration(&limit)?)).map(text).thrown()
        },
    );
    let r = run.clone();
    engine.register_fn("wait_file", move |n: &mut Node, path: &str, limit: Dynamic| -> Returned<()> {
        if r.planned("wait", Some(&n.name), format!("wait for {path}"), serde_json::Value::Null) {
            return Ok(());
        }
        r.wait(Some(&n.name), &format!("{path} exists"), n.wait_file(path, duration(&limit)?)).thrown()
    });
    let r = run.clone();
    engine.register_fn(
        "commit",
        move |n: &mut Node, reference: &str, changes: Array| -> Returned<ImmutableString> {
            let changes = strings(&changes);
            let work = n.engine().commit_container(&n.name, reference, &changes);
            r.ask(Some(&n.name), &format!("commit as {reference}"), work).map(text).thrown()
        },
    );
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    engine.register_type_with_name::<Node>("Node");
    engine.register_get("name", |n: &mut Node| text(n.name.clone()));
    engine.register_get("role", |n: &mut Node| text(n.role.clone()));
    engine.register_get("cluster", |n: &mut Node| text(n.cluster.clone()));
    let r = run.clone();
    engine.register_get("state", move |n: &mut Node| -> Returned<ImmutableString> {
        r.block(n.state()).map(text).thrown()
    });
    let r = run.clone();
    engine.register_get("address", move |n: &mut Node| -> Returned<ImmutableString> {
        r.block(n.inspect()).map(|c| text(c.address().to_owned())).thrown()
    });
    let r = run.clone();
    engine.register_get("container", move |n: &mut Node| -> Returned<Dynamic> {
        to_value(&r.block(n.inspect()).thrown()?)
    });
    let r = run.clone();
    engine.register_get("kubernetes_version", move |n: &mut Node| -> Returned<ImmutableString> {
        let bytes = r.block(n.read_file("/kind/version")).thrown()?;
        Ok(text(String::from_utf8_lossy(&bytes).trim().to_owned()))
    });
    engine.register_get("config", |n: &mut Node| -> Returned<Dynamic> {
        n.config.as_ref().map_or(Ok(Dynamic::UNIT), |config| to_value(config.as_ref()))
    });
    let r = run.clone();
    engine.register_fn("host_port", move |n: &mut Node, port: i64| -> Returned<Dynamic> {
        let container = r.block(n.inspect()).thrown()?;
        let port = u16::try_from(port).unwrap_or(0);
        Ok(container
            .host_port(port, Protocol::TCP)
            .map_or(Dynamic::UNIT, |(_, p)| Dynamic::from(i64::from(p))))
    });
    engine.register_fn("to_string", |n: &mut Node| format!("{}  {}", n.name, n.role));
    engine.register_fn("to_debug", |n: &mut Node| format!("{n:?}"));
    engine.register_fn("==", |a: &mut Node, b: Node| a.name == b.name);
    register_exec(engine, run);
    register_files(engine, run);
    register_life(engine, run);
}
