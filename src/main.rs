//! The program `kind`.

fn main() -> std::process::ExitCode {
    kind::cli::main(std::env::args_os())
}
