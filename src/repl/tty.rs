//! This process's terminal, handed to a program elsewhere: keys as they come, every change of the size.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::engine::ByteStream;
use crate::error::{Error, Result};

/// How long after the program's end the terminal may be kept at most.
const TICK: Duration = Duration::from_millis(50);

/// The terminal in raw mode; dropped, it is as it was before.
pub struct Tty {
    before: Termios,
    over: Arc<AtomicBool>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Tty {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// `repl.no_terminal` when standard input or output is none.
    pub fn take() -> Result<Self> {
        let wrong =
            |error| Error::user("repl.terminal", "cannot use this terminal for a shell").because(error);
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Err(Error::user("repl.no_terminal", "a shell needs a terminal")
                .hint("!COMMAND runs one command without"));
        }
        let before = tcgetattr(rustix::stdio::stdin()).map_err(wrong)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &raw).map_err(wrong)?;
        Ok(Self { before, over: Arc::default(), reader: None })
    }

    /// What is typed from now on, as it comes.
    pub fn keys(&mut self) -> ByteStream {
        let (send, keys) = tokio::sync::mpsc::unbounded_channel();
        let over = Arc::clone(&self.over);
        let read = move || {
            let mut buffer = [0_u8; 4096];
            let stdin = rustix::stdio::stdin();
            let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
            while !over.load(Ordering::SeqCst) {
                let mut wanted = [PollFd::new(&stdin, PollFlags::IN)];
                // a signal may interrupt it
                let _ = poll(&mut wanted, Some(&tick));
                if wanted[0].revents().is_empty() || over.load(Ordering::SeqCst) {
                    continue;
                }
                match rustix::io::read(stdin, &mut buffer[..]) {
                    Ok(n @ 1..) => {
                        if send.send(Ok(Bytes::copy_from_slice(&buffer[..n]))).is_err() {
                            return;
                        }
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    _ => return,
                }
            }
        };
        self.reader = std::thread::Builder::new().name("kind-keys".to_owned()).spawn(read).ok();
        futures_util::stream::unfold(keys, |mut keys| async move { Some((keys.recv().await?, keys)) }).boxed()
    }
}

/// The size (columns, rows) now and after each change. To be called inside of a runtime.
pub fn sizes() -> BoxStream<'static, (u16, u16)> {
    let changes = signal(SignalKind::window_change()).ok();
    let now = futures_util::stream::iter(size());
    let later = futures_util::stream::unfold(changes, |changes| async move {
        let mut changes = changes?;
        changes.recv().await?;
        Some((size(), Some(changes)))
    });
    now.chain(later.filter_map(std::future::ready)).boxed()
}

fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(rustix::stdio::stdout()).ok()?;
    Some((size.ws_col, size.ws_row)).filter(|(columns, rows)| *columns > 0 && *rows > 0)
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &self.before);
    }
}
