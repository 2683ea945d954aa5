//! The tables of targets, one module per crate.

mod primitives;

use crate::Target;

/// Every target.
pub fn all() -> impl Iterator<Item = &'static Target> {
    [primitives::TARGETS].into_iter().flatten()
}
