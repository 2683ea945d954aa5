//! The acceptors.

mod bitcoin;
mod bitcoin_oracle;
mod near;
mod near_oracle;
mod solana;

/// The stand-in for the product.
const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in");
