//! Kubernetes' rules for labels, and the kubelet's for its own node.

/// Why `key` cannot be a label of a node, or `None`.
pub(super) fn key_fault(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if !is_label_word(name) || name.is_empty() {
        return Some(
            "expected at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, \
             after an optional prefix and a slash"
                .to_owned(),
        );
    }
    let prefix = prefix?;
    if !is_dns_subdomain(prefix) {
        return Some("the prefix before the slash must be a domain name".to_owned());
    }
    reserved(prefix, key).then(|| {
        "the kubelet refuses labels of kubernetes.io and k8s.io for its own node, but a few".to_owned()
    })
}

/// Why `value` cannot be a label's value, or `None`.
pub(super) fn value_fault(value: &str) -> Option<&'static str> {
    (!is_label_word(value)).then_some(
        "expected at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
    )
}

/// A name of lower-case labels with dots between them, as RFC 1123 has it.
pub(super) fn is_dns_subdomain(name: &str) -> bool {
    let label = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(inner) && !part.starts_with('-') && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn is_label_word(word: &str) -> bool {
    let end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    word.len() <= 63 && word.chars().all(inner) && end(word.chars().next()) && end(word.chars().last())
}

/// The kubelet's rule for `--node-labels`: kubernetes/kubernetes `pkg/apis/core/…/well_known_labels`.
fn reserved(prefix: &str, key: &str) -> bool {
    let under = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    if !under("kubernetes.io") && !under("k8s.io") {
        return false;
    }
    let allowed_prefix = under("kubelet.kubernetes.io") || under("node.kubernetes.io");
    let allowed_key = matches!(
        key,
        "kubernetes.io/hostname"
            | "kubernetes.io/arch"
            | "kubernetes.io/os"
            | "beta.kubernetes.io/arch"
            | "beta.kubernetes.io/os"
            | "beta.kubernetes.io/instance-type"
            | "topology.kubernetes.io/region"
            | "topology.kubernetes.io/zone"
            | "failure-domain.beta.kubernetes.io/region"
            | "failure-domain.beta.kubernetes.io/zone"
            | "failure-domain.kubernetes.io/region"
            | "failure-domain.kubernetes.io/zone"
    );
    !allowed_prefix && !allowed_key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for good in ["app", "a.b/c_d", "example.com/x", "topology.kubernetes.io/zone", "node.kubernetes.io/x"]
        {
            assert_eq!(key_fault(good), None, "{good}");
        }
        for bad in ["", "a b", "/x", "x/", "A.b/c", "-a", "a/b/c", "node-role.kubernetes.io/x", "k8s.io/y"] {
            assert!(key_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn values() {
        assert_eq!(value_fault(""), None);
        assert_eq!(value_fault("v1.37"), None);
        assert!(value_fault("a b").is_some());
        assert!(value_fault(&"x".repeat(64)).is_some());
    }
}
