//! `image::…`: images the engine has, and image archives made without one.

use super::super::diagnostics::to_rhai;
use super::super::record::{Record, records_table};
use super::super::run::Run;
use super::super::trust;
use super::placed::place;
use super::{Returned, Thrown, from_value, only_keys, strings, text, text_of, to_value};
use crate::error::Error;
use crate::event::Unit;
use crate::host::archive;
use crate::image;
use crate::node::Node;
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, Module, NativeCallContext};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const RECORDS: &[Record] = records_table! { "image":
    "inspect" "(reference: string) -> map or ()" "An image of the engine: id, tags, architecture, size (bytes), entrypoint, command, env, labels, layers (digests of their tars).", "image::inspect(\"kindest/node:v1.37.2\")", throws "engine.*";
    "list" "() -> array of map" "All images of the engine.", "image::list().len()", throws "engine.*";
    "pull" "(reference: string, options?: map) -> ()" "Pulls an image, with progress. Options: platform (such as linux/arm64; the engine's own unless given).", "try { image::pull(\"localhost:1/none\") } catch (e) { e.code }",
        options "platform: string", throws "script.unknown_option engine.*";
    "tag" "(reference: string, new_reference: string) -> ()" "Gives an image another name.", "image::tag(\"kind-example/a:1\", \"kind-example/b:1\")", throws "engine.*";
    "push" "(reference: string) -> ()" "Pushes an image to the registry that its name begins with.", "try { image::push(\"localhost:1/none:1\") } catch (e) { e.code }", throws "engine.*";
    "remove" "(reference: string) -> ()" "Removes an image or one of its names; no error when it is not there.", "image::remove(\"kind-example/b:1\")", throws "engine.*";
    "save" "(references: array of string, file: string) -> int" "Writes images into one archive; its size in bytes.", "image::save([\"kind-example/a:1\"], \"a.tar\")", throws "script.not_allowed engine.* file.*";
    "load" "(file: string) -> array of string" "Loads an image archive into the engine; the references it held.", "image::load(\"a.tar\")", throws "script.not_allowed engine.* file.*";
    "from_root" "(path: string, reference: string, changes: array of string) -> string" "Makes an image of one layer from a tar file or a folder; changes are Dockerfile instructions. Its id.", "image::from_root(\"root.tar\", \"kind-example/base:1\", [])", throws "script.not_allowed engine.* file.*";
    "to_node" "(references: array of string, node: Node) -> map" "Streams images of the engine into a node's container runtime, without a file between. Layers that a node has are not sent again. What was moved, in bytes: bytes of the images, sent of them.", "image::to_node([\"kind-example/app:1\"], n)", throws "engine.* node.*";
    "archive_to_node" "(file: string, node: Node) -> map" "Streams an image archive into a node's container runtime. Layers that a node has are not sent again. What was moved, in bytes: bytes of the images, sent of them.", "image::archive_to_node(\"app.tar\", n)", throws "script.not_allowed file.* engine.* node.*";
    "to_nodes" "(references: array of string, nodes: array of Node) -> map" "Streams images of the engine into the container runtimes of several nodes. They are read once for all. Layers that a node has are not sent again. What was moved, in bytes: bytes of the images, sent of them.", "image::to_nodes([\"kind-example/app:1\"], c.nodes)", throws "script.bad_value engine.* node.*";
    "archive_to_nodes" "(file: string, nodes: array of Node) -> map" "Streams an image archive into the container runtimes of several nodes. It is read once for all. Layers that a node has are not sent again. What was moved, in bytes: bytes of the images, sent of them.", "image::archive_to_nodes(\"app.tar\", c.nodes)", throws "script.not_allowed script.bad_value file.* engine.* node.*";
    "from_node" "(reference: string, node: Node, files: map, config: map) -> ()" "Makes an image of the engine from files of a node: files maps paths in the image to paths on the node.", "image::from_node(\"kind-example/web:1\", n, #{\"/bin/busybox\": \"/kind/bin/busybox\"}, #{entrypoint: [\"/bin/busybox\"]})",
        options "entrypoint: array of string, cmd: array of string, env: array of string, workdir: string, user: string, labels: map",
        throws "script.bad_value engine.* node.*";
    "pack" "(spec: map, file: string) -> string" "Makes an image archive of one layer without an engine. Keys: reference or references, arch, root (a folder), files [#{from, to, mode}], links [#{to, target}], config #{entrypoint, cmd, env, workdir, user, labels}. Equal input gives equal bytes.", "image::pack(#{reference: \"kind-example/a:1\", arch: \"amd64\"}, \"a.tar\")",
        options "reference: string, references: array of string, arch: string, root: string or (), files: array of map, links: array of map, folders: array of string, config: map",
        throws "script.not_allowed script.bad_value config.image file.*";
    "has_whiteouts" "(file: string) -> bool" "Whether a layer of an image archive hides files of the layers below it.", "image::has_whiteouts(\"a.tar\")", throws "script.not_allowed image.archive file.*";
    "flatten" "(reference: string, file: string) -> string" "Writes an image of the engine as an archive of one layer.", "image::flatten(\"kind-example/a:1\", \"flat.tar\")", throws "script.not_allowed engine.* file.*";
};

fn pull(run: &Arc<Run>, reference: &str, options: &Map) -> Returned<()> {
    only_keys("image::pull", options, &["platform"])?;
    let engine = run.engine().thrown()?;
    let progress = run.progress(format!("pulling {reference}"), Unit::Bytes);
    let platform = text_of(options, "platform");
    let work = engine.pull_image(reference, platform.as_deref(), &progress);
    run.transfer(None, &format!("pull {reference}"), work).thrown()
}

fn nodes_of(list: &Array) -> Returned<Vec<Node>> {
    let node = |value: &Dynamic| {
        value.clone().try_cast::<Node>().ok_or_else(|| {
            to_rhai(&Error::script("script.bad_value", format!("the list has {value}, which is no node")))
        })
    };
    list.iter().map(node).collect()
}

fn engine_to(run: &Arc<Run>, references: &Array, nodes: &[Node]) -> Returned<Dynamic> {
    let references = strings(references);
    let what = format!("images {}", references.join(" "));
    let source = image::Source::Engine(run.engine().thrown()?, references);
    to_nodes(run, &what, nodes, &source)
}

fn archive_to(run: &Arc<Run>, file: &str, nodes: &[Node]) -> Returned<Dynamic> {
    to_nodes(run, &format!("images of {file}"), nodes, &image::Source::File(PathBuf::from(file)))
}

fn to_nodes(run: &Arc<Run>, what: &str, nodes: &[Node], source: &image::Source) -> Returned<Dynamic> {
    let one = match nodes {
        [node] => Some(node.name.as_str()),
        _ => None,
    };
    to_value(&run.transfer(one, what, image::load(nodes, source)).thrown()?)
}

#[expect(clippy::too_many_lines, reason = "a list of verbs")]
pub fn register(engine: &mut Engine, run: &Arc<Run>) {
    let mut m = Module::new();
    macro_rules! verb {
        ($name:literal, $r:ident, $call:expr) => {
            let $r = run.clone();
            place(&mut m, $name, $call);
        };
    }
    verb!("inspect", r, move |reference: &str| -> Returned<Dynamic> {
        let engine = r.engine().thrown()?;
        r.block(engine.inspect_image(reference)).thrown()?.map_or(Ok(Dynamic::UNIT), |i| to_value(&i))
    });
    verb!("list", r, move || -> Returned<Dynamic> {
        let engine = r.engine().thrown()?;
        to_value(&r.block(engine.list_images()).thrown()?)
    });
    verb!("pull", r, move |reference: &str| pull(&r, reference, &Map::new()));
    verb!("pull", r, move |reference: &str, options: Map| pull(&r, reference, &options));
    verb!("tag", r, move |from: &str, to: &str| -> Returned<()> {
        let engine = r.engine().thrown()?;
        r.block(engine.tag_image(from, to)).thrown()
    });
    verb!("push", r, move |reference: &str| -> Returned<()> {
        let engine = r.engine().thrown()?;
        r.transfer(None, &format!("push {reference}"), engine.push_image(reference)).thrown()
    });
    verb!("remove", r, move |reference: &str| -> Returned<()> {
        let engine = r.engine().thrown()?;
        r.block(engine.remove_image(reference)).thrown()
    });
    verb!("save", r, move |ctx: NativeCallContext, references: Array, file: &str| -> Returned<i64> {
        trust::path(&r, &ctx, "image::save", Path::new(file)).thrown()?;
        let engine = r.engine().thrown()?;
        let size = r.transfer(None, &format!("save images to {file}"), async {
            let stream = engine.save_images(&strings(&references)).await?;
            archive::save(stream, PathBuf::from(file)).await
        });
        Ok(i64::try_from(size.thrown()?).unwrap_or(i64::MAX))
    });
    verb!("load", r, move |ctx: NativeCallContext, file: &str| -> Returned<Array> {
        trust::path(&r, &ctx, "image::load", Path::new(file)).thrown()?;
        let engine = r.engine().thrown()?;
        let stream = archive::file(PathBuf::from(file)).thrown()?;
        let names = r.transfer(None, &format!("load {file}"), engine.load_images(stream)).thrown()?;
        Ok(names.into_iter().map(Dynamic::from).collect())
    });
    verb!("from_root", r, move |ctx: NativeCallContext,
                                path: &str,
                                reference: &str,
                                changes: Array|
          -> Returned<ImmutableString> {
        trust::path(&r, &ctx, "image::from_root", Path::new(path)).thrown()?;
        let engine = r.engine().thrown()?;
        let path = PathBuf::from(path);
        let stream = if path.is_dir() {
            archive::stream(move |builder| {
                builder.follow_symlinks(false);
                builder.append_dir_all(".", &path)
            })
        } else {
            archive::file(path).thrown()?
        };
        let changes = strings(&changes);
        let work = engine.import_image(stream, reference, &changes);
        r.transfer(None, &format!("import {reference}"), work).map(text).thrown()
    });
    verb!("to_node", r, move |references: Array, node: Node| -> Returned<Dynamic> {
        engine_to(&r, &references, &[node])
    });
    verb!("archive_to_node", r, move |ctx: NativeCallContext, file: &str, node: Node| -> Returned<Dynamic> {
        trust::path(&r, &ctx, "image::archive_to_node", Path::new(file)).thrown()?;
        archive_to(&r, file, &[node])
    });
    verb!("to_nodes", r, move |references: Array, nodes: Array| -> Returned<Dynamic> {
        engine_to(&r, &references, &nodes_of(&nodes)?)
    });
    verb!("archive_to_nodes", r, move |ctx: NativeCallContext,
                                       file: &str,
                                       nodes: Array|
          -> Returned<Dynamic> {
        trust::path(&r, &ctx, "image::archive_to_nodes", Path::new(file)).thrown()?;
        archive_to(&r, file, &nodes_of(&nodes)?)
    });
    verb!("has_whiteouts", r, move |ctx: NativeCallContext, file: &str| -> Returned<bool> {
        trust::path(&r, &ctx, "image::has_whiteouts", Path::new(file)).thrown()?;
        let path = PathBuf::from(file);
        r.block_thread(move || image::whiteouts(&path)).thrown()
    });
    verb!("from_node", r, move |reference: &str, node: Node, files: Map, config: Map| -> Returned<()> {
        let told = format!("make image {reference} of its files");
        if let Some(plan) = r.plan.get() {
            plan.act("image", Some(&node.name), told, serde_json::Value::Null);
            plan.engine().put_image(reference);
            return Ok(());
        }
        let files = files.iter().map(|(to, from)| (to.to_string(), from.to_string())).collect();
        let config: image::Config = from_value("the image's config", &Dynamic::from_map(config))?;
        let work = image::from_node(&node, reference, files, config);
        r.transfer(Some(&node.name), &format!("image {reference}"), work).thrown()
    });
    verb!("pack", r, move |ctx: NativeCallContext, spec: Map, file: &str| -> Returned<ImmutableString> {
        trust::path(&r, &ctx, "image::pack", Path::new(file)).thrown()?;
        let spec: image::Spec = from_value("the image", &Dynamic::from_map(spec))?;
        let path = PathBuf::from(file);
        r.block_thread(move || image::pack(&spec, &path)).thrown()?;
        Ok(text(file))
    });
    verb!("flatten", r, move |ctx: NativeCallContext,
                              reference: &str,
                              file: &str|
          -> Returned<ImmutableString> {
        trust::path(&r, &ctx, "image::flatten", Path::new(file)).thrown()?;
        let engine = r.engine().thrown()?;
        let work = image::flatten(engine.as_ref(), reference, PathBuf::from(file));
        r.transfer(None, &format!("flatten {reference}"), work).thrown()?;
        Ok(text(file))
    });
    engine.register_static_module("image", m.into());
}
