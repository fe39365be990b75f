//! What a thread that runs script code works under: which cancellation it obeys and which step it is in.
//!
//! Kept per thread, since natives called by Rhai cannot be handed anything else; threads made by `parallel`
//! inherit it.

use super::hooks::Origin;
use crate::cluster::Cluster;
use crate::event::StepId;
use std::cell::RefCell;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The surroundings of running script code.
#[derive(Clone, Default)]
pub struct Scope {
    /// Ends this code when cancelled.
    pub cancel: CancellationToken,
    /// The step around it.
    pub step: Option<StepId>,
    /// The cluster whose life the steps around it are part of; hooks get it.
    pub cluster: Option<Arc<Cluster>>,
    /// Whose hooks are being loaded.
    pub origin: Option<Origin>,
}

thread_local! {
    static CURRENT: RefCell<Scope> = RefCell::new(Scope::default());
}

/// The scope of this thread.
pub fn current() -> Scope {
    CURRENT.with_borrow(Clone::clone)
}

/// Whether the code of this thread is to end.
pub fn is_cancelled() -> bool {
    CURRENT.with_borrow(|scope| scope.cancel.is_cancelled())
}

/// Runs `body` under `scope`, then restores what was before.
pub fn with<T>(scope: Scope, body: impl FnOnce() -> T) -> T {
    struct Restore(Option<Scope>);
    impl Drop for Restore {
        fn drop(&mut self) {
            if let Some(before) = self.0.take() {
                CURRENT.with_borrow_mut(|current| *current = before);
            }
        }
    }
    let before = CURRENT.with_borrow_mut(|current| std::mem::replace(current, scope));
    let _restore = Restore(Some(before));
    body()
}
