//! Tar archives as streams, made and read on threads of their own.

use crate::engine::ByteStream;
use crate::error::{Error, Result};
use bytes::Bytes;
use futures_util::StreamExt;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Size of the pieces in bytes.
const PIECE: usize = 256 << 10;

/// Where an archive is written to.
pub struct Sender {
    pieces: mpsc::Sender<Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Sender {
    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        if piece.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Write for Sender {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(data);
        if self.buffer.len() >= PIECE {
            self.send()?;
        }
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// A builder whose archive goes into the stream as it is made.
pub struct Builder(tar::Builder<Sender>);

impl std::ops::Deref for Builder {
    type Target = tar::Builder<Sender>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
impl std::ops::DerefMut for Builder {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// The archive that `fill` makes, as a stream. Must be called within the runtime or before it is blocked on.
pub fn stream(fill: impl FnOnce(&mut Builder) -> io::Result<()> + Send + 'static) -> ByteStream {
    let (pieces, receive) = mpsc::channel(8);
    std::thread::spawn(move || {
        let failed = pieces.clone();
        let mut builder = Builder(tar::Builder::new(Sender { pieces, buffer: Vec::with_capacity(PIECE) }));
        // Docker does not know GNU's entries for files with holes.
        builder.sparse(false);
        let done = fill(&mut builder).and_then(|()| builder.0.into_inner()).and_then(|mut s| s.flush());
        if let Err(error) = done {
            let _ =
                failed.blocking_send(Err(Error::user("file.pack", "cannot pack the files").because(error)));
        }
    });
    pieces_stream(receive)
}

/// The bytes of an archive, as a stream. What is compressed with gzip or zstd is unpacked on the way.
pub fn file(path: PathBuf) -> Result<ByteStream> {
    let mut file = plain(super::fs::open(&path)?, &path)?;
    let (pieces, receive) = mpsc::channel(8);
    std::thread::spawn(move || {
        loop {
            let mut buffer = vec![0; PIECE];
            match file.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => {
                    buffer.truncate(read);
                    if pieces.blocking_send(Ok(Bytes::from(buffer))).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let _ = pieces.blocking_send(Err(super::fs::error("read", &path, error)));
                    return;
                }
            }
        }
    });
    Ok(pieces_stream(receive))
}

/// What comes through a channel, as a stream.
pub fn pieces_stream(receive: mpsc::Receiver<Result<Bytes>>) -> ByteStream {
    futures_util::stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|piece| (piece, receive))
    })
    // whoever sends it may ask once more after the end
    .fuse()
    .boxed()
}

/// The content of a file, without its compression.
pub fn plain(mut file: std::fs::File, path: &Path) -> Result<Box<dyn Read + Send>> {
    let failed = |e| super::fs::error("read", path, e);
    let mut magic = [0; 4];
    let mut known = 0;
    while known < magic.len() {
        match file.read(&mut magic[known..]).map_err(failed)? {
            0 => break,
            count => known += count,
        }
    }
    file.seek(io::SeekFrom::Start(0)).map_err(failed)?;
    let file = io::BufReader::new(file);
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(
            ruzstd::decoding::StreamingDecoder::new(file)
                .map_err(|e| failed(io::Error::new(io::ErrorKind::InvalidData, e)))?,
        ),
        _ => Box::new(file),
    })
}

/// Reads what an async stream delivers from a blocking thread.
pub struct Reader {
    pieces: mpsc::Receiver<Result<Bytes>>,
    current: Bytes,
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.current = piece,
                Some(Err(error)) => return Err(io::Error::other(error)),
            }
        }
        let read = self.current.len().min(out.len());
        out[..read].copy_from_slice(&self.current.split_to(read));
        Ok(read)
    }
}

/// Hands a stream to blocking code: `work` runs on a thread of its own and reads it.
pub async fn read<T: Send + 'static>(
    mut stream: ByteStream,
    work: impl FnOnce(Reader) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (send, pieces) = mpsc::channel(8);
    let task = tokio::task::spawn_blocking(move || work(Reader { pieces, current: Bytes::new() }));
    while let Some(piece) = stream.next().await {
        if send.send(piece).await.is_err() {
            break;
        }
    }
    drop(send);
    task.await.map_err(|e| Error::internal("thread", "a worker thread failed").because(e))?
}

/// Unpacks a tar stream below a folder. Links and names that lead out of it are refused.
pub async fn unpack(stream: ByteStream, folder: PathBuf) -> Result<()> {
    super::fs::create_dir_all(&folder)?;
    read(stream, move |reader| {
        let mut archive = tar::Archive::new(reader);
        archive.set_preserve_permissions(true);
        archive.unpack(&folder).map_err(|e| super::fs::error("unpack into", &folder, e))
    })
    .await
}

/// A stream into a file, written whole or not at all; returns its size in bytes.
pub async fn save(stream: ByteStream, path: PathBuf) -> Result<u64> {
    read(stream, move |mut reader| {
        let partial = path.with_extension("partial");
        let mut file = super::fs::create(&partial)?;
        let size = io::copy(&mut reader, &mut file).map_err(|e| super::fs::error("write", &path, e))?;
        super::fs::rename(&partial, &path)?;
        Ok(size)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, SeekFrom, Write};

    #[tokio::test]
    async fn a_file_with_holes_is_packed_as_any_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("holes");
        let mut file = crate::host::fs::create(&path).unwrap();
        file.seek(SeekFrom::Start(1 << 20)).unwrap();
        file.write_all(b"end").unwrap();
        drop(file);

        let archive = stream(move |builder| builder.append_path_with_name(&path, "holes"));
        let found = read(archive, |reader| {
            let mut archive = tar::Archive::new(reader);
            let mut entries = archive.entries().unwrap();
            let mut entry = entries.next().unwrap().unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            Ok((entry.header().entry_type(), content))
        });
        let (kind, content) = found.await.unwrap();
        assert_eq!(kind, tar::EntryType::Regular);
        assert_eq!((content.len(), &content[1 << 20..]), ((1 << 20) + 3, b"end".as_slice()));
    }
}
