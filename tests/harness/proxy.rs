//! An engine that can go away: a socket that passes everything on until it is cut.

use super::engine;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub struct Proxy {
    path: PathBuf,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<UnixStream>>>,
}

impl Proxy {
    /// Listens at `path` and passes on to the engine's socket.
    pub fn start(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let open: Arc<Mutex<Vec<UnixStream>>> = Arc::default();
        let proxy = Self { path: path.to_owned(), cut: cut.clone(), open: open.clone() };
        std::thread::spawn(move || {
            for here in listener.incoming().map_while(Result::ok) {
                if cut.load(Ordering::SeqCst) {
                    return;
                }
                let there = UnixStream::connect(engine::socket().expect("an engine with a socket")).unwrap();
                open.lock().unwrap().extend([here.try_clone().unwrap(), there.try_clone().unwrap()]);
                pass(here.try_clone().unwrap(), there.try_clone().unwrap());
                pass(there, here);
            }
        });
        proxy
    }
    pub fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }
    /// Ends every connection and takes no new one.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        let _ = std::fs::remove_file(&self.path);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: UnixStream, mut to: UnixStream) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(n) = from.read(&mut buffer) {
            if n == 0 || to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
