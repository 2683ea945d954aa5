//! The header: what a password needs to become the data key.

use quorate_primitives::{Secret, Transcript};

use super::{NONCE_LEN, TAG_LEN, open, seal};
use crate::error::VaultError;
use crate::kdf::{KdfParams, Unlock, UnlockKey};

const MAGIC: &[u8; 13] = b"QUORATE-VAULT";
const VERSION: u16 = 1;
const ARGON2ID: u8 = 1;
/// Magic, version, derivation, its three parameters, salt, nonce: what the wrapped key is bound to.
const BOUND_LEN: usize = 13 + 2 + 1 + 12 + 32 + NONCE_LEN;

/// The length of a version 1 header in bytes.
pub const HEADER_LEN: usize = BOUND_LEN + 32 + TAG_LEN;

/// A header as it stands in the file: well formed and inside the limits, not yet authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    params: KdfParams,
    salt: [u8; 32],
    nonce: [u8; NONCE_LEN],
    wrapped: [u8; 32],
    tag: [u8; TAG_LEN],
}

impl Header {
    /// Draws a new data key out of `entropy` and wraps it for `key`.
    ///
    /// The unlock key and the generation are mixed in, so that a repeating source of randomness never gives two
    /// generations of a vault the same data key.
    pub fn create(key: &UnlockKey, generation: u64, entropy: &Secret<[u8; 64]>) -> (Self, Secret<[u8; 32]>) {
        let draw = |label| {
            Transcript::new(label)
                .field("entropy", entropy.expose())
                .field("unlock key", key.expose())
                .field("salt", key.salt())
                .number("generation", generation)
                .finish()
        };
        let data_key = Secret::new(draw("vault-data-key"));
        let mut nonce = [0; NONCE_LEN];
        nonce.iter_mut().zip(draw("vault-wrap-nonce")).for_each(|(to, from)| *to = from);
        let mut header = Self {
            params: key.params(),
            salt: *key.salt(),
            nonce,
            wrapped: *data_key.expose(),
            tag: [0; TAG_LEN],
        };
        let bound = header.bound_bytes();
        header.tag = seal(key.expose(), &nonce, &bound, &mut header.wrapped);
        (header, data_key)
    }

    /// Reads the header in front of `bytes` and returns it with what follows it.
    ///
    /// # Errors
    /// [`VaultError::NotAVault`], [`VaultError::UnsupportedVersion`], [`VaultError::UnsupportedKdf`], or
    /// [`VaultError::KdfOutOfRange`]: all of them before any key derivation could run.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), VaultError> {
        let mut rest = bytes;
        let magic: [u8; 13] = take(&mut rest)?;
        if magic != *MAGIC {
            return Err(VaultError::NotAVault);
        }
        let version = u16::from_le_bytes(take(&mut rest)?);
        if version != VERSION {
            return Err(VaultError::UnsupportedVersion { version });
        }
        let [kdf] = take(&mut rest)?;
        if kdf != ARGON2ID {
            return Err(VaultError::UnsupportedKdf { id: kdf });
        }
        let memory_kib = u32::from_le_bytes(take(&mut rest)?);
        let iterations = u32::from_le_bytes(take(&mut rest)?);
        let lanes = u32::from_le_bytes(take(&mut rest)?);
        let header = Self {
            params: KdfParams::new(memory_kib, iterations, lanes)?,
            salt: take(&mut rest)?,
            nonce: take(&mut rest)?,
            wrapped: take(&mut rest)?,
            tag: take(&mut rest)?,
        };
        Ok((header, rest))
    }

    /// Returns the bytes that [`Self::parse`] reads.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        concat(&[&self.bound_bytes(), &self.wrapped, &self.tag])
    }

    /// Derives the unlock key that this header asks for, or checks that the one given was made for it.
    ///
    /// # Errors
    /// [`VaultError::WrongPassword`] for the key of another vault; [`VaultError::OutOfMemory`].
    pub fn unlock_key(&self, unlock: Unlock<'_>) -> Result<UnlockKey, VaultError> {
        unlock.key_for(self.params, self.salt)
    }

    /// Unwraps the data key, and with that authenticates every byte of the header.
    ///
    /// # Errors
    /// [`VaultError::WrongPassword`] for a wrong key and an altered header alike.
    pub fn unwrap_data_key(&self, key: &UnlockKey) -> Result<Secret<[u8; 32]>, VaultError> {
        let mut buffer = Secret::new(self.wrapped.to_vec());
        if !open(key.expose(), &self.nonce, &self.bound_bytes(), &mut buffer, &self.tag) {
            return Err(VaultError::WrongPassword);
        }
        let data_key = buffer.expose().as_slice().try_into().map_err(|_| VaultError::WrongPassword)?;
        Ok(Secret::new(data_key))
    }

    fn bound_bytes(&self) -> [u8; BOUND_LEN] {
        concat(&[
            MAGIC,
            &VERSION.to_le_bytes(),
            &[ARGON2ID],
            &self.params.memory_kib().to_le_bytes(),
            &self.params.iterations().to_le_bytes(),
            &self.params.lanes().to_le_bytes(),
            &self.salt,
            &self.nonce,
        ])
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], VaultError> {
    let (taken, after) = rest.split_first_chunk().ok_or(VaultError::NotAVault)?;
    *rest = after;
    Ok(*taken)
}

fn concat<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    debug_assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), N);
    let mut bytes = [0; N];
    bytes.iter_mut().zip(parts.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
    bytes
}
