//! Key generation among honest, careless and malicious members, each attack named by its row of the threat model.

mod blame;
mod decoders;
mod encodings;
mod forgery;
mod harness;
mod honest;
mod puppet;
mod views;
