//! Answers that bollard refuses to read.
//!
//! Podman tells states Docker does not have (`stopped`, `configured`), and one such container makes
//! bollard refuse the whole listing. Then, and only then, the answer is fetched again by hand and its
//! states are translated.

use super::{Docker, raw};
use crate::error::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;

impl Docker {
    /// GETs `path`, with states translated into Docker's.
    pub(super) async fn get_leniently<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let doing = format!("read {path} from the engine");
        let body = self.get_raw(path).await.map_err(|error| self.failed(&doing, error.into()))?;
        let mut value: Value =
            serde_json::from_slice(&body).map_err(|error| self.failed(&doing, error.into()))?;
        translate(&mut value);
        serde_json::from_value(value).map_err(|error| self.failed(&doing, error.into()))
    }

    async fn get_raw(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if !raw::is_plain(&self.dial) {
            let message = "an answer with unknown states cannot be read over an encrypted connection";
            return Err(std::io::Error::other(message));
        }
        let answer = raw::get(&self.dial, path).await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(std::io::Error::other(format!("status {status}"))),
        }
    }
}

/// Gives every `State` and `Status` that only Podman knows Docker's word for it.
fn translate(value: &mut Value) {
    let Value::Array(list) = value else {
        if let Some(status) = value.pointer_mut("/State/Status") {
            translate_one(status);
        }
        return;
    };
    for container in list {
        if let Some(state) = container.get_mut("State") {
            translate_one(state);
        }
    }
}

fn translate_one(state: &mut Value) {
    let word = match state.as_str() {
        Some("stopped") => "exited",
        Some("configured" | "initialized" | "unknown") => "created",
        Some(
            "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead" | "stopping"
            | "",
        )
        | None => return,
        Some(_) => "dead",
    };
    *state = Value::from(word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerInspectResponse, ContainerSummary};

    #[test]
    fn podmans_states_are_read() {
        let mut listing = serde_json::json!([
            {"Id": "a", "State": "stopped"}, {"Id": "b", "State": "running"}, {"Id": "c", "State": "configured"}
        ]);
        assert!(serde_json::from_value::<Vec<ContainerSummary>>(listing.clone()).is_err());
        translate(&mut listing);
        let read: Vec<ContainerSummary> = serde_json::from_value(listing).unwrap();
        let states: Vec<_> = read.iter().map(|c| c.state.unwrap().to_string()).collect();
        assert_eq!(states, ["exited", "running", "created"]);

        let mut one = serde_json::json!({"Id": "a", "State": {"Status": "stopped"}});
        translate(&mut one);
        assert!(serde_json::from_value::<ContainerInspectResponse>(one).is_ok());
    }
}
