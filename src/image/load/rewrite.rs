//! One archive on its way to several nodes: each gets what it needs of it, under names it understands.
//!
//! An archive in docker's layout names layers by path and wants all of them; what is left out of it for any node turns
//! it into OCI's layout, where a layer that the runtime has need not be there.

use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use tokio::sync::mpsc::Sender;

use super::convert::{blob_name, to_oci};
use crate::error::Result;

/// Size of the pieces in bytes.
const PIECE: usize = 256 << 10;
/// Blobs up to this size in bytes are always sent: manifests and configs, whose import says what belongs to what.
const SMALL: u64 = 64 << 10;
/// JSON files of docker's layout up to this size in bytes are read.
const JSON_LIMIT: u64 = 8 << 20;

/// How an archive is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Not looked at.
    Bytes,
    /// OCI's layout.
    Oci,
    /// Docker's, with the digests (hex) of its layers by their paths.
    Docker(BTreeMap<String, String>),
    /// As the engine sends it: OCI's layout, or docker's with layers named after their digests, or anything.
    Stream,
}

/// What one node does not need.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    /// Blobs (hex) to leave out.
    pub skip: HashSet<String>,
    /// Blobs (hex) that it has.
    pub blobs: HashSet<String>,
}

impl Target {
    fn needs(&self, blob: Option<&str>, size: u64) -> bool {
        let Some(blob) = blob else { return true };
        let has = self.skip.contains(blob) || (size > SMALL && self.blobs.contains(blob));
        !has
    }
}

/// What one node was sent, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub bytes: u64,
    pub sent: u64,
}

type Nodes<'a> = &'a [Sender<Result<Bytes>>];

/// Reads the archive once and sends each node its part of it. A node that has gone away is left alone: it says itself
/// why. An error of the archive is also told to every node.
pub(super) fn rewrite(
    reader: impl Read,
    form: &Form,
    targets: &[Target],
    nodes: Nodes<'_>,
) -> io::Result<Vec<Count>> {
    let mut out = Out { nodes, targets, counts: vec![Count::default(); nodes.len()] };
    let done = if *form == Form::Bytes { out.bytes(reader) } else { out.entries(reader, form) };
    if let Err(error) = done {
        for node in nodes {
            let broken =
                crate::error::Error::user("image.archive", format!("the archive broke off: {error}"));
            let _ = node.blocking_send(Err(broken));
        }
        return Err(error);
    }
    Ok(out.counts)
}

struct Out<'a> {
    nodes: Nodes<'a>,
    targets: &'a [Target],
    counts: Vec<Count>,
}

impl Out<'_> {
    fn all(&self) -> Vec<usize> {
        (0..self.nodes.len()).collect()
    }

    /// A node that has gone away is left alone.
    fn send(&self, to: &[usize], piece: &Bytes) {
        for &node in to {
            let _ = self.nodes[node].blocking_send(Ok(piece.clone()));
        }
    }

    fn bytes(&mut self, mut reader: impl Read) -> io::Result<()> {
        let all = self.all();
        loop {
            let piece = piece_of(&mut reader)?;
            if piece.is_empty() {
                break;
            }
            self.send(&all, &piece);
            for count in &mut self.counts {
                count.bytes += piece.len() as u64;
                count.sent += piece.len() as u64;
            }
        }
        Ok(())
    }

    fn entries(&mut self, reader: impl Read, form: &Form) -> io::Result<()> {
        let mut names = Names { form, convert: self.targets.iter().any(|t| !t.skip.is_empty()), seen: None };
        let mut small: HashMap<String, Vec<u8>> = HashMap::new();
        let mut sizes: HashMap<String, u64> = HashMap::new();
        for entry in tar::Archive::new(reader).entries()? {
            let mut entry = entry?;
            let name = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
            let kind = entry.header().entry_type();
            names.look(&name);
            if kind.is_symlink() || kind.is_hard_link() {
                if !names.converts() {
                    let target = entry.link_name()?.map(std::borrow::Cow::into_owned).unwrap_or_default();
                    let mut header = tar::Header::new_gnu();
                    header.set_entry_type(kind);
                    header.set_size(0);
                    let mut builder = tar::Builder::new(Vec::new());
                    builder.append_link(&mut header, &name, target)?;
                    self.send(&self.all(), &Bytes::from(builder.get_ref().clone()));
                }
                continue;
            }
            if !kind.is_file() {
                continue;
            }
            let size = entry.size();
            let blob = names.blob(&name);
            if names.converts() && blob.is_none() {
                // what tells of the images is written anew at the end
                if size <= JSON_LIMIT {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content)?;
                    small.insert(name, content);
                }
                continue;
            }
            let to: Vec<usize> = self
                .all()
                .into_iter()
                .filter(|&node| self.targets[node].needs(blob.as_deref(), size))
                .collect();
            let whole = blob.as_deref().filter(|_| names.converts()).map(blob_name).unwrap_or(name);
            if let Some(blob) = blob {
                sizes.insert(blob, size);
            }
            self.file(&to, &whole, size, &mut entry)?;
        }
        if names.converts() {
            for (name, content) in to_oci(&small, &sizes, |path| names.blob(path))? {
                self.file(&self.all(), &name, content.len() as u64, &mut content.as_slice())?;
            }
        }
        self.send(&self.all(), &Bytes::from_static(&[0; 1024]));
        Ok(())
    }

    fn file(&mut self, to: &[usize], name: &str, size: u64, content: &mut dyn Read) -> io::Result<()> {
        for count in &mut self.counts {
            count.bytes += size;
        }
        if to.is_empty() {
            return Ok(());
        }
        self.send(to, &head(name, size)?);
        let mut left = size;
        while left > 0 {
            let piece = piece_of(&mut content.take(left))?;
            if piece.is_empty() {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{name} ends too early")));
            }
            left -= piece.len() as u64;
            self.send(to, &piece);
        }
        let rest = usize::try_from(size % 512).unwrap_or(0);
        if rest > 0 {
            self.send(to, &Bytes::from_static(&[0; 512]).slice(..512 - rest));
        }
        // headers and padding are no content
        for &node in to {
            self.counts[node].sent += size;
        }
        Ok(())
    }
}

/// What the names of an archive mean.
struct Names<'a> {
    form: &'a Form,
    /// Whether docker's layout is to become OCI's.
    convert: bool,
    /// What the first entry of a stream tells of its layout.
    seen: Option<Seen>,
}

/// Layouts that engines send.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// OCI's: Docker 25 and newer.
    Oci,
    /// Docker's, with layers as DIGEST.tar: Podman.
    Named,
    /// Docker's, with layers under names that do not say what they are: Docker before 25.
    Other,
}

impl Names<'_> {
    fn look(&mut self, name: &str) {
        if self.seen.is_none() {
            let oci = name.starts_with("blobs") || name == "oci-layout" || name == "index.json";
            let named = name.strip_suffix(".tar").is_some_and(is_digest);
            self.seen = Some(if oci {
                Seen::Oci
            } else if named {
                Seen::Named
            } else {
                Seen::Other
            });
        }
    }

    fn converts(&self) -> bool {
        let docker = match self.form {
            Form::Docker(_) => true,
            Form::Stream => self.seen == Some(Seen::Named),
            Form::Oci | Form::Bytes => false,
        };
        docker && self.convert
    }

    /// The digest (hex) of the blob under this name, if it is one.
    fn blob(&self, name: &str) -> Option<String> {
        match (self.form, self.seen) {
            (Form::Docker(layers), _) => layers.get(name).cloned().filter(|_| self.convert),
            (Form::Stream, Some(Seen::Named)) => {
                name.strip_suffix(".tar").filter(|stem| self.convert && is_digest(stem)).map(str::to_owned)
            }
            (Form::Oci, _) | (Form::Stream, Some(Seen::Oci)) => {
                name.strip_prefix("blobs/sha256/").map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// 64 hex digits.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A header of a file, with what comes before it when its name is long.
fn head(name: &str, size: u64) -> io::Result<Bytes> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, name, io::empty())?;
    Ok(Bytes::from(builder.get_ref().clone()))
}

fn piece_of(reader: &mut dyn Read) -> io::Result<Bytes> {
    let mut piece = vec![0; PIECE];
    let mut filled = 0;
    while filled < piece.len() {
        match reader.read(&mut piece[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    piece.truncate(filled);
    Ok(Bytes::from(piece))
}

#[cfg(test)]
mod tests {
    use super::super::tar_of;
    use super::*;
    use tokio::sync::mpsc;

    const HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    /// The names that each node gets, and what was counted.
    fn sent(archive: &[u8], form: &Form, skips: &[&[&str]]) -> (Vec<Vec<String>>, Vec<Count>) {
        let targets: Vec<Target> = skips
            .iter()
            .map(|skip| Target { skip: skip.iter().map(|s| (*s).to_owned()).collect(), ..Default::default() })
            .collect();
        let (senders, mut receivers): (Vec<_>, Vec<_>) = skips.iter().map(|_| mpsc::channel(1000)).unzip();
        let counts = rewrite(archive, form, &targets, &senders).unwrap();
        drop(senders);
        let names = receivers.iter_mut().map(|receiver| {
            let mut all = Vec::new();
            while let Ok(piece) = receiver.try_recv() {
                all.extend_from_slice(&piece.unwrap());
            }
            let mut archive = tar::Archive::new(all.as_slice());
            archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect()
        });
        (names.collect(), counts)
    }

    fn docker(layer: &str) -> Vec<u8> {
        let manifest = format!(r#"[{{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["{layer}"]}}]"#);
        tar_of(&[(layer, &[7; 700]), ("c.json", b"{}"), ("manifest.json", manifest.as_bytes())])
    }

    #[test]
    fn a_layer_goes_to_the_node_that_lacks_it() {
        let blob = format!("blobs/sha256/{HEX}");
        let archive = tar_of(&[("oci-layout", b"{}"), (&blob, &[7; 700]), ("index.json", b"{}")]);
        for form in [Form::Oci, Form::Stream] {
            let (names, counts) = sent(&archive, &form, &[&[], &[HEX]]);
            assert_eq!(names[0], ["oci-layout", blob.as_str(), "index.json"]);
            assert_eq!(names[1], ["oci-layout", "index.json"]);
            assert_eq!(counts[0], Count { bytes: 704, sent: 704 });
            assert_eq!(counts[1], Count { bytes: 704, sent: 4 });
        }
    }

    #[test]
    fn dockers_layout_becomes_ocis_where_a_layer_is_left_out() {
        let named = format!("{HEX}.tar");
        let layers = Form::Docker([("x/layer.tar".to_owned(), HEX.to_owned())].into());
        for (archive, form) in [(docker("x/layer.tar"), layers), (docker(&named), Form::Stream)] {
            let (names, counts) = sent(&archive, &form, &[&[], &[HEX]]);
            let has = |node: usize, part: &str| names[node].iter().any(|name| name.contains(part));
            assert!(has(0, HEX) && !has(1, HEX), "{names:?}");
            assert!(has(0, "index.json") && has(1, "oci-layout") && !has(1, "manifest.json"), "{names:?}");
            assert_eq!(counts[0].sent - counts[1].sent, 700);
            // with nothing to leave out it stays what it is
            let (names, _) = sent(&archive, &form, &[&[], &[]]);
            assert_eq!(names[0].last().unwrap(), "manifest.json");
        }
    }

    #[test]
    fn layers_that_do_not_say_what_they_are_are_all_sent() {
        let (names, counts) = sent(&docker("0123/layer.tar"), &Form::Stream, &[&[HEX]]);
        assert_eq!(names[0], ["0123/layer.tar", "c.json", "manifest.json"]);
        assert_eq!(counts[0].sent, counts[0].bytes);
    }

    #[test]
    fn an_archive_that_breaks_off_is_told_to_every_node() {
        let archive = &docker("0123/layer.tar")[..800];
        let (send, mut receive) = mpsc::channel(10);
        rewrite(archive, &Form::Stream, &[Target::default()], &[send]).unwrap_err();
        let mut last = None;
        while let Ok(piece) = receive.try_recv() {
            last = Some(piece);
        }
        assert_eq!(last.unwrap().unwrap_err().code(), "image.archive");
    }
}
