//! Bytes (§8): reading and writing messages of fixed length. Refuses another length, and what is no point or scalar.

use k256::Scalar;
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};

use crate::{Offence, Part};

/// The length of an encoded point.
pub(crate) const POINT_LEN: usize = 33;

/// The length of an encoded scalar.
pub(crate) const SCALAR_LEN: usize = 32;

/// Encodes a point that is not the identity; the identity, which no honest run encodes, as zeros.
pub(crate) fn point_bytes(point: &Secp256k1Point) -> [u8; POINT_LEN] {
    Secp256k1::point_to_bytes(point).ok().and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; POINT_LEN])
}

/// Encodes a scalar.
pub(crate) fn scalar_bytes(scalar: &Scalar) -> [u8; SCALAR_LEN] {
    Secp256k1::scalar_to_bytes(scalar)
}

/// A message being read, whose length was right.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    part: Part,
    len: usize,
}

impl<'a> Reader<'a> {
    /// Begins to read a message that must have exactly `len` bytes.
    pub(crate) fn new(bytes: &'a [u8], part: Part, len: usize) -> Result<Self, Offence> {
        if bytes.len() == len {
            Ok(Self { rest: bytes, part, len })
        } else {
            Err(Offence::Length { part, found: bytes.len(), expected: len })
        }
    }

    /// Reads `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Offence> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.too_short())?;
        self.rest = rest;
        Ok(*head)
    }

    /// Reads `len` bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Offence> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.too_short())?;
        self.rest = rest;
        Ok(head)
    }

    /// Reads a scalar below the group order.
    pub(crate) fn scalar(&mut self) -> Result<Scalar, Offence> {
        let bytes = self.array()?;
        Secp256k1::scalar_from_bytes(&bytes).map_err(|_| Offence::Scalar { part: self.part })
    }

    /// Reads a point that is not the identity.
    pub(crate) fn point(&mut self) -> Result<Secp256k1Point, Offence> {
        let bytes: [u8; POINT_LEN] = self.array()?;
        Secp256k1::point_from_bytes(&bytes).map_err(|_| Offence::Point { part: self.part })
    }

    const fn too_short(&self) -> Offence {
        Offence::Length { part: self.part, found: self.len, expected: self.len }
    }
}
