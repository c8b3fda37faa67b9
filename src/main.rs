//! The `gregaria` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gregaria::cli::main()
}
