//! `kind repl`: the prompt over a script host.

use crate::cli::app::App;
use crate::cli::args::Repl;
use crate::error::Result;
use crate::event::{Bus, Sink};
use crate::repl::{self, Background, Session as _};
use crate::script::{Host, RunOptions, ScriptSession, on_script_thread};
use std::sync::Arc;

/// Runs it.
pub fn run(app: &App, args: &Repl) -> Result<()> {
    let background = Background::new(app.settings.sink(), app.settings.style());
    let timeline = app.timeline.clone().map(|timeline| timeline as Arc<dyn Sink>);
    let bus = Bus::new(std::iter::once(background.clone() as Arc<dyn Sink>).chain(timeline).collect());
    let options = RunOptions {
        allow_host: args.allow_host,
        folder: std::env::current_dir().ok(),
        ..Default::default()
    };
    let run = app.new_run(options, bus);
    on_script_thread(|| {
        let mut session = ScriptSession::new(Host::new(run), background.streamed());
        if let Some(name) = &args.cluster {
            session.focus(name)?;
        }
        if let Some(file) = &args.file {
            session.load(file)?;
        }
        repl::run(&mut session, &app.printer, &background, repl::Options { edit_mode: args.edit_mode })
    })
}
