//! `kind run`: runs a script.

use crate::cli::app::App;
use crate::cli::args::{Run, RunSource};
use crate::error::Result;
use crate::repl::Wanted;
use crate::script::{RunOptions, Source};

/// Runs it.
pub fn run(app: &App, run: &Run) -> Result<()> {
    let (source, args) = run.source();
    let source = match source {
        RunSource::Code(code) => Source::Text(code),
        RunSource::Stdin => Source::Stdin,
        RunSource::File(path) => Source::File(path),
    };
    let options = RunOptions { allow_host: run.allow_host, args: args.to_vec(), ..Default::default() };
    let shows_value = matches!(source, Source::Text(_));
    let wanted = Wanted { step: run.step, breaks: run.breaks.clone(), failure: run.interactive };
    let shown = app.with_stops(options, wanted, |host| {
        let value = host.run_script(&source)?;
        Ok((shows_value && !value.is_unit()).then(|| host.show(&value)))
    })?;
    shown.map_or(Ok(()), |text| app.printer.line(&text))
}
