//! Engines that do not answer, or go away. These need no engine.

use kind::engine::{Environment, ExecIo, ExecSpec, LogOptions, connect_in};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

fn environment(root: &Path, variables: &[(&str, &str)]) -> Environment {
    Environment {
        variables: variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        home: root.join("home"),
        root: root.to_owned(),
        uid: 1000,
    }
}

pub async fn every_place_that_was_tried_is_told() {
    let root = tempfile::tempdir().unwrap();
    let error = connect_in(&environment(root.path(), &[])).await.err().unwrap();
    assert_eq!(error.code(), "engine.unreachable");
    for place in
        ["var/run/docker.sock", "run/user/1000/docker.sock", ".docker/run", "kind/engine/run", "podman.sock"]
    {
        assert!(error.message().contains(place), "{place} in {error:?}");
    }
    assert!(
        error.message().contains("no such file")
            && error.hints().iter().any(|h| h.contains("kind engine start"))
    );
}

pub async fn what_the_user_named_is_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    let error =
        connect_in(&environment(root.path(), &[("DOCKER_HOST", "tcp://127.0.0.1:1")])).await.err().unwrap();
    assert_eq!(error.code(), "engine.unreachable");
    assert!(error.message().contains("127.0.0.1:1") && error.message().contains("DOCKER_HOST"), "{error:?}");
    assert_eq!(error.causes(), ["connection refused"]);
}

/// An engine that tells its version, then breaks every connection.
pub async fn an_engine_that_goes_away_is_told_as_such() {
    let root = tempfile::tempdir().unwrap();
    let socket = root.path().join("s.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        let mut first = true;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            if std::mem::take(&mut first) {
                let answer =
                    b"HTTP/1.0 200 OK\r\nApi-Version: 1.45\r\nServer: Docker/26.1.5 (linux)\r\n\r\nOK";
                stream.write_all(answer).await.unwrap();
            }
        }
    });
    let address = format!("unix://{}", socket.display());
    let engine = connect_in(&environment(root.path(), &[("DOCKER_HOST", &address)])).await.unwrap();
    for error in [
        engine.list_containers(&[]).await.unwrap_err(),
        engine.stop_container("x", Duration::ZERO).await.unwrap_err(),
        engine.logs("x", &LogOptions::default()).await.err().unwrap(),
        engine.exec("x", &ExecSpec::default(), ExecIo::default()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "engine.unreachable", "{error:?}");
        assert!(error.message().contains("broke"), "{error:?}");
    }
}
