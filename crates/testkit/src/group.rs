//! Groups that are there at once: identities from a seed, and keys from a dealer, which the product does not have.

use std::sync::Arc;

use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_session::roster::{Member, Roster};
use quorate_threshold::suite::{Curve, CurveKind, Ed25519, Secp256k1, lagrange_at_zero};
use quorate_threshold::{KeyShare, PublicKeys};
use quorate_transport::{DeviceIdentity, MemberKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::dice::Dice;

/// Returns the participant with this index.
pub fn p(index: u16) -> ParticipantId {
    ParticipantId::try_from(index).expect("1 to 64")
}

/// Makes the identities of a group's devices.
pub fn identities(seed: u64, count: u16) -> Vec<Arc<DeviceIdentity>> {
    let mut dice = Dice::new(seed, 6);
    (0..count).map(|_| Arc::new(DeviceIdentity::from_seed(&Secret::new(dice.bytes())))).collect()
}

/// Makes a roster of these devices, in their order.
pub fn roster(
    identities: &[Arc<DeviceIdentity>],
    threshold: Threshold,
    purposes: &[KeyPurpose],
    group: [u8; 32],
) -> Roster {
    let member = |(index, identity): (usize, &Arc<DeviceIdentity>)| {
        let public = identity.public();
        Member { name: format!("device {}", index + 1), identity: public, relay: MemberKey(public.signing) }
    };
    Roster {
        group,
        wallet_name: "simulated".to_owned(),
        threshold,
        purposes: purposes.to_vec(),
        epoch: 0,
        members: identities.iter().enumerate().map(member).collect(),
    }
}

/// Deals a key to a whole group.
pub fn deal(purpose: KeyPurpose, threshold: Threshold, seed: u64) -> Vec<KeyShare> {
    match CurveKind::of(purpose) {
        CurveKind::Ed25519 => deal_on::<Ed25519>(purpose, threshold, seed),
        CurveKind::Secp256k1 => deal_on::<Secp256k1>(purpose, threshold, seed),
    }
}

fn deal_on<C: Curve>(purpose: KeyPurpose, threshold: Threshold, seed: u64) -> Vec<KeyShare> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed ^ purpose as u64);
    let coefficients: Vec<_> = (0..threshold.min_signers()).map(|_| C::random_scalar(&mut rng)).collect();
    let share = |id: ParticipantId| {
        let x = C::scalar_from_u16(id.get());
        coefficients.iter().rev().copied().reduce(|sum, coefficient| sum * x + coefficient).unwrap()
    };
    let point = |scalar| C::point_to_bytes(&C::mul_base(&scalar)).unwrap();
    let public = PublicKeys {
        purpose,
        threshold,
        group_key: point(coefficients[0]),
        verifying_shares: threshold.participants().map(|id| point(share(id))).collect(),
        chain_code: [purpose as u8; 32],
    };
    let key_share = |participant| KeyShare {
        public: public.clone(),
        participant,
        signing_share: Secret::new(C::scalar_to_bytes(&share(participant))),
    };
    threshold.participants().map(key_share).collect()
}

/// Returns whether these shares, exactly t of one key, add up to the secret behind its public key, and each is the
/// secret behind its verifying share. Nobody but a test puts a key together.
pub fn reconstructs(shares: &[&KeyShare]) -> bool {
    match CurveKind::of(shares[0].public.purpose) {
        CurveKind::Ed25519 => reconstructs_on::<Ed25519>(shares),
        CurveKind::Secp256k1 => reconstructs_on::<Secp256k1>(shares),
    }
}

fn reconstructs_on<C: Curve>(shares: &[&KeyShare]) -> bool {
    let public = &shares[0].public;
    let signers = || shares.iter().map(|share| share.participant);
    let scalar = |share: &KeyShare| C::scalar_from_bytes(share.signing_share.expose()).unwrap();
    let part =
        |share: &&KeyShare| scalar(share) * lagrange_at_zero::<C>(signers(), share.participant).unwrap();
    let secret = shares.iter().map(part).reduce(|sum, part| sum + part).unwrap();
    let is_own = |share: &&KeyShare| {
        let point = C::point_to_bytes(&C::mul_base(&scalar(share))).unwrap();
        public.verifying_share(share.participant) == Some(point.as_slice())
    };
    C::point_to_bytes(&C::mul_base(&secret)).unwrap() == public.group_key && shares.iter().all(is_own)
}

/// Returns every way to choose `size` of `items`.
pub fn subsets<T: Copy>(items: &[T], size: usize) -> Vec<Vec<T>> {
    (0..1_u64 << items.len())
        .filter(|mask| mask.count_ones() as usize == size)
        .map(|mask| {
            items.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, item)| *item).collect()
        })
        .collect()
}
