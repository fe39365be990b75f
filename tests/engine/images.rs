use super::support::{IMAGE, bytes, collect, scratch, waiting};
use futures_util::{StreamExt, stream};
use kind::engine::{ContainerSpec, LogOptions};

pub async fn images_are_made_moved_and_removed() {
    let Some(mut scratch) = scratch("images").await else { return };
    let engine = scratch.engine.clone();
    let (committed, other) = (scratch.image("committed"), scratch.image("other"));
    let name = scratch.running("a").await;
    scratch.sh(&name, "echo kept > /kept").await;
    let changes = [
        "ENV A=b",
        r#"ENTRYPOINT ["/bin/sh", "-c"]"#,
        r#"CMD ["cat /kept; echo $A"]"#,
        "LABEL kind-test=yes",
    ];
    let id = engine.commit_container(&name, &committed, &changes.map(String::from)).await.unwrap();
    let image = engine.inspect_image(&committed).await.unwrap().expect("it was made");
    assert_eq!(image.id, id);
    assert_eq!(image.entrypoint, ["/bin/sh", "-c"]);
    assert_eq!((image.env["A"].as_str(), image.labels["kind-test"].as_str()), ("b", "yes"));
    assert_eq!(image.env["PATH"], "/bin", "what the container had is kept");
    engine.tag_image(&committed, &other).await.unwrap();
    assert_eq!(engine.inspect_image(&other).await.unwrap().unwrap().id, id);
    assert!(engine.list_images().await.unwrap().iter().any(|i| i.id == id && i.tags.contains(&other)));

    // both in one archive, away, and back
    let archive = collect(engine.save_images(&[committed.clone(), IMAGE.into()]).await.unwrap()).await;
    engine.remove_image(&other).await.unwrap();
    assert!(engine.inspect_image(&committed).await.unwrap().is_some(), "only the name was removed");
    engine.remove_image(&committed).await.unwrap();
    engine.remove_image(&committed).await.unwrap();
    assert!(engine.inspect_image(&committed).await.unwrap().is_none());
    let pieces: Vec<_> = archive.chunks(100_000).map(|piece| Ok(piece.to_vec().into())).collect();
    let loaded = engine.load_images(stream::iter(pieces).boxed()).await.unwrap();
    assert!(loaded.contains(&committed) && loaded.contains(&IMAGE.to_owned()), "{loaded:?}");
    assert_eq!(engine.inspect_image(&committed).await.unwrap().unwrap().id, id);

    let spec = ContainerSpec { image: committed, command: vec![], ..waiting(&scratch.container("b")) };
    scratch.start(&spec).await;
    assert_eq!(engine.wait_container(&spec.name).await.unwrap(), 0);
    let logs = engine.logs(&spec.name, &LogOptions::default()).await.unwrap();
    let logs = collect(logs.map(|piece| piece.map(|(_, bytes)| bytes)).boxed()).await;
    assert_eq!(String::from_utf8_lossy(&logs), "kept\nb\n");
}

pub async fn images_that_are_not_there() {
    let Some(scratch) = scratch("noimage").await else { return };
    let engine = &scratch.engine;
    assert!(engine.inspect_image("kind-test/none:1").await.unwrap().is_none());
    let error = engine.save_images(&["kind-test/none:1".into()]).await.err().unwrap();
    assert_eq!(error.code(), "engine.not_found", "{error:?}");
    let error = engine.load_images(bytes("this is no archive".repeat(100))).await.unwrap_err();
    assert_eq!(error.code(), "engine.refused", "{error:?}");
    // nothing listens there, so no network is needed to be refused
    let error = engine.pull_image("127.0.0.1:1/none:1", None, &|_, _| {}).await.unwrap_err();
    assert_eq!(error.code(), "engine.no_registry", "{error:?}");
    assert!(error.message().contains("127.0.0.1:1/none:1"), "{error:?}");
}
