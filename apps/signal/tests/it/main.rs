//! A real relay on a loopback port, and a simulated one with real clients.

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod command;
#[cfg(test)]
mod http;
#[cfg(test)]
mod life;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
