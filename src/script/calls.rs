//! Natives tell what they do: each command, wait, question and transfer is a pair of events.

use super::run::Run;
use super::scope;
use crate::error::{Error, Result};
use crate::event::CallKind;

impl Run {
    /// Does `work` as a call that sinks hear of: `what` on `node` (none for this machine or a cluster as a whole).
    /// Its error gives the exit code and the reason.
    pub fn call<T>(
        &self,
        kind: CallKind,
        node: Option<&str>,
        what: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.call_with(kind, node, what, work, |_| None)
    }

    /// As [`Run::call`]; `code` finds the exit code in what came back.
    pub fn call_with<T>(
        &self,
        kind: CallKind,
        node: Option<&str>,
        what: &str,
        work: impl FnOnce() -> Result<T>,
        code: impl FnOnce(&T) -> Option<i64>,
    ) -> Result<T> {
        let begun = self.events.begin_call(scope::current().step, kind, node, what);
        let result = work();
        match &result {
            Ok(value) => self.events.end_call(begun, code(value), None),
            Err(error) => self.events.end_call(begun, error.context().exit_code, Some(error.message())),
        }
        result
    }

    /// Runs `future` as an API call; see [`Run::call`] and [`Run::block`].
    pub fn ask<T>(
        &self,
        node: Option<&str>,
        what: &str,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T> {
        self.call(CallKind::Api, node, what, || self.block(future))
    }

    /// Runs `future` as a wait.
    pub fn wait<T>(
        &self,
        node: Option<&str>,
        what: &str,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T> {
        self.call(CallKind::Wait, node, what, || self.block(future))
    }

    /// Runs `future` as a transfer of files or images.
    pub fn transfer<T>(
        &self,
        node: Option<&str>,
        what: &str,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T> {
        self.call(CallKind::Transfer, node, what, || self.block(future))
    }
}
