//! Ctrl-C while something is evaluated: cancels it, and only it.
//!
//! At the prompt the terminal is in raw mode and Ctrl-C is a key; here it is a signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::session::Cancel;
use crate::error::{Error, Result};

/// Listens for the signal as long as the process lives.
pub(super) struct Interrupt {
    evaluating: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen. The handler is in place when this returns: the prompt puts its own in front of it for each
    /// line, and afterwards puts back what was there when the line began.
    pub(super) fn listen(cancel: Cancel) -> Result<Self> {
        let evaluating = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&evaluating);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let mut signals = {
            let _inside = runtime.enter();
            signals().map_err(cannot)?
        };
        let listen = move || {
            runtime.block_on(async {
                while signals.recv().await.is_some() {
                    if flag.load(Ordering::SeqCst) {
                        cancel();
                    }
                }
            });
        };
        std::thread::Builder::new().name("kind-interrupt".to_owned()).spawn(listen).map_err(cannot)?;
        Ok(Self { evaluating })
    }

    /// Runs `work`; Ctrl-C cancels it meanwhile.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.evaluating.store(true, Ordering::SeqCst);
        let result = work();
        self.evaluating.store(false, Ordering::SeqCst);
        result
    }
}

#[cfg(unix)]
fn signals() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn signals() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

fn cannot(error: std::io::Error) -> Error {
    Error::internal("repl.interrupt", "cannot listen for Ctrl-C").because(error)
}
