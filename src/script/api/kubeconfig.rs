//! `kubeconfig::…`: the user's kubeconfig files, and those that belong to a cluster.

use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::trust;
use super::placed::place;
use super::{Returned, Thrown, text};
use crate::config::ClusterName;
use crate::error::{Error, Result};
use crate::host::{dirs, fs};
use crate::kubeconfig::{self, Kubeconfig};
use rhai::{Dynamic, Engine, ImmutableString, Module, NativeCallContext};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const RECORDS: &[Record] = records_table! { "kubeconfig":
    "render" "(admin_conf: string, cluster: string, server: string) -> string" "kubeadm's admin.conf with the names kind-NAME and, unless empty, another server.", "try { kubeconfig::render(\"\", \"kind\", \"\") } catch (e) { e.code }", throws "config.name kubeconfig.malformed";
    "merge" "(text: string, file: string) -> string" "Merges a kubeconfig into the file kubectl would write to ($KUBECONFIG or the default one; the given one unless empty) and makes its context current; that file.", "try { kubeconfig::merge(\"\", \"/tmp/kind-example-config\") } catch (e) { e.code }", throws "script.not_allowed kubeconfig.*";
    "remove" "(cluster: string, file: string) -> array of string" "Removes a cluster's entries; the files that changed.", "kubeconfig::remove(\"none\", \"/tmp/none\").len()", throws "script.not_allowed kubeconfig.*";
    "write" "(text: string, file: string) -> ()" "Writes a kubeconfig of its own, mode 0600.", "kubeconfig::write(\"a: 1\", \"/tmp/kind-example-config\")", throws "script.not_allowed file.*";
};

fn paths(file: &str) -> Result<Vec<PathBuf>> {
    let explicit = (!file.is_empty()).then(|| Path::new(file));
    let env = std::env::var_os("KUBECONFIG");
    let paths = kubeconfig::paths(explicit, env.as_deref(), dirs::home().as_deref());
    if paths.is_empty() {
        return Err(Error::user("kubeconfig.no_home", "there is no home folder for a kubeconfig")
            .hint("set KUBECONFIG or --kubeconfig"));
    }
    Ok(paths)
}

/// A file that the script names itself is a file of the host like any other; the user's own kubeconfig is not.
fn own_file(run: &Run, ctx: &NativeCallContext<'_>, file: &str) -> Returned<()> {
    if file.is_empty() { Ok(()) } else { trust::path(run, ctx, "kubeconfig", Path::new(file)).thrown() }
}

pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut m = Module::new();
    place(&mut m, "render", |admin: &str, cluster: &str, server: &str| -> Returned<ImmutableString> {
        let name = ClusterName::parse(cluster).thrown()?;
        let server = (!server.is_empty()).then_some(server);
        kubeconfig::render(admin, &name, server).and_then(|k| k.to_yaml()).map(text).thrown()
    });
    let r = run.clone();
    place(
        &mut m,
        "merge",
        move |ctx: NativeCallContext, content: &str, file: &str| -> Returned<ImmutableString> {
            own_file(&r, &ctx, file)?;
            let new = Kubeconfig::parse(content, "the cluster's kubeconfig").thrown()?;
            let paths = paths(file).thrown()?;
            let target = paths.first().map(|p| p.display().to_string()).unwrap_or_default();
            if r.planned("host", None, format!("merge the kubeconfig into {target}"), Value::Null) {
                return Ok(text(target));
            }
            let written = r.thread_through(move || kubeconfig::merge(&new, &paths)).thrown()?;
            Ok(text(written.display().to_string()))
        },
    );
    let r = run.clone();
    place(
        &mut m,
        "remove",
        move |ctx: NativeCallContext, cluster: &str, file: &str| -> Returned<rhai::Array> {
            own_file(&r, &ctx, file)?;
            let name = ClusterName::asked(cluster);
            let paths = paths(file).thrown()?;
            if r.planned("host", None, format!("remove kind-{name} from the kubeconfig"), Value::Null) {
                return Ok(rhai::Array::new());
            }
            let changed = r.thread_through(move || kubeconfig::remove(&name, &paths)).thrown()?;
            Ok(changed.iter().map(|p| Dynamic::from(p.display().to_string())).collect())
        },
    );
    let r = run.clone();
    place(&mut m, "write", move |ctx: NativeCallContext, content: &str, file: &str| -> Returned<()> {
        own_file(&r, &ctx, file)?;
        if r.planned("host", None, format!("write the kubeconfig {file}"), Value::Null) {
            return Ok(());
        }
        fs::write(Path::new(file), content.as_bytes(), 0o600).thrown()
    });
    engine.register_static_module("kubeconfig", m.into());
}
