//! The acceptors.

mod bitcoin;
mod bitcoin_oracle;
mod cosmos;
mod ethereum;
mod ethereum_oracle;
mod ethereum_vectors;
mod key_hash;
mod key_hash_oracle;
mod lines;
mod near;
mod near_oracle;
mod solana;
mod xrp;

/// The stand-in for the product.
const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in");
