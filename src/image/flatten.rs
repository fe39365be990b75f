//! An image of several layers as an archive of one. Layers with whiteouts cannot be unpacked below a node
//! image's own overlay; a flat image has none.

use super::pack::{Config, from_layer};
use crate::engine::{ContainerSpec, Engine};
use crate::error::{Error, Result};
use crate::host::cache::hex;
use crate::host::{archive, fs};
use sha2::{Digest, Sha256};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

/// Writes the engine's image `reference` to `path` with all of its layers merged; name and config are kept.
pub async fn flatten(engine: &dyn Engine, reference: &str, path: PathBuf) -> Result<()> {
    let image = engine
        .inspect_image(reference)
        .await?
        .ok_or_else(|| Error::engine("engine.not_found", format!("the engine has no image {reference}")))?;
    let name = format!(
        "kind-flatten-{}-{:x}",
        std::process::id(),
        Sha256::digest(reference).iter().take(4).fold(0_u32, |n, b| n << 8 | u32::from(*b))
    );
    let spec = ContainerSpec {
        name: name.clone(),
        image: reference.to_owned(),
        entrypoint: vec!["/none".to_owned()],
        network: "none".to_owned(),
        ..Default::default()
    };
    engine.create_container(&spec).await?;
    let written = export(engine, &name, reference, image, path).await;
    let removed = engine.remove_container(&name).await;
    written.and(removed)
}

async fn export(
    engine: &dyn Engine,
    container: &str,
    reference: &str,
    image: crate::engine::Image,
    path: PathBuf,
) -> Result<()> {
    let stream = engine.download(container, "/").await?;
    let names = vec![reference.to_owned()];
    let config = Config {
        entrypoint: image.entrypoint,
        cmd: image.command,
        env: image.env.into_iter().map(|(k, v)| format!("{k}={v}")).collect(),
        labels: image.labels,
        ..Default::default()
    };
    archive::read(stream, move |mut reader| {
        let failed = |e| fs::error("write", &path, e);
        let mut spool = tempfile::tempfile().map_err(failed)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        let mut size = 0_u64;
        loop {
            let read = reader.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            spool.write_all(&buffer[..read]).map_err(failed)?;
            size += read as u64;
        }
        spool.rewind().map_err(failed)?;
        let digest = hex(&hasher.finalize());
        from_layer(&names, &image.architecture, &config, &mut spool, size, &digest, fs::create(&path)?)
    })
    .await
}
