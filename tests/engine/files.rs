use super::support::{bytes, collect, scratch, waiting};
use futures_util::{StreamExt, stream};
use kind::engine::{ContainerSpec, EndpointKind};
use std::io::Read as _;

fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o640);
    archive.append_data(&mut header, name, content).unwrap();
    archive.into_inner().unwrap()
}

fn read(archive: &[u8], name: &str) -> (Vec<u8>, u32) {
    let mut archive = tar::Archive::new(archive);
    let mut entry = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|e| e.path().unwrap().to_str() == Some(name))
        .unwrap();
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    (content, entry.header().mode().unwrap())
}

pub async fn files_go_up_and_come_down() {
    let Some(mut scratch) = scratch("files").await else { return };
    let spec = ContainerSpec {
        tmpfs: [("/run".to_owned(), String::new())].into(),
        ..waiting(&scratch.container("a"))
    };
    let (engine, name) = (scratch.engine.clone(), spec.name.as_str());
    engine.create_container(&spec).await.unwrap();
    // before it runs, and while it runs; on the root file system, and on a tmpfs
    engine.upload(name, "/etc", bytes(archive("early", b"1"))).await.unwrap();
    engine.start_container(name).await.unwrap();
    for folder in ["/etc", "/run"] {
        engine.upload(name, folder, bytes(archive("deep/er/file", b"content"))).await.unwrap();
        let seen = scratch.sh(name, &format!("cat {folder}/deep/er/file")).await;
        assert_eq!(seen.stdout, b"content", "{folder}: {seen:?}");
        let down = collect(engine.download(name, &format!("{folder}/deep")).await.unwrap()).await;
        assert_eq!(read(&down, "deep/er/file"), (b"content".to_vec(), 0o640), "{folder}");
        let error = engine.download(name, &format!("{folder}/none")).await.err().unwrap();
        assert_eq!(error.code(), "engine.not_found", "{error:?}");
        // Podman makes the folder
        let missing = engine.upload(name, &format!("{folder}/missing"), bytes(archive("x", b""))).await;
        if engine.endpoint().kind == EndpointKind::Docker {
            assert_eq!(missing.unwrap_err().code(), "engine.not_found");
        }
    }
    assert_eq!(scratch.sh(name, "cat /etc/early").await.stdout, b"1");
    // unpacked at the root, an entry may still go to a tmpfs
    engine.upload(name, "/", bytes(archive("run/from-root", b"2"))).await.unwrap();
    assert_eq!(scratch.sh(name, "cat /run/from-root").await.stdout, b"2");
}

pub async fn large_files_are_streamed_and_a_broken_source_is_named() {
    let Some(mut scratch) = scratch("large").await else { return };
    let name = scratch.running("a").await;
    let content: Vec<u8> = (0..64usize << 20).map(|i| u8::try_from((i * 7 / 4096) % 256).unwrap()).collect();
    let pieces: Vec<_> =
        archive("big", &content).chunks(1 << 20).map(|piece| Ok(piece.to_vec().into())).collect();
    scratch.engine.upload(&name, "/etc", stream::iter(pieces).boxed()).await.unwrap();
    let down = collect(scratch.engine.download(&name, "/etc/big").await.unwrap()).await;
    assert!(read(&down, "big").0 == content);

    let broken = stream::iter([
        Ok(archive("x", b"y")[..512].to_vec().into()),
        Err(kind::Error::user("test.broken", "no")),
    ]);
    let error = scratch.engine.upload(&name, "/etc", broken.boxed()).await.unwrap_err();
    assert_eq!(error.code(), "test.broken", "{error:?}");
}
