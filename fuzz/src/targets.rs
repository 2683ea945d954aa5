//! The tables of targets, one module per crate.

mod chains;
mod dkls;
mod primitives;
mod session;
mod threshold;
mod transport;
mod vault;
mod wallet;

use crate::Target;

/// Every target.
pub fn all() -> impl Iterator<Item = &'static Target> {
    let tables = [
        chains::TARGETS,
        dkls::TARGETS,
        primitives::TARGETS,
        session::TARGETS,
        threshold::TARGETS,
        transport::TARGETS,
        vault::TARGETS,
        wallet::TARGETS,
    ];
    tables.into_iter().flatten()
}
