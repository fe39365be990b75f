//! References to images.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The node image when a configuration names none.
pub const DEFAULT_NODE_IMAGE: &str = "kindest/node:v1.37.2";

/// A reference to an image: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef(String);

impl ImageRef {
    /// Checks a reference by the grammar engines use; fails with `config.image`.
    pub fn parse(text: &str) -> Result<Self> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => {
                Err(Error::user("config.image", format!("\"{text}\" is not an image reference: {why}")))
            }
        }
    }
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Without tag and digest.
    pub fn repository(&self) -> &str {
        let named = self.0.split('@').next().unwrap_or_default();
        named.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(named, |(name, _)| name)
    }
    /// The tag, when one is written.
    pub fn tag(&self) -> Option<&str> {
        let named = self.0.split('@').next().unwrap_or_default();
        named.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
    }
    /// The digest (`sha256:…`), when one is written.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }
}

/// Why `text` is no reference.
fn fault(text: &str) -> Option<&'static str> {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        let hex = digest.strip_prefix("sha256:").or_else(|| digest.strip_prefix("sha512:"));
        let fits = |h: &str| matches!(h.len(), 64 | 128) && h.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex.is_some_and(fits) {
            return Some("the digest after @ must read sha256: and 64 hex digits");
        }
    }
    let (name, tag) = match named.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((name, tag)) => (name, Some(tag)),
        None => (named, None),
    };
    if let Some(tag) = tag {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let inner = |b: u8| word(b) || b == b'.' || b == b'-';
        if !tag.bytes().next().is_some_and(word) || !tag.bytes().all(inner) || tag.len() > 128 {
            return Some("the tag after : must be letters, digits, '_', '.' and '-', at most 128 of them");
        }
    }
    let mut parts = name.split('/').peekable();
    let first = parts.peek().copied().unwrap_or_default();
    let is_host = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if is_host {
        parts.next();
        let host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        if !first.bytes().all(host) {
            return Some("the registry's host has illegal characters");
        }
    }
    for part in parts {
        let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let inner = |b: u8| alphanumeric(b) || matches!(b, b'.' | b'_' | b'-');
        let ends =
            part.bytes().next().is_some_and(alphanumeric) && part.bytes().last().is_some_and(alphanumeric);
        if !ends || !part.bytes().all(inner) {
            return Some("its path must be lower-case letters, digits, '.', '_' and '-'");
        }
    }
    None
}

impl Default for ImageRef {
    fn default() -> Self {
        Self(DEFAULT_NODE_IMAGE.to_owned())
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ImageRef {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> Self {
        image.0
    }
}

impl std::str::FromStr for ImageRef {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        let full = ImageRef::parse(&format!("localhost:5000/kindest/node:v1.37.2@{digest}")).unwrap();
        assert_eq!(full.repository(), "localhost:5000/kindest/node");
        assert_eq!(full.tag(), Some("v1.37.2"));
        assert_eq!(full.digest(), Some(digest.as_str()));
        let bare = ImageRef::parse("localhost:5000/node").unwrap();
        assert_eq!((bare.repository(), bare.tag(), bare.digest()), ("localhost:5000/node", None, None));
    }

    #[test]
    fn what_is_no_reference_is_told_with_the_reason() {
        for bad in ["", "Node", "a b", "a:", "a:b/", "/a", "a//b", "a@sha256:12", "a:-x"] {
            let error = ImageRef::parse(bad).unwrap_err();
            assert_eq!(error.code(), "config.image", "{bad}");
        }
    }
}
