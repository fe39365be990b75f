//! The conversation with the editor.

use super::answers;
use super::completion;
use super::documents::Documents;
use crate::error::{Error, Result};
use crate::script::Host;
use crate::script::check::Checker;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde_json::{Value, json};

/// Answers until the editor says that it is done.
///
/// # Errors
/// When what comes is no LSP.
pub fn serve(host: &Host) -> Result<()> {
    let (connection, threads) = Connection::stdio();
    let broken = |e: &dyn std::fmt::Display| {
        Error::user("lsp.protocol", format!("this is no conversation with an editor: {e}"))
            .hint("editors start kind lsp; by hand, kind check does the same")
    };
    let result = connection.initialize(capabilities()).map_err(|e| broken(&e)).and_then(|_| {
        let mut server =
            Server { connection: &connection, checker: Checker::new(host), documents: Documents::default() };
        server.run().map_err(|e| broken(&e))
    });
    // the threads end when both ends of their channels are gone
    drop(connection);
    if result.is_ok() {
        let _ = threads.join();
    }
    result
}

fn capabilities() -> Value {
    json!({
        "positionEncoding": "utf-16",
        // whole texts: a script is short
        "textDocumentSync": {"openClose": true, "change": 1, "save": true},
        "completionProvider": {"triggerCharacters": [".", ":", "{"]},
        "hoverProvider": true,
        "signatureHelpProvider": {"triggerCharacters": ["(", ","]},
        "definitionProvider": true,
        "documentSymbolProvider": true,
    })
}

struct Server<'c, 'h> {
    connection: &'c Connection,
    checker: Checker<'h>,
    documents: Documents,
}

type Spoken<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl Server<'_, '_> {
    fn run(&mut self) -> Spoken<()> {
        while let Ok(message) = self.connection.receiver.recv() {
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    let response = self.answer(request);
                    self.connection.sender.send(response.into())?;
                }
                Message::Notification(notification) => self.notified(&notification)?,
                Message::Response(_) => {}
            }
        }
        Ok(())
    }

    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let uri = params["textDocument"]["uri"].as_str().unwrap_or_default();
        let Some(document) = self.documents.get(uri) else {
            let unknown = ErrorCode::InvalidParams as i32;
            return Response::new_err(id, unknown, format!("{uri:?} is not open"));
        };
        let number =
            |key: &str| params["position"][key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let at = document.report.text.offset_utf16(number("line"), number("character"));
        let answer = match method.as_str() {
            "textDocument/completion" => completion::complete(&mut self.checker, document, at),
            "textDocument/signatureHelp" => completion::signature(&mut self.checker, document, at),
            "textDocument/hover" => answers::hover(document, at),
            "textDocument/definition" => answers::definition(uri, document, at),
            "textDocument/documentSymbol" => answers::symbols(document),
            _ => return Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("no {method} here")),
        };
        Response::new_ok(id, answer)
    }

    fn notified(&mut self, notification: &Notification) -> Spoken<()> {
        let params = &notification.params;
        let uri = params["textDocument"]["uri"].as_str().unwrap_or_default().to_owned();
        match notification.method.as_str() {
            "textDocument/didOpen" => self.set(&uri, params["textDocument"]["text"].as_str()),
            "textDocument/didChange" => {
                let changes = params["contentChanges"].as_array();
                self.set(&uri, changes.and_then(|c| c.last()).and_then(|c| c["text"].as_str()))
            }
            "textDocument/didSave" => {
                // what others import from it may have changed
                self.checker.forget();
                for (uri, text) in self.documents.texts() {
                    self.set(&uri, Some(&text))?;
                }
                Ok(())
            }
            "textDocument/didClose" => {
                self.documents.remove(&uri);
                self.publish(&uri, &json!([]))
            }
            _ => Ok(()),
        }
    }

    fn set(&mut self, uri: &str, text: Option<&str>) -> Spoken<()> {
        let Some(text) = text else { return Ok(()) };
        self.documents.set(&mut self.checker, uri, text.to_owned());
        let found = self.documents.get(uri).map_or_else(|| json!([]), answers::diagnostics);
        self.publish(uri, &found)
    }

    fn publish(&self, uri: &str, diagnostics: &Value) -> Spoken<()> {
        let params = json!({"uri": uri, "diagnostics": diagnostics});
        let told = Notification::new("textDocument/publishDiagnostics".to_owned(), params);
        Ok(self.connection.sender.send(told.into())?)
    }
}
