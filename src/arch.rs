//! Names of processor architectures.

/// A kernel's or Rust's name of an architecture in Go's words, which images and versions are told in: `amd64` for
/// `x86_64`. Others come back as they are.
pub(crate) fn in_go(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" | "arm64v8" => "arm64",
        "armv7l" | "armv6l" => "arm",
        "x86" | "i386" | "i686" => "386",
        "loongarch64" => "loong64",
        other => other,
    }
}

/// This machine's, in Go's words.
pub(crate) fn of_host() -> &'static str {
    match std::env::consts::ARCH {
        // Rust has one name for both byte orders
        "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
        "powerpc64" => "ppc64",
        other => in_go(other),
    }
}
