//! `kind lsp`: word by word as the protocol has it, and in a real editor.

use crate::harness::{Home, home, trials, with_program};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub fn tests() -> Vec<Trial> {
    let mut all = trials! { "lsp":
        plain findings_come_and_go_as_the_text_changes,
        plain completion_knows_types_modules_and_keys,
        plain hover_and_signature_come_from_the_records,
        plain definitions_lead_into_the_standard_library,
        plain symbols_and_the_end,
    };
    all.push(with_program("nvim", "lsp::neovim_is_content", neovim_is_content));
    all
}

/// An editor of a few lines.
struct Editor {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    last: i64,
    uri: String,
    version: i64,
}

impl Editor {
    fn open(home: &Home, text: &str) -> Self {
        let mut child = home
            .command(&["lsp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (send, messages) = channel();
        std::thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if output.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    match line.trim().split_once(": ") {
                        Some(("Content-Length", n)) => length = n.parse().unwrap(),
                        Some(_) => {}
                        None => break,
                    }
                }
                let mut body = vec![0; length];
                if output.read_exact(&mut body).is_err()
                    || send.send(serde_json::from_slice(&body).unwrap()).is_err()
                {
                    return;
                }
            }
        });
        let uri = format!("file://{}", home.work().join("main.rhai").display());
        let mut editor = Self { child, input, messages, last: 0, uri, version: 1 };
        let answer = editor.ask("initialize", &json!({"capabilities": {}}));
        assert_eq!(answer["capabilities"]["hoverProvider"], true);
        editor.tell("initialized", &json!({}));
        let document = json!({"uri": editor.uri, "languageId": "rhai", "version": 1, "text": text});
        editor.tell("textDocument/didOpen", &json!({"textDocument": document}));
        editor
    }
    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }
    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }
    fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.messages.recv_timeout(Duration::from_secs(30)).expect("an answer within 30 s");
            if wanted(&message) {
                return message;
            }
        }
    }
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let answer = self.next(|m| m["id"] == id);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }
    fn at(&mut self, method: &str, line: u32, character: u32) -> Value {
        let place = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": self.uri}, "position": place});
        self.ask(&format!("textDocument/{method}"), &params)
    }
    fn change(&mut self, text: &str) {
        self.version += 1;
        let document = json!({"uri": self.uri, "version": self.version});
        let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        self.tell("textDocument/didChange", &params);
    }
    fn findings(&mut self) -> Vec<String> {
        let told = self.next(|m| m["method"] == "textDocument/publishDiagnostics");
        let all = told["params"]["diagnostics"].as_array().unwrap().clone();
        all.iter()
            .map(|d| {
                let start = &d["range"]["start"];
                format!("{}:{} {}", start["line"], start["character"], d["message"].as_str().unwrap())
            })
            .collect()
    }
    /// Labels at the end of a text that is being typed.
    fn complete(&mut self, text: &str) -> Vec<String> {
        self.change(text);
        let line = u32::try_from(text.lines().count() - 1).unwrap();
        let character = u32::try_from(text.lines().last().unwrap().encode_utf16().count()).unwrap();
        let items = self.at("completion", line, character);
        items.as_array().unwrap().iter().map(|i| i["label"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn findings_come_and_go_as_the_text_changes() {
    let home = Home::new();
    let mut editor = Editor::open(&home, "let c = cluster(\"ü😀\"); c.nods();\n");
    assert_eq!(editor.findings(), ["0:26 a Cluster has no method nods\ndid you mean node?"]);
    editor.change("let c = cluster(\"a\"); c.api_ready(60);\n");
    assert_eq!(editor.findings(), [""; 0]);
    editor.change("let c = (\n");
    assert_eq!(editor.findings().len(), 1);
}

fn completion_knows_types_modules_and_keys() {
    let home = Home::new();
    home.file("helper.rhai", "/// Greets.\nfn greet(who) { who }\nprivate fn hidden() { 1 }\n");
    let mut editor = Editor::open(&home, "");
    let has = |labels: &[String], name: &str| labels.iter().any(|label| label == name);
    let of_node = editor.complete("let n = cluster(\"a\").nodes[0];\nn.");
    assert!(has(&of_node, "exec") && has(&of_node, "state") && !has(&of_node, "workers"), "{of_node:?}");
    let in_closure = editor.complete("parallel(cluster(\"a\").nodes, |n| n.ex");
    assert!(has(&in_closure, "exec") && !has(&in_closure, "workers"), "{in_closure:?}");
    let output = editor.complete("cluster(\"a\").nodes[0].exec(\"a\").");
    assert!(has(&output, "stdout"), "{output:?}");
    assert!(has(&editor.complete("image::"), "pull"));
    let helper = editor.complete("import \"helper\" as h;\nh::");
    assert_eq!(helper, ["greet"]);
    let keys = editor.complete("cluster(\"a\").nodes[0].exec(\"a\", #{ti");
    assert!(has(&keys, "timeout") && !has(&keys, "print"), "{keys:?}");
    let names = editor.complete("let mine = 1;\nfn own() { 1 }\nm");
    assert!(
        has(&names, "mine") && has(&names, "own") && has(&names, "parallel") && has(&names, "image"),
        "{names:?}"
    );
    assert!(has(&editor.complete("let t = \"a\";\nt."), "trim"));
}

fn hover_and_signature_come_from_the_records() {
    let home = Home::new();
    let mut editor =
        Editor::open(&home, "let n = cluster(\"a\").nodes[0];\nn.exec(\"ls\", #{quiet: true});\n");
    let hover = editor.at("hover", 1, 3);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("node.exec(") && text.contains("node.exec_failed"), "{text}");
    assert_eq!(
        hover["range"],
        json!({"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 6}})
    );
    editor.change("retry(3, ");
    let help = editor.at("signatureHelp", 0, 9);
    assert_eq!(help["activeParameter"], 1);
    assert_eq!(help["signatures"][0]["parameters"][1]["label"], "pause: seconds");
}

fn definitions_lead_into_the_standard_library() {
    let home = Home::new();
    home.file("helper.rhai", "\nfn greet(who) { who }\n");
    let text =
        "import \"std/node\" as nodes;\nimport \"helper\" as h;\nlet x = 1;\nnodes::boot(x); h::greet(x);\n";
    let mut editor = Editor::open(&home, text);
    let uri = editor.uri.clone();
    assert_eq!(editor.at("definition", 3, 12)["uri"], uri, "the variable is made here");
    let boot = editor.at("definition", 3, 8);
    let file = boot["uri"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    let line = usize::try_from(boot["range"]["start"]["line"].as_u64().unwrap()).unwrap();
    let found = std::fs::read_to_string(&file).unwrap();
    assert!(found.lines().nth(line).unwrap().starts_with("fn boot("), "{file}:{line}");
    let greet = editor.at("definition", 3, 20);
    assert!(greet["uri"].as_str().unwrap().ends_with("/helper.rhai"), "{greet}");
    assert_eq!(greet["range"]["start"], json!({"line": 1, "character": 3}));
}

fn symbols_and_the_end() {
    let home = Home::new();
    let mut editor = Editor::open(&home, "const A = 1;\n\n/// One.\nfn one(a) {\n    a + global::A\n}\n");
    let symbols = editor.ask("textDocument/documentSymbol", &json!({"textDocument": {"uri": editor.uri}}));
    let names: Vec<&str> = symbols.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "A"]);
    assert_eq!(symbols[0]["range"]["end"], json!({"line": 5, "character": 1}));
    editor.ask("shutdown", &Value::Null);
    editor.tell("exit", &Value::Null);
    assert!(editor.child.wait().unwrap().success());
}

/// Neovim's own client, driven by a script of its own.
fn neovim_is_content() {
    const DRIVER: &str = r#"
        local kind, file, out = unpack(vim.fn.json_decode(vim.fn.readfile("args.json")))
        vim.cmd("edit " .. file)
        local id = vim.lsp.start_client({name = "kind", cmd = {kind, "lsp"}, root_dir = vim.fn.getcwd()})
        vim.lsp.buf_attach_client(0, id)
        local result = {}
        vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 20)
        result.diagnostics = vim.tbl_map(function(d) return {d.lnum, d.col, d.message} end, vim.diagnostic.get(0))
        local function ask(method, line, character)
            local params = {
                textDocument = vim.lsp.util.make_text_document_params(0),
                position = {line = line, character = character},
            }
            local answers = vim.lsp.buf_request_sync(0, method, params, 30000) or {}
            return answers[id] and answers[id].result
        end
        result.hover = ask("textDocument/hover", 2, 4)
        result.definition = ask("textDocument/definition", 3, 3)
        vim.api.nvim_buf_set_lines(0, 4, 5, false, {"c."})
        vim.wait(200)
        result.completion = vim.tbl_map(function(i) return i.label end, ask("textDocument/completion", 4, 2) or {})
        vim.lsp.stop_client(id)
        vim.fn.writefile({vim.fn.json_encode(result)}, out)
        vim.cmd("qa!")
    "#;
    let home = Home::new();
    let script = "import \"std/node\" as n;\nlet c = cluster(\"kind\");\nretry(3, 1, || c.nodes);\nn::boot(c.worker);\n\n";
    home.file("main.rhai", script);
    home.file("drive.lua", DRIVER);
    home.file("args.json", &json!([env!("CARGO_BIN_EXE_kind"), "main.rhai", "out.json"]).to_string());
    let mut nvim = home.program("nvim", &["--headless", "--clean", "-n", "-c", "luafile drive.lua"]);
    nvim.env("TERM", "dumb");
    let ran = home::run(nvim, "");
    let told = std::fs::read_to_string(home.work().join("out.json"))
        .unwrap_or_else(|e| panic!("Neovim wrote nothing ({e}): {}\n{}", ran.stdout, ran.stderr));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["diagnostics"], json!([[3, 10, "a Cluster has no worker\ndid you mean workers?"]]));
    assert!(told["hover"]["contents"]["value"].as_str().unwrap().contains("retry(times: int"), "{told}");
    assert!(told["definition"]["uri"].as_str().unwrap().ends_with("/node.rhai"), "{told}");
    let labels = told["completion"].as_array().unwrap();
    assert!(labels.contains(&"workers".into()) && !labels.contains(&"exec".into()), "{labels:?}");
}
