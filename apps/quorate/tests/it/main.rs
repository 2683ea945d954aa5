//! Golden transcripts: the real binary, what it is given and what it answers, for every command and its failures.
//!
//! `QUORATE_BLESS=1` writes the transcripts anew; `git diff` then shows what changed for people.

#[cfg(test)]
mod ecdsa;
#[cfg(test)]
mod help;
#[cfg(test)]
mod normalise;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sign;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod vault;
#[cfg(test)]
mod wallet;
