//! From a password to the key that wraps the data key: Argon2id (RFC 9106), version 0x13.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use quorate_primitives::Secret;
use rand_core::{CryptoRng, RngCore};

use crate::error::VaultError;
use crate::password::Password;

const SALT_LEN: usize = 32;

/// The cost of one password guess: memory, passes and lanes of Argon2id, always inside the allowed range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

impl KdfParams {
    /// For devices and browsers: 64 MiB, 3 passes.
    pub const DEVICE: Self = Self { memory_kib: 64 << 10, iterations: 3, lanes: 1 };
    /// For servers: 256 MiB, 3 passes.
    pub const SERVER: Self = Self { memory_kib: 256 << 10, iterations: 3, lanes: 1 };
    /// The weakest allowed, for tests: 19 MiB, 2 passes.
    pub const FLOOR: Self = Self { memory_kib: 19 << 10, iterations: 2, lanes: 1 };
    /// The heaviest allowed, so that a hostile header cannot exhaust the machine: 1 GiB, 16 passes, 4 lanes.
    pub const CEILING: Self = Self { memory_kib: 1 << 20, iterations: 16, lanes: 4 };

    /// Checks that parameters are strong enough and not too heavy.
    ///
    /// # Errors
    /// [`VaultError::KdfOutOfRange`] below [`Self::FLOOR`] or above [`Self::CEILING`] in any of the three.
    pub fn new(memory_kib: u32, iterations: u32, lanes: u32) -> Result<Self, VaultError> {
        let within = |value, floor, ceiling| (floor..=ceiling).contains(&value);
        let (floor, ceiling) = (Self::FLOOR, Self::CEILING);
        if within(memory_kib, floor.memory_kib, ceiling.memory_kib)
            && within(iterations, floor.iterations, ceiling.iterations)
            && within(lanes, floor.lanes, ceiling.lanes)
        {
            Ok(Self { memory_kib, iterations, lanes })
        } else {
            Err(VaultError::KdfOutOfRange { memory_kib, iterations, lanes })
        }
    }

    /// Returns the memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Returns the number of passes over the memory.
    pub const fn iterations(self) -> u32 {
        self.iterations
    }

    /// Returns the number of lanes.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

/// How a vault is unlocked: by deriving the key from a password, or with a key derived before.
#[derive(Clone, Copy, Debug)]
pub enum Unlock<'a> {
    /// Runs the key derivation that the header asks for.
    Password(&'a Password),
    /// Uses a key of this very header; any other vault answers [`VaultError::WrongPassword`].
    Key(&'a UnlockKey),
}

impl<'a> From<&'a Password> for Unlock<'a> {
    fn from(password: &'a Password) -> Self {
        Self::Password(password)
    }
}

impl<'a> From<&'a UnlockKey> for Unlock<'a> {
    fn from(key: &'a UnlockKey) -> Self {
        Self::Key(key)
    }
}

impl Unlock<'_> {
    pub(crate) fn key_for(self, params: KdfParams, salt: [u8; SALT_LEN]) -> Result<UnlockKey, VaultError> {
        match self {
            Self::Password(password) => UnlockKey::from_salt(password, params, salt),
            Self::Key(key) if key.params == params && key.salt == salt => Ok(key.duplicate()),
            Self::Key(_) => Err(VaultError::WrongPassword),
        }
    }
}

/// A key-encryption key, with the parameters and the salt it was derived with.
#[derive(Debug)]
pub struct UnlockKey {
    params: KdfParams,
    salt: [u8; SALT_LEN],
    key: Secret<[u8; 32]>,
}

impl UnlockKey {
    /// Derives a key for a new vault, with a new salt.
    ///
    /// # Errors
    /// [`VaultError::OutOfMemory`], or [`VaultError::Randomness`] if there is no salt to be had.
    pub fn derive(
        password: &Password,
        params: KdfParams,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, VaultError> {
        let mut salt = [0; SALT_LEN];
        rng.try_fill_bytes(&mut salt).map_err(|_| VaultError::Randomness)?;
        Self::from_salt(password, params, salt)
    }

    /// Makes a second copy, visibly.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { params: self.params, salt: self.salt, key: self.key.duplicate() }
    }

    /// Returns whether `password` is the one this key was derived from.
    ///
    /// # Errors
    /// [`VaultError::OutOfMemory`] if the derivation can not run.
    pub fn is_of(&self, password: &Password) -> Result<bool, VaultError> {
        Ok(Self::from_salt(password, self.params, self.salt)?.key == self.key)
    }

    pub(crate) const fn params(&self) -> KdfParams {
        self.params
    }

    pub(crate) const fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        self.key.expose()
    }

    fn from_salt(password: &Password, params: KdfParams, salt: [u8; SALT_LEN]) -> Result<Self, VaultError> {
        let KdfParams { memory_kib, iterations, lanes } = params;
        let refused = VaultError::KdfOutOfRange { memory_kib, iterations, lanes };
        let costs = Params::new(memory_kib, iterations, lanes, Some(32)).map_err(|_| refused.clone())?;
        let mut memory = blocks(costs.block_count(), memory_kib)?;
        let mut key = Secret::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, costs)
            .hash_password_into_with_memory(password.as_bytes(), &salt, key.expose_mut(), memory.expose_mut())
            .map_err(|_| refused)?;
        Ok(Self { params, salt, key })
    }
}

/// Takes the working memory, which is wiped and given back when dropped.
fn blocks(count: usize, memory_kib: u32) -> Result<Secret<Box<[Block]>>, VaultError> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| VaultError::OutOfMemory { memory_kib })?;
    blocks.resize(count, Block::new());
    Ok(Secret::new(blocks.into_boxed_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f7_refuses_every_parameter_outside_the_range() {
        let refused = [
            (0, 0, 0),
            ((19 << 10) - 1, 2, 1),
            (19 << 10, 1, 1),
            (19 << 10, 2, 0),
            ((1 << 20) + 1, 3, 1),
            (64 << 10, 17, 1),
            (64 << 10, 3, 5),
            (u32::MAX, u32::MAX, u32::MAX),
        ];
        for (memory_kib, iterations, lanes) in refused {
            let expected = VaultError::KdfOutOfRange { memory_kib, iterations, lanes };
            assert_eq!(KdfParams::new(memory_kib, iterations, lanes), Err(expected));
        }
        for params in [KdfParams::FLOOR, KdfParams::DEVICE, KdfParams::SERVER, KdfParams::CEILING] {
            assert_eq!(KdfParams::new(params.memory_kib, params.iterations, params.lanes), Ok(params));
        }
    }

    /// Computed with the reference implementation of Argon2 (through argon2-cffi 25.1.0).
    #[test]
    fn agrees_with_the_reference_implementation() {
        let password = Password::new("\u{c5}ngstr\u{f6}m fi").unwrap();
        let salt = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let expected = [
            (KdfParams::FLOOR, "0c2dc73d6bc2166a971c7e534f9abf6ba770e7540587478f4628d92370772159"),
            (KdfParams::DEVICE, "dcac36915bba5d72617f0e853ea56db0551d014deac9c6dd717d467fa661d768"),
            (
                KdfParams::new(32 << 10, 2, 4).unwrap(),
                "b27c14d6d675a6036aacf6bbbdb88dad1568f7aab7d973eefd11b9de40aa17ed",
            ),
        ];
        for (params, key) in expected {
            let derived = UnlockKey::from_salt(&password, params, salt).unwrap();
            assert_eq!(hex::encode(derived.expose()), key);
        }
    }

    #[test]
    fn f2_prints_nothing_of_the_key() {
        let password = Password::new("x").unwrap();
        let key = UnlockKey::from_salt(&password, KdfParams::FLOOR, [7; 32]).unwrap();
        let printed = format!("{key:?} {:?}", Unlock::Key(&key));
        assert!(printed.contains("<redacted>"), "{printed}");
        assert!(!printed.contains(&format!("{:?}", key.expose())), "{printed}");
    }
}
