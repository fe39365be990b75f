//! Requests: names in their paths, and what bollard gets wrong in them.

use crate::error::{Error, Result};

/// A name as one segment of a request's path. What would lead to another path cannot be the name of anything.
pub(super) fn segment(name: &str) -> Result<String> {
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return Err(Error::engine("engine.not_found", format!("nothing can be named \"{name}\"")));
    }
    Ok(encode(name, b""))
}

/// An image reference as the middle of a request's path; its slashes stay.
pub(super) fn reference_path(reference: &str) -> Result<String> {
    if reference.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Error::user(
            "engine.bad_reference",
            format!("\"{reference}\" is not an image reference"),
        ));
    }
    Ok(encode(reference, b"/"))
}

pub(super) fn encode(name: &str, also: &[u8]) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte) || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(format!("{byte:02X}").chars());
        }
    }
    encoded
}

/// What bollard gets wrong: every upload carries a second content type, which strict servers refuse;
/// credentials are encoded with base64's standard alphabet where docker decodes the one for URLs; several
/// changes to an image are sent as one of many lines, of which Podman takes the first.
pub(super) fn mend_request(mut request: bollard::BollardRequest) -> bollard::BollardRequest {
    if let Some(mended) = one_change_each(&request.uri().to_string())
        && let Ok(mended) = mended.parse()
    {
        *request.uri_mut() = mended;
    }
    let headers = request.headers_mut();
    if headers.get_all("content-type").iter().count() > 1
        && let Some(first) = headers.get("content-type").cloned()
    {
        headers.insert("content-type", first);
    }
    if let Some(auth) = headers.get_mut("x-registry-auth")
        && let Ok(text) = auth.to_str()
        && let Ok(mended) = text.replace('+', "-").replace('/', "_").parse()
    {
        *auth = mended;
        auth.set_sensitive(true);
    }
    request
}

/// The address of a request with a parameter of its own for each change; `None` when there is nothing to do.
fn one_change_each(address: &str) -> Option<String> {
    let start = address.find("&changes=").or_else(|| address.find("?changes="))? + 1;
    let end = address[start..].find('&').map_or(address.len(), |end| start + end);
    let changes = &address[start..end];
    changes
        .contains("%0A")
        .then(|| format!("{}{}{}", &address[..start], changes.replace("%0A", "&changes="), &address[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("kind-worker").unwrap(), "kind-worker");
        assert_eq!(segment("b?x#y%").unwrap(), "b%3Fx%23y%25");
        assert!(segment("..").is_err() && segment("").is_err() && segment("a/../b").is_err());
        assert_eq!(
            reference_path("host:5000/kindest/node@sha256:ab").unwrap(),
            "host:5000/kindest/node@sha256:ab"
        );
        assert!(reference_path("a/../b").is_err() && reference_path("").is_err());
    }

    #[test]
    fn every_change_is_a_parameter() {
        assert_eq!(
            one_change_each("unix://6f/commit?repo=a&changes=ENV+a%3Db%0ACMD+c&pause=true").as_deref(),
            Some("unix://6f/commit?repo=a&changes=ENV+a%3Db&changes=CMD+c&pause=true")
        );
        assert_eq!(one_change_each("unix://6f/commit?changes=ENV+a%3Db"), None);
        assert_eq!(one_change_each("unix://6f/images/json"), None);
    }
}
