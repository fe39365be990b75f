//! A server that answers what a test tells it, for what a real cluster cannot be made to do.

use super::client::Client;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Gets `METHOD /path?query` and returns status and body.
type Answer = dyn Fn(&str) -> (u16, String) + Send + Sync;

/// A client for a server that answers as told, and the requests it got.
pub(super) async fn server(
    answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (answer, log): (Arc<Answer>, _) = (Arc::new(answer), seen.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answer.clone(), log.clone()));
        }
    });
    let kubeconfig = format!(
        "current-context: t
clusters: [{{name: t, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]
contexts: [{{name: t, context: {{cluster: t, user: t}}}}]
users: [{{name: t, user: {{token: t}}}}]
"
    );
    (Client::from_kubeconfig(&kubeconfig).await.unwrap(), seen)
}

async fn serve(stream: TcpStream, answer: Arc<Answer>, log: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if head.is_empty() {
                head = line.rsplit_once(' ').unwrap().0.to_owned();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let (status, body) = answer(&head);
        log.lock().unwrap().push(head);
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
