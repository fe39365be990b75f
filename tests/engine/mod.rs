//! The engine layer, called as a library: what the program builds on.

mod containers;
mod exec;
mod files;
mod images;
mod networks;
mod support;
mod unreachable;

use crate::harness::{need, skips_engine};
use libtest_mimic::{Failed, Trial};

/// Runs an async test on a runtime of its own.
fn of<F: Future<Output = ()>>(
    name: &str,
    needs_engine: bool,
    body: impl Fn() -> F + Send + 'static,
) -> Trial {
    Trial::test(format!("engine::{name}"), move || {
        if needs_engine && need().is_err() {
            return Err(Failed::from("no engine: see the test engine_and_node_image_are_there"));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(body());
        Ok(())
    })
    .with_ignored_flag(needs_engine && skips_engine())
}

pub fn tests() -> Vec<Trial> {
    macro_rules! all {
        ($needs:literal: $($module:ident :: $test:ident,)*) => {
            [$(of(concat!(stringify!($module), "::", stringify!($test)), $needs, $module::$test)),*]
        };
    }
    let plain = all! { false:
        unreachable::every_place_that_was_tried_is_told,
        unreachable::what_the_user_named_is_not_replaced,
        unreachable::an_engine_that_goes_away_is_told_as_such,
    };
    let real = all! { true:
        containers::a_container_lives_through_its_states,
        containers::everything_in_a_spec_reaches_the_container,
        containers::a_taken_name_and_a_taken_port_are_named,
        containers::what_is_not_there_is_said_so,
        containers::logs_are_read_and_followed,
        containers::events_tell_from_the_call_on,
        containers::the_engine_tells_about_itself,
        exec::output_code_and_surroundings_of_a_command,
        exec::output_comes_as_it_is_written,
        exec::input_is_streamed_and_ends,
        exec::a_terminal_has_a_size,
        exec::a_command_that_takes_too_long_is_killed_with_its_children,
        exec::a_dropped_command_is_killed,
        exec::many_commands_run_side_by_side,
        files::files_go_up_and_come_down,
        files::large_files_are_streamed_and_a_broken_source_is_named,
        images::images_are_made_moved_and_removed,
        images::images_that_are_not_there,
        networks::a_network_with_ipv6_is_made_found_and_removed,
    };
    plain.into_iter().chain(real).collect()
}
