//! Takes secrets out of command lines before they become events or stand in errors.
//!
//! Nothing can know every secret; what is masked is what looks like one: values of options and variables that are
//! named after secrets, bearer and bootstrap tokens, passwords in addresses, private keys.

use std::borrow::Cow;

/// What stands in a secret's place.
pub(crate) const MASK: &str = "***";
/// Longest text that an event carries of a command, in characters.
const LONGEST: usize = 400;
/// Parts of names whose values are secrets.
const NAMES: &[&str] = &[
    "token",
    "password",
    "passwd",
    "secret",
    "credential",
    "api-key",
    "apikey",
    "certificate-key",
    "private-key",
];

/// `text` without secrets, and cut when it is long.
pub(crate) fn masked(text: &str) -> String {
    let shown = without_secrets(text);
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// `text` without secrets.
pub(crate) fn without_secrets(text: &str) -> String {
    let text = without_keys(text);
    let mut shown = String::with_capacity(text.len().min(LONGEST));
    // the word before was an option whose value comes now
    let mut value_next = false;
    for piece in text.split_inclusive(|c: char| c.is_whitespace()) {
        let word = piece.trim_end();
        let blank = &piece[word.len()..];
        if word.is_empty() {
            shown.push_str(blank);
            continue;
        }
        if value_next {
            shown.push_str(MASK);
        } else {
            shown.push_str(&word_masked(word));
        }
        shown.push_str(blank);
        value_next = !value_next && opens_value(word);
    }
    shown
}

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    NAMES.iter().any(|part| name.contains(part))
}

/// Whether the next word is the value of a secret: `--token abc`, `Authorization: Bearer abc`, `password: x`.
fn opens_value(word: &str) -> bool {
    let bare = word.trim_start_matches(['"', '\'']);
    bare.eq_ignore_ascii_case("bearer")
        || (bare.starts_with('-') && !bare.contains('=') && names_secret(bare) && !bare.ends_with("-file"))
        || (bare.ends_with(':') && names_secret(bare))
}

fn word_masked(word: &str) -> Cow<'_, str> {
    if let Some((name, _)) = word.split_once('=')
        && names_secret(name)
        && !name.contains('/')
    {
        return Cow::Owned(format!("{name}={MASK}"));
    }
    let bare = word.trim_matches(['"', '\'', ',', ';']);
    if is_bootstrap_token(bare) || (bare.starts_with("eyJ") && bare.matches('.').count() == 2) {
        return Cow::Owned(word.replace(bare, MASK));
    }
    // scheme://user:password@host
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((user, host)) = rest.split('/').next().and_then(|authority| authority.rsplit_once('@'))
        && user.contains(':')
    {
        let path = &rest[user.len() + 1 + host.len()..];
        return Cow::Owned(format!("{scheme}://{MASK}@{host}{path}"));
    }
    Cow::Borrowed(word)
}

/// kubeadm's form: six characters, a dot, sixteen.
fn is_bootstrap_token(word: &str) -> bool {
    let fits = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    word.split_once('.').is_some_and(|(id, secret)| fits(id, 6) && fits(secret, 16))
}

/// `text` without PEM blocks of private keys.
fn without_keys(text: &str) -> Cow<'_, str> {
    const BEGIN: &str = "-----BEGIN";
    if !text.contains(BEGIN) || !text.contains("PRIVATE KEY-----") {
        return Cow::Borrowed(text);
    }
    let mut left = text;
    let mut shown = String::new();
    while let Some(start) = left.find(BEGIN) {
        shown.push_str(&left[..start]);
        shown.push_str(MASK);
        let rest = &left[start..];
        let end = rest.find("-----END").and_then(|end| Some(end + rest[end..].find("KEY-----")? + 8));
        left = end.map_or("", |end| &rest[end..]);
    }
    shown.push_str(left);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_masked_and_nothing_else() {
        for (text, shown) in [
            ("kubeadm join --token abcdef.0123456789abcdef host:6443", "kubeadm join --token *** host:6443"),
            ("kubeadm token list", "kubeadm token list"),
            ("echo abcdef.0123456789abcdef;", "echo ***;"),
            ("curl --password=x http://a/b", "curl --password=*** http://a/b"),
            ("env API_TOKEN=1 REGION=eu run", "env API_TOKEN=*** REGION=eu run"),
            ("curl -H 'Authorization: Bearer abc'", "curl -H 'Authorization: Bearer ***"),
            ("git clone https://me:pw@host/x.git", "git clone https://***@host/x.git"),
            ("ls  /kind\n/etc", "ls  /kind\n/etc"),
            ("run --password-file /run/x", "run --password-file /run/x"),
            ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a *** b"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
        assert_eq!(masked(&"x".repeat(1000)).chars().count(), LONGEST + 1);
    }
}
