//! Whole devices against each other, through a relay that is a queue.

mod group;
mod signing;
mod wallets;
