//! Whole ceremonies in one process, from one number: the simulator that the product's tests run in.
//!
//! A [`Simulation`] is a network, a clock, a disk per device and the people in front of them, all virtual; a
//! [`Plan`] says what happens, and [`Plan::swarm`] draws one from a seed. Devices are the product's own machines,
//! driven exactly as a shell must drive them. Faults are the network's ([`faults::Faults`]), a crash at any effect
//! ([`fuse::Fuse`]), or one dishonest member ([`byzantine::Behaviour`]). A [`watch::Watch`] checks the rules that
//! are never broken at every step. The same seed gives the same run: its trace hash says so.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    reason = "for tests only: a broken assumption has to stop the run"
)]

pub mod byzantine;
pub mod clock;
pub mod device;
pub mod dice;
pub mod disk;
pub mod entropy;
pub mod faults;
pub mod fuse;
pub mod group;
pub mod network;
pub mod pairs;
pub mod plan;
pub mod report;
pub mod simulation;
pub mod trace;
pub mod watch;

pub use byzantine::Behaviour;
pub use plan::{Answer, Plan, Request, Start};
pub use report::{KeygenEnd, PairEnd, Report, SessionEnd};
pub use simulation::Simulation;
