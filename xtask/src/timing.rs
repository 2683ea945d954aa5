//! Whether running times depend on secrets: dudect, in `benches/timing/dudect`.
//!
//! It is built with `--cfg quorate_timing`, which opens the steps of `crates/dkls` one at a time and which no manifest can
//! set, in a build folder of its own. What the figures mean is in `docs/timing.md`.

use crate::command::{cargo, run as run_command};
use crate::failure::Result;
use crate::project::Project;

/// Builds and runs the measurement; the machine should do nothing else.
///
/// # Errors
/// When a step's time depends on its secret, a planted leak is not found, or the measurement does not understand its arguments.
pub fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let mut dudect = cargo(&project.root().join("benches").join("timing"), "run");
    dudect.args(["--quiet", "--release", "--package", "dudect", "--"]).args(arguments);
    dudect.env("CARGO_TARGET_DIR", project.target().join("timing"));
    dudect.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", "--cfg quorate_timing");
    run_command(&mut dudect)
}
