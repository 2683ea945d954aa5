//! Members who use what others said, or what they said elsewhere.

use std::rc::Rc;

use quorate_primitives::KeyPurpose;
use quorate_threshold::dkg::{Dealing, KeyDealing, Offence, PossessionProof};
use quorate_threshold::suite::{Curve, CurveKind, Ed25519, Secp256k1};

use super::harness::{Ceremony, End, Message, Run, p};
use super::puppet::{commit, on_curve, prove, prove_as, scalars};

const SEED: u64 = 40;

/// Runs 2-of-3 with a puppet as third member that amends its dealing before it commits to it.
fn forge(amend: impl Fn(&[u8; 32], &mut Dealing) + 'static) -> Run {
    Ceremony::new(2, 3, SEED).puppet(3, |puppet| puppet.amend_dealing = Rc::new(amend)).run()
}

/// Returns what everybody deals: in the session of [`forge`], and in another.
fn sources() -> Vec<(bool, u16, Dealing)> {
    let here = forge(|_, _| {});
    let elsewhere = Ceremony::new(2, 3, SEED + 1).puppet(3, |_| {}).run();
    let dealings = |run: &Run, here| {
        let dealing = |dealer: u16| (here, dealer, run.world.dealing(dealer, dealer % 2 + 1).clone());
        (1..=3).map(dealing).collect::<Vec<_>>()
    };
    [dealings(&here, true), dealings(&elsewhere, false)].concat()
}

/// Every (session, dealer, purpose) but the right one, with or without its coefficients, in every slot.
#[test]
fn k21_b7_no_proof_is_accepted_anywhere_but_where_it_was_made() {
    for slot in 0..3 {
        for (here, dealer, source) in sources() {
            for (from, key) in source.keys.into_iter().enumerate() {
                if here && dealer == 3 && from == slot {
                    continue;
                }
                let same_curve = CurveKind::of(key.purpose) == CurveKind::of(KeyPurpose::ALL[slot]);
                let expected = if same_curve { Offence::Proof } else { Offence::Point };
                let what =
                    format!("{:?} of P{dealer}, here: {here}, as {:?}", key.purpose, KeyPurpose::ALL[slot]);
                let proof = key.proof.clone();
                forge(move |_, dealing| dealing.keys[slot].proof = proof.clone())
                    .assert_all_blame(3, expected, &what);
                let both = forge(move |_, dealing| {
                    let purpose = dealing.keys[slot].purpose;
                    dealing.keys[slot] = KeyDealing { purpose, ..key.clone() };
                });
                both.assert_all_blame(3, expected, &what);
            }
        }
    }
}

/// A proof made for another dealer, session or purpose, by somebody who knows the secret.
#[test]
fn k21_b7_a_proof_is_bound_to_dealer_session_and_purpose() {
    for slot in 0..3 {
        let purpose = KeyPurpose::ALL[slot];
        let secret = scalars(purpose, 2, SEED)[0];
        let nonce = scalars(purpose, 1, SEED + 5)[0];
        let right = forge(move |session, dealing| {
            dealing.keys[slot].proof = prove(session, purpose, p(3), &secret, &nonce);
        });
        assert_eq!(right.outcomes().len(), 2, "the way the wrong ones are made is right");
        let wrong = [
            forge(move |session, dealing| {
                dealing.keys[slot].proof = prove(session, purpose, p(2), &secret, &nonce);
            }),
            forge(move |_, dealing| {
                dealing.keys[slot].proof = prove(&[0; 32], purpose, p(3), &secret, &nonce);
            }),
            forge(move |session, dealing| {
                let claimed = KeyPurpose::ALL[(slot + 1) % 3];
                dealing.keys[slot].proof = prove_as(claimed, session, purpose, p(3), &secret, &nonce);
            }),
        ];
        for run in wrong {
            run.assert_all_blame(3, Offence::Proof, &format!("{purpose:?}"));
        }
    }
}

/// Every message of the puppet is replaced by every other message of its kind, of this session and another.
#[test]
fn k26_b7_no_message_is_accepted_in_the_place_of_another() {
    let recorded = [SEED, SEED + 1].map(|seed| Ceremony::new(2, 3, seed).puppet(3, |_| {}).run().world);
    for flight in 1..=4 {
        for to in 1..=2 {
            let own = recorded[0].get(flight, 3, to);
            let others =
                recorded.iter().flat_map(|world| &world.0).filter(|((f, _, _), m)| *f == flight && *m != own);
            for (place, other) in others {
                let run = Ceremony::new(2, 3, SEED)
                    .puppet(3, |_| {})
                    .tamper(|f, from, recipient, _, message| {
                        if (f, from, recipient) == (flight, p(3), p(to)) {
                            *message = other.clone();
                        }
                        true
                    })
                    .run();
                assert!(!matches!(run.ends[&p(to)], End::Keys(_)), "flight {flight} to P{to}: {place:?}");
                run.assert_blames_only(&[3]);
            }
        }
    }
}

/// The last to speak has seen all dealings, and opens its commitment to a key that cancels them.
#[test]
fn k21_b10_a_rogue_key_chosen_after_the_commitment_is_refused() {
    for slot in 0..3 {
        let run = Ceremony::new(2, 3, SEED)
            .puppet(3, |_| {})
            .tamper(|_, from, _, world, message| {
                if let (3, Message::Dealing(dealing)) = (from.get(), message) {
                    let honest = [world.dealing(1, 2), world.dealing(2, 1)];
                    dealing.keys[slot].coefficients[0] = rogue(KeyPurpose::ALL[slot], honest, slot);
                }
                true
            })
            .run();
        run.assert_all_blame(3, Offence::Opening, "rogue after commitment");
    }
}

/// Even if it could guess the dealings and commit to the rogue key, it could not prove possession.
#[test]
fn k21_b10_a_rogue_key_has_no_proof() {
    let honest = forge(|_, _| {});
    for slot in 0..3 {
        let purpose = KeyPurpose::ALL[slot];
        let dealings = [honest.world.dealing(1, 2), honest.world.dealing(2, 1)];
        let point = rogue(purpose, dealings, slot);
        let secret = scalars(purpose, 1, SEED)[0];
        let of_others = dealings.map(|dealing| dealing.keys[slot].proof.clone());
        let zero = PossessionProof { commitment: commit(purpose, &[secret]).remove(0), response: [0; 32] };
        let negated = PossessionProof { commitment: point.clone(), response: [0; 32] };
        for proof in of_others.into_iter().chain([zero, negated]) {
            let point = point.clone();
            let run = forge(move |_, dealing| {
                dealing.keys[slot].coefficients[0] = point.clone();
                dealing.keys[slot].proof = proof.clone();
            });
            run.assert_all_blame(3, Offence::Proof, "rogue without proof");
        }
        let run = forge(move |session, dealing| {
            dealing.keys[slot].coefficients[0] = point.clone();
            dealing.keys[slot].proof = prove(session, purpose, p(3), &secret, &secret);
        });
        run.assert_all_blame(3, Offence::Proof, "rogue with the proof of the key that it aims at");
    }
}

/// Returns s·G − Σ C_0 of the honest dealers, with which the group's secret would be s.
fn rogue(purpose: KeyPurpose, honest: [&Dealing; 2], slot: usize) -> Vec<u8> {
    on_curve!(purpose, C => {
        let target = C::scalar_from_bytes(&scalars(purpose, 1, SEED)[0]).unwrap();
        let cancelled = honest.iter().fold(C::mul_base(&target), |sum, dealing| {
            sum - C::point_from_bytes(&dealing.keys[slot].coefficients[0]).unwrap()
        });
        C::point_to_bytes(&cancelled).unwrap()
    })
}

/// A member that waits for an honest one's words and repeats them as its own.
#[test]
fn k25_b11_copied_commitments_and_dealings_are_refused() {
    for victim in 1..=2 {
        let copy_from = |first: u8| {
            Ceremony::new(2, 3, SEED)
                .puppet(3, |_| {})
                .tamper(move |flight, from, _, world, message| {
                    if from == p(3) && (first..=2).contains(&flight) {
                        *message = world.get(flight, victim, 3 - victim).clone();
                    }
                    true
                })
                .run()
        };
        copy_from(1).assert_all_blame(3, Offence::Opening, "commitment and dealing");
        copy_from(2).assert_all_blame(3, Offence::Opening, "dealing");
        let dealing = forge(|_, _| {}).world.dealing(victim, 3 - victim).clone();
        forge(move |_, own| *own = dealing.clone()).assert_all_blame(
            3,
            Offence::Proof,
            "dealing, recommitted",
        );
    }
}
