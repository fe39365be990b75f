//! `kind repl`: the prompt over a script host.

use crate::cli::app::App;
use crate::cli::args::Repl;
use crate::error::Result;
use crate::event::Bus;
use crate::repl::{self, Background, Session as _};
use crate::script::{Host, RunOptions, ScriptSession, on_script_thread};

/// Runs it.
pub fn run(app: &App, args: &Repl) -> Result<()> {
    let background = Background::new(app.settings.sink(), app.settings.style());
    let bus = Bus::new(vec![background.clone()]);
    let options = RunOptions {
        allow_host: args.allow_host,
        folder: std::env::current_dir().ok(),
        ..Default::default()
    };
    let run = app.new_run(options, bus);
    on_script_thread(|| {
        let mut session = ScriptSession::new(Host::new(run));
        if let Some(file) = &args.file {
            session.load(file)?;
        }
        repl::run(&mut session, &app.printer, &background)
    })
}
