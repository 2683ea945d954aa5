//! The acceptors.

mod bitcoin;
mod bitcoin_oracle;
mod ethereum;
mod ethereum_oracle;
mod ethereum_vectors;
mod near;
mod near_oracle;
mod solana;

/// The stand-in for the product.
const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in");
