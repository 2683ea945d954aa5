//! The crate from outside.

mod derive;
mod frost;
mod support;
