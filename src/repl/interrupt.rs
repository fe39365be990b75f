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
    pub(super) fn listen(cancel: Cancel) -> Result<Self> {
        let evaluating = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let flag = Arc::clone(&evaluating);
        let listen = move || {
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
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

fn cannot(error: std::io::Error) -> Error {
    Error::internal("repl.interrupt", "cannot listen for Ctrl-C").because(error)
}
