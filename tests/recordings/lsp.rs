//! The language server in Neovim.

use crate::harness::Home;
use crate::harness::pty::{CTRL_D, ESCAPE};
use crate::harness::recording::Recording;
use crate::harness::recording::Take::{Ready, See, Type};

/// What a user's init.lua would have; `vim.lsp.start` came with Neovim 0.8.
const CONFIG: &str = r#"vim.api.nvim_create_autocmd({"BufReadPost", "BufNewFile"}, {
    pattern = "*.rhai",
    callback = function()
        local server = {name = "kind", cmd = {"kind", "lsp"}, root_dir = vim.fn.getcwd()}
        if vim.lsp.start then
            vim.lsp.start(server)
        else
            Client = Client or vim.lsp.start_client(server)
            vim.lsp.buf_attach_client(0, Client)
        end
        vim.bo.omnifunc = "v:lua.vim.lsp.omnifunc"
        vim.keymap.set("n", "K", vim.lsp.buf.hover, {buffer = true})
        vim.keymap.set("n", "gd", vim.lsp.buf.definition, {buffer = true})
    end,
})
vim.diagnostic.config({virtual_text = {prefix = "<"}, signs = true, update_in_insert = false})
vim.opt.number = true
vim.opt.signcolumn = "yes"
vim.opt.completeopt = "menuone,noinsert"
vim.opt.ruler = false
vim.opt.laststatus = 0
vim.opt.shortmess:append("FIc")
"#;

/// Ctrl-X Ctrl-O asks the server what may follow.
const OMNI: &str = "\x18\x0f";

const SCRIPT: &str = r#"import "std/storage" as storage;

let c = cluster("kind");
retry(3, 1.0, || c.nods);
storage::install(c);
"#;

pub fn check() {
    let home = Home::new();
    home.file("main.rhai", SCRIPT);
    home.file("init.lua", CONFIG);
    let takes = [
        Ready("$"),
        Type("grep lsp init.lua\r"),
        Ready("$"),
        Type("\x0c"),
        Ready("$"),
        Type("nvim --clean -n -u init.lua main.rhai\r"),
        // what is wrong is told
        See("did you mean nodes?"),
        Type("4Gfsi"),
        Type("e"),
        Type(ESCAPE),
        See("c.nodes);"),
        // what may come next
        Type("oc.con"),
        Type(OMNI),
        See("Property control_planes"),
        Type("\x0e\x0e\x19"),
        See("c.control_plane"),
        Type(".exec(\"ls\", \"/kind\");"),
        Type(ESCAPE),
        See("\"/kind\");"),
        // what a function does
        Type("4G0K"),
        See("Calls body until"),
        // where it is written: in a script
        Type("6G0fi"),
        Type("gd"),
        See("fn install(cluster)"),
        Type(":qa!\r"),
        Ready("$"),
        Type(CTRL_D),
    ];
    let version = std::process::Command::new("nvim").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap().lines().next().map(str::to_owned);
    Recording {
        name: "editor",
        title: "Scripts in Neovim, with kind lsp",
        command: super::shell(&home),
        demo: "demo",
        drawn_by: version,
        takes: &takes,
    }
    .check();
}
