//! FROST: commitments and shares of one of two signers. The key is the same in both classes, its nonces are not.
//!
//! The other signer's nonces are fresh in both classes, so that the nonce point R, whose parity decides whether BIP-340
//! nonces are negated, is public and distributed alike in both.

use std::cell::Cell;
use std::hint::black_box;

use quorate_dkls::timing::Step;
use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::frost::{KeyPackage, PublicKeyPackage, SigningNonces, SigningPackage};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use rand_core::RngCore;

/// A key of two, dealt here.
struct Group {
    keys: PublicKeyPackage,
    members: [KeyPackage; 2],
}

fn deal<C: Curve>(purpose: KeyPurpose) -> Group {
    let mut rng = HedgedRng::new(&[0; 32], b"", b"public");
    let [constant, slope] = [(); 2].map(|()| C::random_scalar(&mut rng));
    let share = |id: ParticipantId| constant + slope * C::scalar_from_u16(id.get());
    let bytes = |scalar| C::point_to_bytes(&C::mul_base(&scalar)).expect("not the identity");
    let threshold = Threshold::new(2, 2).expect("2 of 2");
    let public = PublicKeys {
        purpose,
        threshold,
        group_key: bytes(constant),
        verifying_shares: threshold.participants().map(|id| bytes(share(id))).collect(),
        chain_code: [7; 32],
    };
    let members = [1, 2].map(|id| {
        let participant = ParticipantId::try_from(id).expect("an index");
        let signing_share = Secret::new(C::scalar_to_bytes(&share(participant)));
        KeyPackage::new(&KeyShare { public: public.clone(), participant, signing_share }).expect("a share")
    });
    Group { keys: PublicKeyPackage::new(&public).expect("a key"), members }
}

fn group(purpose: KeyPurpose) -> Group {
    if purpose == KeyPurpose::Ed25519 { deal::<Ed25519>(purpose) } else { deal::<Secp256k1>(purpose) }
}

/// Nonces drawn and committed to.
pub struct Committing {
    group: Group,
    seed: [u8; 32],
}

impl Committing {
    pub fn new(purpose: KeyPurpose) -> Self {
        Self { group: group(purpose), seed: [0; 32] }
    }
}

impl Step for Committing {
    fn load(&mut self, secrets: &mut HedgedRng) {
        secrets.fill_bytes(&mut self.seed);
    }

    fn take(&self) {
        let [member, _] = &self.group.members;
        let _ = black_box(member.commit(b"dudect", &mut HedgedRng::new(&self.seed, b"", b"")));
    }
}

/// A share made from nonces, of a package that is ready.
pub struct Signing {
    group: Group,
    /// Draws the other signer's nonces.
    other: HedgedRng,
    /// Taken by the step: nonces sign once.
    ready: Cell<Option<SigningNonces>>,
    package: Option<SigningPackage>,
}

impl Signing {
    pub fn new(purpose: KeyPurpose) -> Self {
        let other = HedgedRng::new(&[1; 32], b"", b"the other signer");
        Self { group: group(purpose), other, ready: Cell::new(None), package: None }
    }
}

impl Step for Signing {
    fn load(&mut self, secrets: &mut HedgedRng) {
        let Group { keys, members } = &self.group;
        let [one, two] = members;
        let (one, two) = (one.commit(b"dudect", secrets), two.commit(b"dudect", &mut self.other));
        let commitments = [&one, &two].map(|nonces| (nonces.participant(), nonces.commitments()));
        self.package = Some(SigningPackage::new(keys, b"a message", commitments).expect("a package"));
        self.ready.set(Some(one));
    }

    fn take(&self) {
        let (Some(nonces), Some(package)) = (self.ready.take(), &self.package) else { return };
        let [member, _] = &self.group.members;
        black_box(nonces.sign(package, member).is_ok());
    }
}
