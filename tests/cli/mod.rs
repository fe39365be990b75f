//! The commands, one file for each verb or each promise.

mod bad_input;
mod create;
mod get;
mod interrupt;
mod run;
mod stdlib;
mod usage;

use libtest_mimic::Trial;

pub fn tests() -> Vec<Trial> {
    [
        usage::tests(),
        run::tests(),
        stdlib::tests(),
        bad_input::tests(),
        get::tests(),
        create::tests(),
        interrupt::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
