//! A command with a terminal: nerdctl wants one of its own, so it gets a pseudo-terminal of which we hold the other end.

use super::exec::Ended;
use super::own_words::OwnWords;
use super::program::Program;
use crate::engine::command::{Collected, too_much};
use crate::engine::{ExecIo, ExecResult, ExecSpec};
use crate::error::{Error, Result};
use crate::event::Stream;
use futures_util::{FutureExt, StreamExt, stream};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What ends the input of a terminal: Ctrl-D.
const END: &[u8] = &[4];

/// Runs nerdctl on a terminal.
pub(super) async fn run<'a>(
    program: &Program,
    arguments: &[String],
    io: ExecIo<'a>,
    spec: &ExecSpec,
    result: &mut ExecResult,
) -> Result<Ended<'a>> {
    let broke = |error: rustix::io::Errno| program.broke(error.into());
    let ExecIo { stdin, output: tell, discard, sizes } = io;
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).map_err(broke)?;
    grantpt(&master).and_then(|()| unlockpt(&master)).map_err(broke)?;
    let name = ptsname(&master, Vec::new()).map_err(broke)?;
    let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
        .map_err(broke)?;

    // a size that is known already holds from the start
    let mut sizes = sizes.unwrap_or_else(|| stream::empty().boxed());
    if let Some(Some(size)) = sizes.next().now_or_never() {
        let _ = tcsetwinsize(&master, window(size));
    }
    let mut command = program.command(arguments);
    let end = |fd: &OwnedFd| fd.try_clone().map_err(|error| program.broke(error));
    command.stdin(Stdio::from(end(&slave)?)).stdout(Stdio::from(end(&slave)?)).stderr(Stdio::piped());
    let mut child = program.spawn(&mut command)?;
    // the output ends when nobody else holds it
    drop((slave, command));
    let process = child.id();
    let mut reader = File::from_std(end(&master)?.into());
    let mut writer = File::from_std(end(&master)?.into());
    let mut stderr = child.stderr.take();
    let mut words = OwnWords::default();
    let mut collected = Collected { tell, discard, result };

    let output = async {
        let mut buffer = vec![0; 16 * 1024];
        // the terminal's other side being closed is an error to us
        while let Ok(read @ 1..) = reader.read(&mut buffer).await {
            if !collected.add(Stream::Stdout, &buffer[..read]) {
                return Err(too_much(spec));
            }
        }
        Ok(())
    };
    let complaints = async {
        let mut text = Vec::new();
        if let Some(stderr) = &mut stderr {
            let _ = stderr.read_to_end(&mut text).await;
        }
        Ok(text)
    };
    let input = async {
        if let Some(mut stdin) = stdin {
            while let Some(piece) = stdin.next().await {
                let bytes = match piece {
                    Ok(bytes) => bytes,
                    Err(error) => return error,
                };
                if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
                    break;
                }
            }
            let _ = writer.write_all(END).await;
            let _ = writer.flush().await;
        }
        std::future::pending::<Error>().await
    };
    let resize = async {
        while let Some(size) = sizes.next().await {
            let _ = tcsetwinsize(&master, window(size));
            if let Some(pid) = process.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
            {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::WINCH);
            }
        }
        std::future::pending::<()>().await;
    };
    let complaint = tokio::select! {
        read = futures_util::future::try_join(output, complaints) => read?.1,
        error = input => return Err(error),
        () = resize => Vec::new(),
    };
    let written = words.add(&complaint);
    collected.add(Stream::Stderr, &written);
    let status = child.wait().await.map_err(|error| program.broke(error))?;
    Ok((status, words, tell))
}

fn window((columns, rows): (u16, u16)) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}
