//! The NEAR side against a scripted RPC on a loopback port, and the program as a process.

#[cfg(test)]
mod chain;
#[cfg(test)]
mod client;
#[cfg(test)]
mod command;
#[cfg(test)]
mod double;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod submit;
#[cfg(test)]
mod support;
