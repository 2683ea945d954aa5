//! Real clients at a real relay on a loopback port.

mod proxy;
mod room;
mod support;
mod trouble;
mod trust;
