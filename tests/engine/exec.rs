use super::support::{bytes, scratch, sh};
use futures_util::{StreamExt, stream};
use kind::engine::{ExecIo, ExecSpec};
use kind::event::Stream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub async fn output_code_and_surroundings_of_a_command() {
    let Some(mut scratch) = scratch("exec").await else { return };
    let name = scratch.running("a").await;
    let done = scratch.sh(&name, "echo out; echo err >&2; exit 42").await;
    assert_eq!(
        (done.code, done.stdout.as_slice(), done.stderr.as_slice()),
        (42, &b"out\n"[..], &b"err\n"[..])
    );
    assert_eq!(scratch.sh(&name, "kill -9 $$").await.code, 137);

    let spec = ExecSpec {
        env: [("GREETING".to_owned(), "a b\nc".to_owned())].into(),
        user: "guest".into(),
        workdir: "/tmp".into(),
        ..sh("id -u; pwd; echo \"$GREETING\"; read -r line || echo no input")
    };
    let done = scratch.engine.exec(&name, &spec, ExecIo::default()).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "1000\n/tmp\na b\nc\nno input\n");

    let missing = ExecSpec { command: vec!["no-such-command".into()], ..Default::default() };
    match scratch.engine.exec(&name, &missing, ExecIo::default()).await {
        Ok(done) => {
            assert!([126, 127].contains(&done.code), "{done:?}");
            assert!(done.stdout.is_empty(), "{done:?}");
            assert!(String::from_utf8_lossy(&done.stderr).contains("no-such-command"), "{done:?}");
        }
        Err(error) => assert!(error.message().contains("no-such-command"), "{error:?}"),
    }
    scratch.engine.kill_container(&name, "KILL").await.unwrap();
    scratch.engine.wait_container(&name).await.unwrap();
    let error = scratch.engine.exec(&name, &sh("true"), ExecIo::default()).await.unwrap_err();
    assert_eq!(error.code(), "engine.not_running", "{error:?}");
    let error = scratch.engine.exec("kind-test-none", &sh("true"), ExecIo::default()).await.unwrap_err();
    assert_eq!(error.code(), "engine.not_found", "{error:?}");
}

pub async fn output_comes_as_it_is_written() {
    let Some(mut scratch) = scratch("live").await else { return };
    let name = scratch.running("a").await;
    let since = Instant::now();
    let pieces = Mutex::new(Vec::new());
    let tell =
        |stream: Stream, bytes: &[u8]| pieces.lock().unwrap().push((since.elapsed(), stream, bytes.to_vec()));
    let io = ExecIo { output: Some(&tell), discard: true, ..Default::default() };
    let done =
        scratch.engine.exec(&name, &sh("echo 1; sleep 1; echo 2 >&2; sleep 1; echo 3"), io).await.unwrap();
    assert!(done.stdout.is_empty() && done.stderr.is_empty(), "discarded");
    let pieces = pieces.into_inner().unwrap();
    let order: Vec<_> = pieces.iter().map(|(_, stream, bytes)| (*stream, bytes.as_slice())).collect();
    assert_eq!(order, [(Stream::Stdout, &b"1\n"[..]), (Stream::Stderr, b"2\n"), (Stream::Stdout, b"3\n")]);
    assert!(pieces[2].0 > pieces[0].0 + Duration::from_millis(1500), "not all at the end: {pieces:?}");
}

pub async fn input_is_streamed_and_ends() {
    let Some(mut scratch) = scratch("stdin").await else { return };
    let name = scratch.running("a").await;
    let io = ExecIo { stdin: Some(bytes("hello")), ..Default::default() };
    let done = scratch.engine.exec(&name, &sh("cat; echo end"), io).await.unwrap();
    assert_eq!(done.stdout, b"helloend\n");

    // 32 MiB through, in pieces, and back
    let pieces =
        stream::iter((0..512).map(|i: u32| Ok(vec![u8::try_from(i % 251).unwrap(); 64 * 1024].into())));
    let io = ExecIo { stdin: Some(pieces.boxed()), ..Default::default() };
    let done = scratch
        .engine
        .exec(&name, &ExecSpec { command: vec!["cat".into()], ..Default::default() }, io)
        .await
        .unwrap();
    assert_eq!(done.stdout.len(), 512 * 64 * 1024);
    assert!(
        done.stdout
            .chunks(64 * 1024)
            .enumerate()
            .all(|(i, piece)| piece.iter().all(|b| usize::from(*b) == i % 251))
    );

    // a command that does not read what it is sent
    let endless = stream::repeat_with(|| Ok(vec![0; 64 * 1024].into()));
    let io = ExecIo { stdin: Some(endless.boxed()), ..Default::default() };
    assert_eq!(scratch.engine.exec(&name, &sh("exit 5"), io).await.unwrap().code, 5);

    // a source that fails
    let broken = stream::iter([Err(kind::Error::user("test.broken", "the source broke"))]);
    let io = ExecIo { stdin: Some(broken.boxed()), ..Default::default() };
    let error = scratch.engine.exec(&name, &sh("cat"), io).await.unwrap_err();
    assert_eq!(error.code(), "test.broken");
    scratch.engine.settle().await;
}

pub async fn a_terminal_has_a_size() {
    let Some(mut scratch) = scratch("tty").await else { return };
    let name = scratch.running("a").await;
    let sizes = stream::iter([(101, 37)]).chain(stream::once(async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        (55, 22)
    }));
    let io = ExecIo { sizes: Some(sizes.boxed()), ..Default::default() };
    let spec = ExecSpec { tty: true, ..sh("sleep 0.4; stty size; sleep 0.8; stty size; echo err >&2") };
    let done = scratch.engine.exec(&name, &spec, io).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), "37 101\r\n22 55\r\nerr\r\n");
    assert!(done.stderr.is_empty());
}

pub async fn a_command_that_takes_too_long_is_killed_with_its_children() {
    let Some(mut scratch) = scratch("limit").await else { return };
    let name = scratch.running("a").await;
    let spec = ExecSpec {
        time_limit: Some(Duration::from_secs(2)),
        user: "guest".into(),
        ..sh("echo begun; sleep 1234 & sleep 1235; echo never")
    };
    let since = Instant::now();
    let error = scratch.engine.exec(&name, &spec, ExecIo::default()).await.unwrap_err();
    assert_eq!(error.code(), "engine.time_limit", "{error:?}");
    assert_eq!(error.context().stdout.as_deref(), Some("begun\n"));
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
    let left = scratch.sh(&name, "ps | grep 'sleep 123[45]' | grep -v grep").await;
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
    // one that is in time is let be
    let spec = ExecSpec { time_limit: Some(Duration::from_secs(20)), ..sh("echo fine") };
    assert_eq!(scratch.engine.exec(&name, &spec, ExecIo::default()).await.unwrap().stdout, b"fine\n");
}

pub async fn a_dropped_command_is_killed() {
    let Some(mut scratch) = scratch("drop").await else { return };
    let name = scratch.running("a").await;
    let engine = scratch.engine.clone();
    for after in [0, 3, 10, 30, 300] {
        let spec = sh("sleep 4321");
        let work = engine.exec(&name, &spec, ExecIo::default());
        assert!(tokio::time::timeout(Duration::from_millis(after), work).await.is_err());
        engine.settle().await;
        let left = scratch.sh(&name, "ps | grep 'sleep 4321' | grep -v grep").await;
        assert_eq!(String::from_utf8_lossy(&left.stdout), "", "dropped after {after} ms");
    }
}

pub async fn many_commands_run_side_by_side() {
    let Some(mut scratch) = scratch("many").await else { return };
    let name = scratch.running("a").await;
    let since = Instant::now();
    let all = (0..16).map(|i| {
        let (engine, name) = (scratch.engine.clone(), name.clone());
        tokio::spawn(async move {
            let done =
                engine.exec(&name, &sh(&format!("sleep 1; echo {i}")), ExecIo::default()).await.unwrap();
            assert_eq!(done.stdout, format!("{i}\n").as_bytes());
        })
    });
    for done in all.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
}
