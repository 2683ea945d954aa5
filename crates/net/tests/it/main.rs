//! Real clients at a real relay on a loopback port.

#[cfg(test)]
mod proxy;
#[cfg(test)]
mod room;
#[cfg(test)]
mod support;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod trust;
