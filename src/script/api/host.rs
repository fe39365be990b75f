//! `host::…`: programs and files of the machine that kind runs on.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::scope;
use super::super::trust;
use super::placed::place;
use super::{Returned, Thrown, duration, flag_of, only_keys, strings, text, text_of};
use crate::error::Error;
use crate::event::{CallKind, Event, Level, Unit};
use crate::host::{cache, dirs, download, fs, kernel, process};
use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map, Module, NativeCallContext};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const HOST: &[Record] = records_table! { "host":
    "run" "(argv: array, options?: map) -> #{code: int, stdout: string, stderr: string}" "Runs a program of the host; throws `host.failed` on a non-zero code. Options: cwd, env, stdin, log (a file that gets all output too), timeout (seconds), quiet.", "host::run([\"true\"])",
        options "cwd: string, env: map, stdin: string, log: string, timeout: seconds, quiet: bool, nice: int",
        throws "script.not_allowed script.unknown_option host.failed host.no_program host.cannot_run host.time_limit";
    "try_run" "(argv: array, options?: map) -> #{code: int, stdout: string, stderr: string}" "As run, but any exit code is fine.", "host::try_run([\"false\"]).code",
        options "cwd: string, env: map, stdin: string, log: string, timeout: seconds, quiet: bool, nice: int",
        throws "script.not_allowed script.unknown_option host.no_program host.cannot_run host.time_limit";
    "alive" "(pid: int) -> bool" "Whether a process runs.", "host::alive(1)", throws "script.not_allowed";
    "kill" "(pid: int, signal: string) -> bool" "Sends TERM, KILL or another signal to a process; false when it is gone.", "host::kill(999999, \"TERM\")", throws "script.not_allowed host.signal";
    "which" "(program: string) -> string or ()" "The file behind a program's name.", "host::which(\"sh\")", throws "script.not_allowed";
    "read" "(path: string) -> string" "The text of a file.", "host::read(\"/etc/hostname\")", throws "script.not_allowed file.*";
    "write" "(path: string, text: string, mode?: octal int) -> ()" "Writes a file whole, with the folders above it; mode is 0o644 unless given.", "host::write(\"/tmp/kind-example\", \"x\")", throws "script.not_allowed file.*";
    "exists" "(path: string) -> bool" "Whether there is something at the path.", "host::exists(\"/etc\")", throws "script.not_allowed";
    "absolute" "(path: string) -> string" "The path from the root on; a relative one begins in the working folder.", "host::absolute(\"data\")", throws "file.*";
    "is_dir" "(path: string) -> bool" "Whether it is a folder.", "host::is_dir(\"/etc\")", throws "script.not_allowed";
    "size" "(path: string) -> int" "Bytes of a file, or of all below a folder.", "host::size(\"/etc/hostname\")", throws "script.not_allowed file.*";
    "list" "(path: string) -> array of string" "Names in a folder, sorted.", "host::list(\"/etc\").len()", throws "script.not_allowed file.*";
    "make_dir" "(path: string) -> ()" "Makes a folder with those above it.", "host::make_dir(\"/tmp/kind-example-dir\")", throws "script.not_allowed file.*";
    "temp_dir" "(prefix: string) -> string" "Makes a new folder (0700) among the temporary files; its path.", "host::remove(host::temp_dir(\"kind-example-\"))", throws "script.not_allowed file.*";
    "copy" "(from: string, to: string) -> ()" "Copies a file with its mode, or a folder with all in it.", "host::copy(\"/etc/hostname\", \"/tmp/kind-example\")", throws "script.not_allowed file.*";
    "move" "(from: string, to: string) -> ()" "Renames a file or folder.", "try { host::move(\"/none\", \"/tmp/x\") } catch (e) { e.code }", throws "script.not_allowed file.*";
    "remove" "(path: string) -> ()" "Removes a file or folder; no error when it is not there.", "host::remove(\"/tmp/kind-example\")", throws "script.not_allowed file.*";
    "link" "(target: string, path: string) -> ()" "Makes a symbolic link at path.", "host::remove(\"/tmp/kind-l\"); host::link(\"x\", \"/tmp/kind-l\")", throws "script.not_allowed file.*";
    "chmod" "(path: string, mode: octal int) -> ()" "Sets permission bits.", "host::write(\"/tmp/kind-example\", \"\"); host::chmod(\"/tmp/kind-example\", 0o600)", throws "script.not_allowed file.*";
    "digest" "(path: string) -> string" "SHA-256 of a file, or of a folder's names, modes and contents, in hex.", "host::digest(\"/etc/hostname\").len()", throws "script.not_allowed file.*";
    "download" "(url: string, file: string, options?: map) -> ()" "Fetches an http(s) or file URL into a file, with progress. Options: sha256.", "try { host::download(\"file:///none\", \"/tmp/x\") } catch (e) { e.code }",
        options "sha256: string",
        throws "script.not_allowed file.* http.* script.unknown_option";
    "fetch" "(url: string) -> string" "The text behind a URL.", "try { host::fetch(\"file:///none\") } catch (e) { e.code }", throws "script.not_allowed file.* http.*";
    "free_port" "(address: string) -> int" "A TCP port of the address that nothing listens on.", "host::free_port(\"127.0.0.1\")", throws "script.not_allowed host.port";
    "free_space" "(path: string) -> int" "Bytes free for this user in the path's file system.", "host::free_space(\"/tmp\")", throws "script.not_allowed file.*";
    "kernel" "() -> map" "What this machine's kernel allows: inotify_instances, inotify_watches, open_files, free_memory (bytes), each () where it cannot be known, and ipv6 (bool).", "host::kernel().ipv6", throws "none";
    "has_module" "(name: string, release: string) -> bool" "Whether this machine's kernel of that release has a module: built in, loaded, or to be loaded.", "host::has_module(\"overlay\", engine::info().kernel)", throws "none";
    "arch" "() -> string" "amd64 or arm64.", "host::arch()", throws "none";
    "os" "() -> string" "linux, macos, …", "host::os()", throws "none";
    "uid" "() -> int" "The user's number; 0 is root.", "host::uid()", throws "script.not_allowed";
    "cpus" "() -> int" "Processors this program may use.", "host::cpus()", throws "script.not_allowed";
    "data_dir" "() -> string" "Where the private engine lives.", "host::data_dir()", throws "none";
    "new_id" "() -> string" "Twelve hex digits that no other call has.", "host::new_id()", throws "none";
    "cache_dir" "() -> string" "Where build results lie.", "host::cache_dir()", throws "none";
    "lock" "(path: string, body: closure()) -> value of body" "Runs body while holding a lock file; waits for other processes that hold it.", "host::lock(\"/tmp/kind-example.lock\", || 1)", throws "script.not_allowed file.*, and what body throws";
};
fn command(argv: &Array, options: &Map) -> Returned<process::Command> {
    only_keys("host::run", options, &["cwd", "env", "stdin", "log", "timeout", "quiet", "nice"])?;
    let mut argv = strings(argv);
    if let Some(nice) = options.get("nice").and_then(|v| v.as_int().ok())
        && process::which("nice").is_some()
    {
        argv.splice(0..0, ["nice".to_owned(), "-n".to_owned(), nice.to_string()]);
    }
    let env = options.get("env").and_then(rhai::Dynamic::read_lock::<Map>);
    Ok(process::Command {
        argv,
        cwd: text_of(options, "cwd").map(PathBuf::from),
        env: env.map(|m| m.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()).unwrap_or_default(),
        stdin: text_of(options, "stdin").map(String::into_bytes),
        clean_env: false,
    })
}

fn run_program(run: &Run, argv: &Array, options: &Map, check: bool) -> Returned<Map> {
    if run.plan.get().is_some() {
        let words = strings(argv);
        let line = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default();
        run.planned("host", None, format!("$ {line}"), serde_json::json!({ "command": words }));
        let none = Dynamic::from(String::new());
        return Ok(Map::from_iter([
            ("code".into(), 0.into()),
            ("stdout".into(), none.clone()),
            ("stderr".into(), none),
        ]));
    }
    let command = command(argv, options)?;
    let limit = options.get("timeout").map(duration).transpose()?;
    let quiet = flag_of(options, "quiet");
    let log = text_of(options, "log").map(|p| fs::append(Path::new(&p), 0o644)).transpose().thrown()?;
    let step = scope::current().step;
    let line = |stream, line: &str| {
        if let Some(mut log) = log.as_ref() {
            // The log is a convenience: a full disk shows in what the program itself does.
            let _ = std::io::Write::write_fmt(&mut log, format_args!("{line}\n"));
        }
        if !quiet {
            run.events.emit(&Event::Output { step, node: None, stream, line: line.to_owned() });
        }
    };
    let work = || {
        run.block(async {
            let work = process::run(&command, &line);
            let Some(limit) = limit else { return work.await };
            tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                let program = command.argv.first().map_or("", String::as_str);
                Err(Error::user(
                    "host.time_limit",
                    format!("{program} ran longer than {} s", limit.as_secs()),
                ))
            })
        })
        .and_then(|output| if check { process::check(&command, output) } else { Ok(output) })
    };
    let env: String = command.env.keys().map(|name| format!("{name}=*** ")).collect();
    let what = format!("{env}{}", crate::host::process::quote(&command.argv));
    let output = run.call_with(CallKind::Exec, None, &what, work, |o| Some(o.code)).thrown()?;
    Ok(Map::from_iter([
        ("code".into(), output.code.into()),
        ("stdout".into(), output.stdout.into()),
        ("stderr".into(), output.stderr.into()),
    ]))
}

fn register_host_programs(m: &mut Module, run: &Arc<Run>) {
    for (name, check) in [("run", true), ("try_run", false)] {
        let r = run.clone();
        place(m, name, move |ctx: NativeCallContext, argv: Array| -> Returned<Map> {
            trust::program(&r, &ctx, "host::run").thrown()?;
            run_program(&r, &argv, &Map::new(), check)
        });
        let r = run.clone();
        place(m, name, move |ctx: NativeCallContext, argv: Array, options: Map| -> Returned<Map> {
            trust::program(&r, &ctx, "host::run").thrown()?;
            run_program(&r, &argv, &options, check)
        });
    }
    let r = run.clone();
    place(m, "alive", move |ctx: NativeCallContext, pid: i64| -> Returned<bool> {
        trust::look(&r, &ctx, "host::alive").thrown()?;
        Ok(process::alive(pid))
    });
    let r = run.clone();
    place(m, "kill", move |ctx: NativeCallContext, pid: i64, signal: &str| -> Returned<bool> {
        trust::program(&r, &ctx, "host::kill").thrown()?;
        if r.planned("host", None, format!("send {signal} to process {pid}"), serde_json::Value::Null) {
            return Ok(true);
        }
        process::kill(pid, signal).thrown()
    });
    let r = run.clone();
    place(m, "lock", move |ctx: NativeCallContext, path: &str, body: FnPtr| -> Returned<Dynamic> {
        trust::path(&r, &ctx, "host::lock", Path::new(path)).thrown()?;
        if r.plan.get().is_some() {
            return body.call_within_context::<Dynamic>(&ctx, ());
        }
        let what = format!("lock {path}");
        let path = PathBuf::from(path);
        let teller = r.clone();
        let taken = move || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let file = fs::append(&path, 0o600)?;
            if file.try_lock().is_err() {
                let text = format!("waiting for another kind to be done with {}", path.display());
                teller.message(Level::Info, text, None);
                file.lock().map_err(|e| fs::error("lock", &path, e))?;
            }
            Ok(file)
        };
        let file = r.call(CallKind::Wait, None, &what, || r.block_thread(taken)).thrown()?;
        let result = body.call_within_context::<Dynamic>(&ctx, ());
        drop(file);
        result
    });
}

#[expect(clippy::too_many_lines, reason = "a list of verbs")]
fn register_host_files(m: &mut Module, run: &Arc<Run>) {
    // What has to be allowed: to look at the host, to read the first argument's path, to touch it, or the first two's.
    macro_rules! guard {
        (look $r:expr, $ctx:expr, $what:expr, $($rest:ident),*) => {
            trust::look($r, $ctx, $what).thrown()?
        };
        (read $r:expr, $ctx:expr, $what:expr, $path:ident) => {
            trust::read($r, $ctx, $what, Path::new($path)).thrown()?
        };
        (path $r:expr, $ctx:expr, $what:expr, $path:ident $(, $rest:ident)*) => {
            trust::path($r, $ctx, $what, Path::new($path)).thrown()?
        };
        (paths $r:expr, $ctx:expr, $what:expr, $from:ident, $to:ident) => {
            trust::path($r, $ctx, $what, Path::new($from)).thrown()?;
            trust::path($r, $ctx, $what, Path::new($to)).thrown()?
        };
        (second $r:expr, $ctx:expr, $what:expr, $from:ident, $to:ident) => {
            trust::path($r, $ctx, $what, Path::new($to)).thrown()?
        };
    }
    macro_rules! verb {
        ($guard:ident $name:literal, ($($arg:ident: $kind:ty),*) -> $out:ty, $body:expr) => {
            let r = run.clone();
            place(m, $name, move |ctx: NativeCallContext, $($arg: $kind),*| -> Returned<$out> {
                    guard!($guard &r, &ctx, concat!("host::", $name), $($arg),*);
                    $body
                },
            );
        };
    }
    // As verb, for what changes the host: in a plan it is told and not done.
    macro_rules! change {
        ($guard:ident $name:literal, ($($arg:ident: $kind:ty),*) -> $out:ty, $told:expr, $instead:expr, $body:expr) => {{
            let r = run.clone();
            place(m, $name, move |ctx: NativeCallContext, $($arg: $kind),*| -> Returned<$out> {
                    guard!($guard &r, &ctx, concat!("host::", $name), $($arg),*);
                    if r.plan.get().is_some() {
                        r.planned("host", None, $told, serde_json::Value::Null);
                        return Ok($instead);
                    }
                    $body
                },
            );
        }};
    }
    verb!(look "which", (program: &str) -> Dynamic, Ok(process::which(program)
        .map_or(Dynamic::UNIT, |p| Dynamic::from(p.display().to_string()))));
    verb!(read "read", (path: &str) -> ImmutableString, fs::read_to_string(Path::new(path)).map(text).thrown());
    change!(path "write", (path: &str, content: &str) -> (), format!("write {path} ({} bytes)", content.len()), (), fs::write(Path::new(path), content.as_bytes(), 0o644).thrown());
    change!(path "write", (path: &str, content: &str, mode: i64) -> (), format!("write {path} ({} bytes, mode {mode:o})", content.len()), (),
        fs::write(Path::new(path), content.as_bytes(), u32::try_from(mode).unwrap_or(0o600)).thrown());
    verb!(read "exists", (path: &str) -> bool, Ok(Path::new(path).symlink_metadata().is_ok()));
    verb!(read "is_dir", (path: &str) -> bool, Ok(Path::new(path).is_dir()));
    verb!(read "size", (path: &str) -> i64, fs::size(Path::new(path)).map(|s| i64::try_from(s).unwrap_or(i64::MAX)).thrown());
    verb!(read "list", (path: &str) -> Array, fs::list(Path::new(path)).map(|paths| paths.iter()
        .filter_map(|p| p.file_name()).map(|n| Dynamic::from(n.to_string_lossy().into_owned())).collect()).thrown());
    change!(path "make_dir", (path: &str) -> (), format!("make folder {path}"), (), fs::create_dir_all(Path::new(path)).thrown());
    change!(look "temp_dir", (prefix: &str) -> ImmutableString, format!("make a temporary folder {prefix}…"), text(format!("{}/{prefix}plan", std::env::temp_dir().display())), tempfile::Builder::new().prefix(prefix)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700)).tempdir()
        .map(|d| text(d.keep().display().to_string()))
        .map_err(|e| fs::error("make a folder in", &std::env::temp_dir(), e)).thrown());
    change!(paths "copy", (from: &str, to: &str) -> (), format!("copy {from} to {to}"), (), fs::copy_all(Path::new(from), Path::new(to)).thrown());
    change!(paths "move", (from: &str, to: &str) -> (), format!("move {from} to {to}"), (), fs::rename(Path::new(from), Path::new(to)).thrown());
    change!(path "remove", (path: &str) -> (), format!("remove {path}"), (), fs::remove(Path::new(path)).thrown());
    change!(second "link", (target: &str, path: &str) -> (), format!("link {path} to {target}"), (), fs::link(Path::new(target), Path::new(path)).thrown());
    change!(path "chmod", (path: &str, mode: i64) -> (), format!("set mode {mode:o} of {path}"), (),
        fs::set_mode(Path::new(path), u32::try_from(mode).unwrap_or(0o600)).thrown());
    verb!(read "digest", (path: &str) -> ImmutableString, cache::digest(Path::new(path)).map(text).thrown());
    verb!(look "free_port", (address: &str) -> i64, std::net::TcpListener::bind((address, 0))
        .and_then(|l| l.local_addr()).map(|a| i64::from(a.port()))
        .map_err(|e| Error::user("host.port", format!("no port of {address} is free")).because(e)).thrown());
    verb!(look "free_space", (path: &str) -> i64, fs::free_space(Path::new(path))
        .map(|s| i64::try_from(s).unwrap_or(i64::MAX)).thrown());
    verb!(look "uid", () -> i64, Ok(i64::from(rustix::process::getuid().as_raw())));
    verb!(look "cpus", () -> i64, Ok(std::thread::available_parallelism().map_or(1, |n| i64::try_from(n.get()).unwrap_or(1))));
    place(m, "kernel", || super::to_value(&kernel::facts()));
    place(m, "has_module", |name: &str, release: &str| kernel::has_module(name, release));
    let r = run.clone();
    place(m, "fetch", move |ctx: NativeCallContext, url: &str| -> Returned<ImmutableString> {
        trust::program(&r, &ctx, "host::fetch").thrown()?;
        let url = url.to_owned();
        r.block_thread(move || download::text(&url)).map(text).thrown()
    });
    for with_options in [false, true] {
        let r = run.clone();
        let fetch = move |ctx: &NativeCallContext, url: &str, file: &str, options: &Map| -> Returned<()> {
            trust::program(&r, ctx, "host::download").thrown()?;
            only_keys("host::download", options, &["sha256"])?;
            if r.planned("host", None, format!("download {url} to {file}"), serde_json::Value::Null) {
                return Ok(());
            }
            let (url, file, sum) = (url.to_owned(), PathBuf::from(file), text_of(options, "sha256"));
            let progress = r.progress(format!("downloading {url}"), Unit::Bytes);
            let cancel = scope::current().cancel;
            let what = format!("download {url}");
            let work =
                move || download::file(&url, &file, sum.as_deref(), &progress, &|| cancel.is_cancelled());
            r.call(CallKind::Transfer, None, &what, || r.block_thread(work)).thrown()
        };
        if with_options {
            place(m, "download", move |ctx: NativeCallContext, url: &str, file: &str, options: Map| {
                fetch(&ctx, url, file, &options)
            });
        } else {
            place(m, "download", move |ctx: NativeCallContext, url: &str, file: &str| {
                fetch(&ctx, url, file, &Map::new())
            });
        }
    }
    // What the machine is like is no secret.
    place(m, "absolute", |path: &str| -> Returned<ImmutableString> {
        let absolute =
            std::path::absolute(path).map_err(|e| fs::error("find", Path::new(path), e)).thrown()?;
        Ok(text(absolute.display().to_string()))
    });
    place(m, "arch", || text(crate::arch::of_host()));
    place(m, "os", || text(std::env::consts::OS));
    place(m, "data_dir", || text(dirs::data().display().to_string()));
    place(m, "new_id", || text(crate::host::id::new()));
    place(m, "cache_dir", || text(dirs::cache().display().to_string()));
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut host = Module::new();
    register_host_programs(&mut host, run);
    register_host_files(&mut host, run);
    engine.register_static_module("host", host.into());
}
