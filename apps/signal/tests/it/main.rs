//! A real relay on a loopback port, and a simulated one with real clients.

mod attacks;
mod command;
mod http;
mod life;
mod privacy;
mod simulation;
mod support;
mod tls;
