//! Presignatures for one signer set: two rounds and a confirmation (§4 of `docs/protocols/dkls.md`).
//!
//! DKLs23's multiplication with the message left out; every two signers multiply (r_i, sk_i) with χ in both directions.
//! What is signed once for all ([`Commitment`], [`Opening`], [`Confirmation`]) is apart from what goes to one peer
//! ([`Extension`], [`Multiplication`]). A run is never persisted and never resumed. It trusts that the shares' points
//! are certified by the key ceremony, and refuses any failed check before it answers.

mod confirmation;
mod extensions;
mod group;
mod messages;
mod multiplications;
mod presignature;
mod terms;

pub use confirmation::AwaitingConfirmations;
pub use extensions::{AwaitingExtensions, Round1, begin, begin_for};
pub use group::SigningGroup;
pub use messages::{Commitment, Confirmation, Extension, Multiplication, Opening};
pub use multiplications::AwaitingMultiplications;
pub use presignature::{Presignature, PresignatureId};
pub use terms::{Generations, MAX_BATCH, Terms};

pub(crate) use presignature::About;

use std::collections::BTreeMap;

use quorate_primitives::ParticipantId;

use crate::pair::PairKeys;

/// One thing of every counterparty, in order.
pub type Messages<M> = BTreeMap<ParticipantId, M>;

/// The pair keys of a participant with every other signer, and with nobody else.
pub type Pairs<'a> = BTreeMap<ParticipantId, &'a PairKeys>;
