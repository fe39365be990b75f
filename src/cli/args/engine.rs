//! `kind engine`.

use clap::{Args, Subcommand, ValueEnum};

use super::flags::Output;

/// `kind engine`
#[derive(Debug, Args)]
#[command(after_help = "A private engine is for machines that have neither Docker nor Podman.\n\
    It lives in your data folder and is used by kind whenever nothing else answers.")]
pub struct Engine {
    /// What to do; without one the help is shown.
    #[command(subcommand)]
    pub action: Option<EngineAction>,
}

/// What can be done with the private engine.
#[derive(Debug, Subcommand)]
pub enum EngineAction {
    /// Start it; one that runs already is left alone
    Start(EngineStart),
    /// Tell whether it runs, where it answers, and where its files are
    Status(EngineStatus),
    /// Stop it and all containers in it; its data stays
    Stop(EngineStop),
    /// Stop it and remove everything it has
    Remove(EngineRemove),
    /// Print the line that makes a shell and docker use it
    #[command(after_help = "Use it as: eval \"$(kind engine env)\"")]
    Env(EngineEnv),
}

/// `kind engine start`
#[derive(Debug, Clone, Default, Args)]
pub struct EngineStart {}

/// `kind engine status`
#[derive(Debug, Clone, Default, Args)]
pub struct EngineStatus {
    /// Form of the answer.
    #[command(flatten)]
    pub output: Output,
}

/// `kind engine stop`
#[derive(Debug, Clone, Default, Args)]
pub struct EngineStop {}

/// `kind engine remove`
#[derive(Debug, Clone, Default, Args)]
pub struct EngineRemove {}

/// `kind engine env`
#[derive(Debug, Clone, Default, Args)]
pub struct EngineEnv {
    /// The shell that will read the line
    #[arg(long, value_enum, default_value_t)]
    pub shell: Shell,
    /// Form of the answer.
    #[command(flatten)]
    pub output: Output,
}

/// Shells by how they set a variable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// sh, bash, zsh
    #[default]
    Sh,
    /// fish
    Fish,
    /// `PowerShell`
    Powershell,
}

impl Shell {
    /// The line that sets `name` to `value` for everything the shell starts.
    pub fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}={}", quoted(value)),
            Self::Fish => format!("set -gx {name} {}", quoted(value)),
            Self::Powershell => format!("$Env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}

fn quoted(value: &str) -> std::borrow::Cow<'_, str> {
    // only a NUL byte cannot be quoted, and no path or address holds one
    shlex::try_quote(value).unwrap_or(std::borrow::Cow::Borrowed(value))
}
