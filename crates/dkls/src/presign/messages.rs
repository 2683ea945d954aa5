//! Presigning, the messages of rounds 1, 2 and 3 (§4).
//!
//! Each begins with the session's id, which is read before anything else: a message of another session is ours to sort
//! out, whatever follows, and never an offence. The states' `read` do that; `from_bytes` is for bytes whose session is
//! known. Layout: scalars and points as in SEC 1, words of 128 bits little-endian.

use core::fmt;

use k256::Scalar;
use quorate_primitives::{ParticipantId, Transcript};
use quorate_threshold::suite::Secp256k1Point;

use super::terms::Session;
use super::{AwaitingConfirmations, AwaitingExtensions, AwaitingMultiplications};
use crate::extension::{Corrections, Shape};
use crate::vole::{MASKED_LEN, Product};
use crate::wire::{POINT_LEN, Reader, SCALAR_LEN, point_bytes, scalar_bytes};
use crate::{Fault, Misuse, Offence, Part};

/// Round 1, for all: the commitment to this participant's nonce points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    pub(crate) session: [u8; 32],
    /// com_i.
    pub(crate) hash: [u8; 32],
}

/// Round 1, for one: Bob's extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub(crate) session: [u8; 32],
    pub(crate) corrections: Corrections,
}

/// Round 2, for all: the nonce points R_i of the batch and the blind of their commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub(crate) session: [u8; 32],
    /// R_i of every presignature.
    pub(crate) points: Vec<Secp256k1Point>,
    /// blind.
    pub(crate) blind: [u8; 32],
}

/// Round 2, for one: Alice's multiplications.
#[derive(Clone, PartialEq, Eq)]
pub struct Multiplication {
    pub(crate) session: [u8; 32],
    /// n_A.
    pub(crate) nonce: [u8; 32],
    pub(crate) products: Vec<Multiplied>,
}

/// One presignature's part of a [`Multiplication`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Multiplied {
    pub product: Product,
    /// Γ^u and Γ^v.
    pub gammas: [Secp256k1Point; 2],
    /// ψ.
    pub psi: Scalar,
}

/// Round 3, for all: the hash of what everybody broadcast, and the commitments K_i.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub(crate) session: [u8; 32],
    /// T.
    pub(crate) transcript: [u8; 32],
    /// K_i of every presignature.
    pub(crate) commitments: Vec<[u8; 32]>,
}

impl AwaitingExtensions {
    /// Reads what a counterparty sent in round 1, for all and for this participant.
    ///
    /// # Errors
    /// [`Misuse::OtherSession`] before all else; [`Fault::Blame`] for what no honest member of this session sends.
    pub fn read(
        &self,
        peer: ParticipantId,
        commitment: &[u8],
        extension: &[u8],
    ) -> Result<(Commitment, Extension), Fault> {
        self.session.expect_id(peer, [commitment, extension])?;
        let blame = Session::blame(peer);
        let commitment = Commitment::from_bytes(commitment).map_err(&blame)?;
        Ok((commitment, Extension::from_bytes(extension, self.session.terms.batch).map_err(&blame)?))
    }
}

impl AwaitingMultiplications {
    /// Reads what a counterparty sent in round 2, for all and for this participant.
    ///
    /// # Errors
    /// [`Misuse::OtherSession`] before all else; [`Fault::Blame`] for what no honest member of this session sends.
    pub fn read(
        &self,
        peer: ParticipantId,
        opening: &[u8],
        multiplication: &[u8],
    ) -> Result<(Opening, Multiplication), Fault> {
        self.session.expect_id(peer, [opening, multiplication])?;
        let (blame, batch) = (Session::blame(peer), self.session.terms.batch);
        let opening = Opening::from_bytes(opening, batch).map_err(&blame)?;
        Ok((opening, Multiplication::from_bytes(multiplication, batch).map_err(&blame)?))
    }
}

impl AwaitingConfirmations {
    /// Reads what a counterparty sent in round 3.
    ///
    /// # Errors
    /// [`Misuse::OtherSession`] before all else; [`Fault::Blame`] for what no honest member of this session sends.
    pub fn read(&self, peer: ParticipantId, confirmation: &[u8]) -> Result<Confirmation, Fault> {
        self.session.expect_id(peer, [confirmation])?;
        Confirmation::from_bytes(confirmation, self.session.terms.batch).map_err(Session::blame(peer))
    }
}

impl Session {
    /// Compares the id in front of messages. What is too short to hold one is of no other session.
    fn expect_id<const N: usize>(&self, peer: ParticipantId, messages: [&[u8]; N]) -> Result<(), Misuse> {
        let of_other = |bytes: &&[u8]| bytes.first_chunk::<32>().is_some_and(|id| *id != self.id);
        if messages.iter().any(of_other) {
            return Err(Misuse::OtherSession { participant: peer });
        }
        Ok(())
    }
}

impl Commitment {
    /// The length of the encoding.
    pub const LEN: usize = 32 + 32;

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.session, self.hash].concat()
    }

    /// Decodes the message.
    ///
    /// # Errors
    /// [`Offence::Length`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Commitment, Self::LEN)?;
        Ok(Self { session: reader.array()?, hash: reader.array()? })
    }
}

impl Extension {
    /// Returns the length of the encoding for a batch.
    pub const fn len(batch: u16) -> usize {
        Self::len_of(Shape::of_batch(batch).corrections())
    }

    pub(super) const fn len_of(corrections: usize) -> usize {
        32 + 32 + 16 * corrections + 16 + 32
    }

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Corrections { nonce, columns, choice_hash, column_hash } = &self.corrections;
        let mut bytes = Vec::with_capacity(112 + 16 * columns.len());
        bytes.extend_from_slice(&self.session);
        bytes.extend_from_slice(nonce);
        bytes.extend(columns.iter().flat_map(|block| block.to_le_bytes()));
        bytes.extend_from_slice(&choice_hash.to_le_bytes());
        bytes.extend_from_slice(column_hash);
        bytes
    }

    /// Decodes the message of a session with this batch, whose id the caller has compared.
    ///
    /// # Errors
    /// [`Offence::Length`].
    pub fn from_bytes(bytes: &[u8], batch: u16) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Extension, Self::len(batch))?;
        let (session, nonce) = (reader.array()?, reader.array()?);
        let columns = (0..Shape::of_batch(batch).corrections())
            .map(|_| reader.array().map(u128::from_le_bytes))
            .collect::<Result<_, _>>()?;
        let choice_hash = u128::from_le_bytes(reader.array()?);
        let corrections = Corrections { nonce, columns, choice_hash, column_hash: reader.array()? };
        Ok(Self { session, corrections })
    }

    /// The hash that the multiplication answers to.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Transcript::new("dkls/presign/extension").field("message", &self.to_bytes()).finish()
    }
}

impl Opening {
    /// Returns the length of the encoding for a batch.
    pub const fn len(batch: u16) -> usize {
        Self::len_of(batch as usize)
    }

    pub(super) const fn len_of(points: usize) -> usize {
        32 + POINT_LEN * points + 32
    }

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.session.to_vec();
        bytes.extend(self.points.iter().flat_map(point_bytes));
        bytes.extend_from_slice(&self.blind);
        bytes
    }

    /// Decodes the message of a session with this batch, whose id the caller has compared.
    ///
    /// # Errors
    /// [`Offence::Length`], [`Offence::Point`].
    pub fn from_bytes(bytes: &[u8], batch: u16) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Opening, Self::len(batch))?;
        let session = reader.array()?;
        let points = (0..batch).map(|_| reader.point()).collect::<Result<_, _>>()?;
        Ok(Self { session, points, blind: reader.array()? })
    }
}

impl Multiplication {
    /// Returns the length of the encoding for a batch.
    pub const fn len(batch: u16) -> usize {
        Self::len_of(batch as usize)
    }

    pub(super) const fn len_of(products: usize) -> usize {
        32 + 32 + Multiplied::LEN * products
    }

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + Multiplied::LEN * self.products.len());
        bytes.extend_from_slice(&self.session);
        bytes.extend_from_slice(&self.nonce);
        for one in &self.products {
            bytes.extend_from_slice(&one.product.masked);
            bytes.extend_from_slice(&scalar_bytes(&one.product.eta));
            bytes.extend_from_slice(&one.product.mu);
            bytes.extend(one.gammas.iter().flat_map(point_bytes));
            bytes.extend_from_slice(&scalar_bytes(&one.psi));
        }
        bytes
    }

    /// Decodes the message of a session with this batch, whose id the caller has compared.
    ///
    /// # Errors
    /// [`Offence::Length`], [`Offence::Point`], [`Offence::Scalar`]. The masked inputs are checked when they are used.
    pub fn from_bytes(bytes: &[u8], batch: u16) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Multiplication, Self::len(batch))?;
        let (session, nonce) = (reader.array()?, reader.array()?);
        let products = (0..batch).map(|_| Multiplied::read(&mut reader)).collect::<Result<_, _>>()?;
        Ok(Self { session, nonce, products })
    }
}

impl Multiplied {
    const LEN: usize = MASKED_LEN + SCALAR_LEN + 32 + 2 * POINT_LEN + SCALAR_LEN;

    fn read(reader: &mut Reader<'_>) -> Result<Self, Offence> {
        let masked = reader.bytes(MASKED_LEN)?.to_vec();
        let product = Product { masked, eta: reader.scalar()?, mu: reader.array()? };
        Ok(Self { product, gammas: [reader.point()?, reader.point()?], psi: reader.scalar()? })
    }
}

impl fmt::Debug for Multiplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Multiplication(<redacted>)")
    }
}

impl Confirmation {
    /// Returns the length of the encoding for a batch.
    pub const fn len(batch: u16) -> usize {
        Self::len_of(batch as usize)
    }

    pub(super) const fn len_of(commitments: usize) -> usize {
        32 + 32 + 32 * commitments
    }

    /// Encodes the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [self.session, self.transcript].concat();
        bytes.extend(self.commitments.iter().flatten());
        bytes
    }

    /// Decodes the message of a session with this batch, whose id the caller has compared.
    ///
    /// # Errors
    /// [`Offence::Length`].
    pub fn from_bytes(bytes: &[u8], batch: u16) -> Result<Self, Offence> {
        let mut reader = Reader::new(bytes, Part::Confirmation, Self::len(batch))?;
        let (session, transcript) = (reader.array()?, reader.array()?);
        let commitments = (0..batch).map(|_| reader.array()).collect::<Result<_, _>>()?;
        Ok(Self { session, transcript, commitments })
    }
}
