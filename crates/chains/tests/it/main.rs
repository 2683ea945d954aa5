//! The crate from outside: keys that one machine holds stand in for the group's.

#[cfg(test)]
mod bitcoin;
#[cfg(test)]
mod bitcoin_segwit;
#[cfg(test)]
mod cosmos;
#[cfg(test)]
mod ethereum;
#[cfg(test)]
mod json;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod near;
#[cfg(test)]
mod solana;
#[cfg(test)]
mod support;
#[cfg(test)]
mod xrp;
