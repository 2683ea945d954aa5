//! Keys of a dealer, whose shares are secret.

use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::suite::Curve;
use quorate_threshold::{KeyShare, PublicKeys};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::mark::conceal;

/// The first two members, who sign.
pub fn signers() -> [ParticipantId; 2] {
    [1, 2].map(|index| ParticipantId::try_from(index).expect("an index"))
}

/// Deals 2 of 3 and returns what the signers hold.
pub fn deal<C: Curve>(purpose: KeyPurpose) -> [KeyShare; 2] {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let [constant, slope] = [(); 2].map(|()| C::random_scalar(&mut rng));
    let share = |id: ParticipantId| constant + slope * C::scalar_from_u16(id.get());
    let bytes = |scalar| C::point_to_bytes(&C::mul_base(&scalar)).expect("not the identity");
    let threshold = Threshold::new(2, 3).expect("2 of 3");
    let public = PublicKeys {
        purpose,
        threshold,
        group_key: bytes(constant),
        verifying_shares: threshold.participants().map(|id| bytes(share(id))).collect(),
        chain_code: [7; 32],
    };
    signers().map(|participant| {
        let mut signing_share = Secret::new(C::scalar_to_bytes(&share(participant)));
        conceal(signing_share.expose_mut());
        KeyShare { public: public.clone(), participant, signing_share }
    })
}
