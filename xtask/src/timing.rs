//! Whether running times depend on secrets: dudect, in `benches/timing/dudect`.
//!
//! It is built with `--cfg quorate_timing`, which opens the steps of `crates/dkls` one at a time and which no manifest can
//! set, in a build folder of its own. What the figures mean is in `docs/timing.md`.

use crate::command::{cargo, run as run_command};
use crate::failure::{Failure, Result};
use crate::project::Project;

/// Builds and runs the measurement; the machine should do nothing else.
///
/// # Errors
/// When a step's time depends on its secret, a planted leak is not found, or the arguments are not understood.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let usage = || Failure::usage("usage: cargo xtask timing [--samples N [--only WORDS]]");
    match arguments {
        [] => {}
        [flag, samples, rest @ ..] if flag == "--samples" && samples.parse::<usize>().is_ok() => match rest {
            [] => {}
            [flag, _] if flag == "--only" => {}
            _ => return Err(usage()),
        },
        _ => return Err(usage()),
    }
    let mut dudect = cargo(&project.root().join("benches").join("timing"), "run");
    dudect.args(["--quiet", "--release", "--package", "dudect", "--"]).args(arguments);
    dudect.env("CARGO_TARGET_DIR", project.target().join("timing"));
    dudect.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "--cfg quorate_timing");
    run_command(&mut dudect)
}
