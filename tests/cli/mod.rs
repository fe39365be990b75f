//! The commands, one file for each verb or each promise.

mod bad_input;
mod check;
mod config;
mod config_fields;
pub mod create;
mod doc;
mod environment;
mod get;
mod images;
mod interrupt;
mod kubeconfig;
mod library;
mod load;
mod lost_engine;
mod lsp;
mod network_policies;
mod params;
mod plan;
mod private_engine;
mod program;
mod pulls;
mod repl;
mod restarts;
mod run;
mod stdlib;
mod steps;
mod test_command;
mod timeline;
mod trust;
mod upstream;
mod usage;

use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    [
        usage::tests(),
        run::tests(),
        steps::tests(),
        params::tests(),
        trust::tests(),
        plan::tests(),
        check::tests(),
        doc::tests(),
        lsp::tests(),
        stdlib::tests(),
        test_command::tests(),
        timeline::tests(),
        bad_input::tests(),
        config::tests(),
        get::tests(),
        create::tests(),
        config_fields::tests(),
        load::tests(),
        interrupt::tests(),
        lost_engine::tests(),
        repl::tests(),
        restarts::tests(),
        private_engine::tests(),
        upstream::tests(),
        program::tests(),
        pulls::tests(),
        kubeconfig::tests(),
        images::tests(),
        environment::tests(),
        library::tests(),
        network_policies::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
