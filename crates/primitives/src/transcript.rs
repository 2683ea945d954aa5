//! Hashing without ambiguity.

use sha2::{Digest, Sha256};

/// A SHA-256 hash over a label and named fields, each with its length in front.
///
/// The encoding is injective: two different sequences of fields never feed the same bytes to the hash, so a
/// byte can not move from one field to its neighbour. Every hash of the project has its own label.
///
/// # Examples
/// ```
/// use quorate_primitives::Transcript;
/// let one = Transcript::new("example").field("a", b"xy").field("b", b"z").finish();
/// let two = Transcript::new("example").field("a", b"x").field("b", b"yz").finish();
/// assert_ne!(one, two);
/// ```
#[derive(Clone)]
pub struct Transcript(Sha256);

impl Transcript {
    /// Starts a hash for one use, named by `label`.
    pub fn new(label: &'static str) -> Self {
        Self(Sha256::new()).bytes(b"quorate/v1").bytes(label.as_bytes())
    }

    /// Adds a named field.
    #[must_use]
    pub fn field(self, name: &'static str, value: &[u8]) -> Self {
        self.bytes(name.as_bytes()).bytes(value)
    }

    /// Adds a named number.
    #[must_use]
    pub fn number(self, name: &'static str, value: u64) -> Self {
        self.field(name, &value.to_be_bytes())
    }

    /// Adds a named list: its length, then its items.
    #[must_use]
    pub fn list<I>(self, name: &'static str, items: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>, IntoIter: ExactSizeIterator>,
    {
        let items = items.into_iter();
        let started = self.number(name, items.len() as u64);
        items.fold(started, |transcript, item| transcript.bytes(item.as_ref()))
    }

    /// Returns the hash.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// Returns 64 bytes for a reduction modulo a group order: `SHA-256(h ‖ 0) ‖ SHA-256(h ‖ 1)` for the hash `h`.
    pub fn finish_wide(self) -> [u8; 64] {
        let hash: [u8; 32] = self.0.finalize().into();
        let mut wide = [0; 64];
        for (index, half) in wide.chunks_exact_mut(32).enumerate() {
            let tag = if index == 0 { "wide-0" } else { "wide-1" };
            half.copy_from_slice(&Self::new(tag).field("hash", &hash).finish());
        }
        wide
    }

    fn bytes(mut self, value: &[u8]) -> Self {
        self.0.update((value.len() as u64).to_be_bytes());
        self.0.update(value);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn hash(fields: &[Vec<u8>]) -> [u8; 32] {
        fields.iter().fold(Transcript::new("test"), |t, field| t.field("f", field)).finish()
    }

    proptest! {
        /// Cutting the same bytes into other fields gives another hash.
        #[test]
        fn k1_b8_shifting_a_field_boundary_changes_the_hash(
            bytes in proptest::collection::vec(any::<u8>(), 1..40),
            cuts in (0_usize..40, 0_usize..40),
        ) {
            let (a, b) = (cuts.0 % (bytes.len() + 1), cuts.1 % (bytes.len() + 1));
            let split = |at: usize| hash(&[bytes[..at].to_vec(), bytes[at..].to_vec()]);
            prop_assert_eq!(split(a) == split(b), a == b);
        }

        #[test]
        fn k1_b8_distinct_tuples_have_distinct_hashes(
            one in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..5),
            two in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..5),
        ) {
            prop_assert_eq!(hash(&one) == hash(&two), one == two);
        }
    }

    #[test]
    fn b8_lists_and_fields_do_not_mix() {
        let list = Transcript::new("t").list("l", [b"a", b"b"]).finish();
        let longer = Transcript::new("t").list("l", [b"a"]).field("b", b"").finish();
        let other_label = Transcript::new("u").list("l", [b"a", b"b"]).finish();
        assert_ne!(list, longer);
        assert_ne!(list, other_label);
    }
}
