//! What comes as a stream: logs and events.

use super::Docker;
use super::request::segment;
use crate::engine::{EngineEvent, EngineEventStream, LogOptions, OutputStream};
use crate::error::Result;
use crate::event::Stream;
use bollard::container::LogOutput;
use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptions, LogsOptions};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

impl Docker {
    pub(super) async fn logs_impl(&self, container: &str, options: &LogOptions) -> Result<OutputStream> {
        let path = segment(container)?;
        let request = LogsOptions {
            follow: options.follow,
            stdout: true,
            stderr: true,
            since: options.since.map_or(0, |since| i32::try_from(since).unwrap_or(i32::MAX)),
            timestamps: options.timestamps,
            tail: options.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
            ..Default::default()
        };
        let mut pieces = Box::pin(self.patient.logs(&path, Some(request)));
        let endpoint = self.endpoint.clone();
        let doing = format!("read the logs of container {container}");
        let explain = move |error| super::errors::explain(&endpoint, &doing, error);
        if options.follow {
            // the first piece may be long in coming; only ask whether there is such a container
            self.inspect_container_impl(container).await?;
            return Ok(pieces.map(move |piece| piece.map(tagged).map_err(&explain)).boxed());
        }
        // a failure is told now and not by the stream
        let first = match pieces.next().await {
            None => return Ok(stream::empty().boxed()),
            Some(first) => first.map(tagged).map_err(&explain)?,
        };
        let rest = pieces.map(move |piece| piece.map(tagged).map_err(&explain));
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }

    pub(super) async fn events_impl(&self, labels: &[String]) -> Result<EngineEventStream> {
        // The request goes out when the stream is first read, so "from now on" is said in the engine's
        // time; what happens in between is then told all the same.
        let since = if self.endpoint.is_local() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
        } else {
            let told = self
                .client
                .info()
                .await
                .map_err(|error| self.failed("ask the engine for its time", error))?;
            since_of(&told.system_time.unwrap_or_default())
        };
        let mut filters = HashMap::from([("type".to_owned(), vec!["container".to_owned()])]);
        if !labels.is_empty() {
            filters.insert("label".to_owned(), labels.to_vec());
        }
        let options = EventsOptions { since: Some(since), until: None, filters: Some(filters) };
        let endpoint = self.endpoint.clone();
        Ok(self
            .patient
            .events(Some(options))
            .map(move |event| {
                event
                    .map(event_of)
                    .map_err(|error| super::errors::explain(&endpoint, "follow the engine's events", error))
            })
            .boxed())
    }
}

/// An RFC 3339 time as seconds and nanoseconds since 1970, the only form older engines take.
fn since_of(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(
        |_| "0".to_owned(),
        |time| format!("{}.{:09}", time.as_second(), time.subsec_nanosecond()),
    )
}

/// A piece of output and where it was written.
pub(super) fn tagged(piece: LogOutput) -> (Stream, Bytes) {
    let stream = if matches!(piece, LogOutput::StdErr { .. }) { Stream::Stderr } else { Stream::Stdout };
    (stream, piece.into_bytes())
}

fn event_of(message: EventMessage) -> EngineEvent {
    let actor = message.actor.unwrap_or_default();
    let mut attributes: std::collections::BTreeMap<_, _> =
        actor.attributes.unwrap_or_default().into_iter().collect();
    EngineEvent {
        action: message.action.unwrap_or_default(),
        container: actor.id.unwrap_or_default(),
        name: attributes.remove("name").unwrap_or_default(),
        time: message.time.unwrap_or_default(),
        attributes,
    }
}

#[cfg(test)]
mod tests {
    use super::since_of;

    #[test]
    fn the_engines_time_is_told_in_seconds() {
        assert_eq!(since_of("2001-09-09T01:46:40.5Z"), "1000000000.500000000");
        assert_eq!(since_of("2001-09-09T03:46:40+02:00"), "1000000000.000000000");
    }
}
