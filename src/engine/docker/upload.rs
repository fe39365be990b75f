//! A stream of ours as the body of a request.

use crate::engine::ByteStream;
use crate::error::Error;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::sync::{Arc, Mutex, PoisonError};

/// What went wrong on our side of an upload: the engine only sees that the connection broke.
#[derive(Clone, Default)]
pub(super) struct Upload(Arc<Mutex<Option<Error>>>);

impl Upload {
    /// The same bytes, in the form a body is made of; an error ends them and is remembered.
    pub(super) fn watch(
        &self,
        archive: ByteStream,
    ) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> + 'static {
        let broke = Arc::clone(&self.0);
        archive.map(move |piece| {
            piece.map_err(|error| {
                let told = std::io::Error::other(error.to_string());
                *broke.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                told
            })
        })
    }

    /// Our own error when there was one, else what the engine told.
    pub(super) fn blame(&self, error: Error) -> Error {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(error)
    }
}
