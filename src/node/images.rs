//! Images that a node's container runtime has.

use super::{Node, args};
use crate::engine::ExecSpec;
use crate::error::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};

/// An image on a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all(deserialize = "camelCase"))]
pub struct NodeImage {
    /// Digest of its config, `sha256:` and 64 hex digits.
    pub id: String,
    /// Its names with registry and tag.
    #[serde(rename(deserialize = "repoTags"))]
    pub tags: Vec<String>,
    /// Its names with registry and digest.
    #[serde(rename(deserialize = "repoDigests"))]
    pub digests: Vec<String>,
    /// Size in bytes, of the layers as they are kept.
    #[serde(deserialize_with = "number")]
    pub size: u64,
}

/// Numbers of 64 bits are texts in the runtime's JSON.
fn number<'de, D: Deserializer<'de>>(value: D) -> std::result::Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(u64),
        Text(String),
    }
    match Form::deserialize(value)? {
        Form::Number(number) => Ok(number),
        Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

fn parse(text: &str) -> serde_json::Result<Vec<NodeImage>> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        images: Vec<NodeImage>,
    }
    Ok(serde_json::from_str::<Answer>(text)?.images)
}

impl Node {
    /// The images its container runtime has.
    ///
    /// # Errors
    /// `engine.not_running`, `node.exec_failed`; `node.answer` when the runtime's answer is not understood.
    pub async fn images(&self) -> Result<Vec<NodeImage>> {
        let command = args(&["crictl", "images", "-o", "json"]);
        let output = self.exec(&ExecSpec { command, ..Default::default() }).await?;
        parse(&output.stdout).map_err(|e| {
            Error::node(
                "node.answer",
                format!("crictl on {} answers with something else than images", self.name),
            )
            .because(e)
            .on_node(&self.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_as_text_and_names_may_be_missing() {
        let text = r#"{"images": [{"id": "sha256:1", "repoTags": ["a:1"], "size": "12", "pinned": false},
                                  {"id": "sha256:2", "repoDigests": ["a@sha256:3"], "size": 5}]}"#;
        let images = parse(text).unwrap();
        assert_eq!((images[0].size, images[1].size), (12, 5));
        assert_eq!((images[0].tags.len(), images[1].tags.len(), images[1].digests.len()), (1, 0, 1));
        assert!(parse("{}").unwrap().is_empty());
    }
}
