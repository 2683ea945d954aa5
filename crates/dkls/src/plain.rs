//! Signing without presignatures: key, tweak and digest are bound before the first message (DKLs23's order).
//!
//! The rounds and checks of [`crate::presign`] with the statement's hash in the session's id and a batch of one, then the
//! online step at once and without re-randomisation: nothing is kept between. DKLs23 sends shares in its third round;
//! here the confirmation, which makes wrong shares attributable and split views harmless, comes before, so there are
//! three rounds and the share. It is the fallback where presignatures are not wanted, and refuses a batch.

use core::fmt;
use std::sync::Arc;

use k256::Scalar;
use quorate_primitives::Transcript;
use rand_core::{CryptoRng, RngCore};

use crate::presign::{
    self, Binding, Commitment, Confirmation, Extension, Messages, Multiplication, Opening, Pairs,
    SigningGroup, Terms, begin_bound,
};
use crate::sign::{OnlineShare, Signing, TweakedKey, digest_scalar};
use crate::wire::scalar_bytes;
use crate::{Fault, Misuse};

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The key that signs.
    pub key: TweakedKey,
    /// The 32-byte digest of the message.
    pub digest: [u8; 32],
}

/// Waits for round 1.
#[derive(Debug)]
pub struct AwaitingExtensions(Bound<presign::AwaitingExtensions>);

/// Waits for round 2.
#[derive(Debug)]
pub struct AwaitingMultiplications(Bound<presign::AwaitingMultiplications>);

/// Waits for round 3.
#[derive(Debug)]
pub struct AwaitingConfirmations(Bound<presign::AwaitingConfirmations>);

/// A round, and what its end will sign.
struct Bound<R> {
    round: R,
    key: TweakedKey,
    digest: Scalar,
}

/// Begins to sign one message.
///
/// # Errors
/// [`Fault::Local`] for a batch of more than one, the digest zero, a key of another group, and as [`presign::begin`].
pub fn begin(
    group: &Arc<SigningGroup>,
    terms: Terms,
    message: &Message,
    pairs: &Pairs<'_>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(AwaitingExtensions, Commitment, Messages<Extension>), Fault> {
    if terms.batch != 1 {
        return Err(Misuse::Batch(terms.batch).into());
    }
    if message.key.stored_key() != group.key() {
        return Err(Misuse::OtherStatement("key").into());
    }
    let digest = digest_scalar(&message.digest)?;
    let binding = message.hash();
    let (round, commitment, extensions) =
        begin_bound(group, terms, pairs, Binding::Statement(&binding), rng)?;
    let bound = Bound { round, key: message.key.clone(), digest };
    Ok((AwaitingExtensions(bound), commitment, extensions))
}

impl Message {
    fn hash(&self) -> [u8; 32] {
        Transcript::new("dkls/plain")
            .field("key", self.key.stored_key())
            .field("tweak", &scalar_bytes(self.key.tweak()))
            .field("digest", &self.digest)
            .finish()
    }
}

impl AwaitingExtensions {
    /// Takes round 1, as [`presign::AwaitingExtensions::finish`].
    ///
    /// # Errors
    /// As there.
    pub fn finish(
        self,
        messages: &Messages<(Commitment, Extension)>,
        pairs: &Pairs<'_>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(AwaitingMultiplications, Opening, Messages<Multiplication>), Fault> {
        let Bound { round, key, digest } = self.0;
        let (round, opening, multiplications) = round.finish(messages, pairs, rng)?;
        Ok((AwaitingMultiplications(Bound { round, key, digest }), opening, multiplications))
    }
}

impl AwaitingMultiplications {
    /// Takes round 2, as [`presign::AwaitingMultiplications::finish`].
    ///
    /// # Errors
    /// As there.
    pub fn finish(
        self,
        messages: &Messages<(Opening, Multiplication)>,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(AwaitingConfirmations, Confirmation), Fault> {
        let Bound { round, key, digest } = self.0;
        let (round, confirmation) = round.finish(messages, rng)?;
        Ok((AwaitingConfirmations(Bound { round, key, digest }), confirmation))
    }
}

impl AwaitingConfirmations {
    /// Takes round 3 and makes this signer's share at once: R' = R.
    ///
    /// # Errors
    /// As [`presign::AwaitingConfirmations::finish`].
    ///
    /// # Security
    /// The caller makes the share durable before it leaves, as with presignatures.
    pub fn finish(self, messages: &Messages<Confirmation>) -> Result<(OnlineShare, Signing), Fault> {
        let Bound { round, key, digest } = self.0;
        let presignature = round.finish(messages)?.pop().ok_or(Misuse::Batch(0))?;
        presignature.sign_with(&key, digest, Scalar::ZERO)
    }
}

impl<R> fmt::Debug for Bound<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
