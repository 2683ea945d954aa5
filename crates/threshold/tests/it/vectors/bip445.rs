//! BIP-445 (draft): FROST for BIP-340 as Bitcoin's proposal has it.
//!
//! It binds nonces by one number for all signers, where RFC 9591 has one for each, so shares differ by design. What is
//! the same runs: keys, shares, commitments and what is refused of them by our own types; interpolation, tweaks, parity
//! and the equations on our curve ([`session`]). `docs/protocols/frost.md` says what does not apply, and why.

mod refusals;
mod session;

use quorate_primitives::{KeyPurpose, Secret};
use quorate_threshold::frost::{SigningCommitments, SigningNonces, verify};
use quorate_threshold::suite::{Curve, Secp256k1};
use serde_json::Value;

use self::session::Session;
use super::{Tally, array, bytes, external, list};

const PURPOSE: KeyPurpose = KeyPurpose::Bip340Secp256k1;

#[test]
fn bip_445() {
    let mut tally = Tally::default();
    for (file, run) in [
        ("nonce_gen_vectors.json", nonce_gen as fn(&Value, &mut Tally)),
        ("nonce_agg_vectors.json", nonce_agg),
        ("sign_verify_vectors.json", sign_verify),
        ("tweak_vectors.json", tweak),
        ("det_sign_vectors.json", det_sign),
        ("sig_agg_vectors.json", sig_agg),
    ] {
        let Some(vectors) = external("bip445", file) else { return };
        run(&vectors, &mut tally);
    }
    tally.finish("bip445");
}

/// The derivation of nonces is theirs; that the published commitments belong to the nonces is ours to compute.
fn nonce_gen(file: &Value, tally: &mut Tally) {
    for test in list(&file["valid_tests"]) {
        let nonces = nonces(&bytes(&test["expected"][0])).unwrap();
        assert_eq!(nonces.commitments().to_bytes(), bytes(&test["expected"][1]), "{test}");
        tally.ran();
    }
}

fn nonce_agg(file: &Value, tally: &mut Tally) {
    let decode = |indices: &Value| -> Option<Vec<Vec<u8>>> {
        pick(&file["pubnonces"], indices)
            .iter()
            .map(|pubnonce| {
                let commitments = SigningCommitments::from_bytes(PURPOSE, &bytes(pubnonce)).ok()?;
                Some(commitments.to_bytes())
            })
            .collect()
    };
    for test in list(&file["valid_tests"]) {
        let sum = session::sum_nonces(&decode(&test["pubnonce_indices"]).unwrap());
        assert_eq!(sum, bytes(&test["expected"]), "{test}");
        tally.ran();
    }
    for test in list(&file["error_tests"]) {
        assert!(decode(&test["pubnonce_indices"]).is_none(), "{test}");
        tally.ran();
    }
}

fn sign_verify(file: &Value, tally: &mut Tally) {
    for group in list(&file["test_groups"]) {
        for test in list(&group["valid_tests"]) {
            let infinity = bytes(&test["aggnonce"]) == [0; 66];
            if infinity {
                // They fall back to the generator; for us such commitments make no package.
                refusals::cancelling_commitments(group, test, tally);
                continue;
            }
            valid_share(group, test, tally);
        }
        for test in list(&group["sign_error_tests"]) {
            refusals::sign(group, test, tally);
        }
        for test in list(&group["verify_fail_tests"]) {
            let session = Session::new(group, test, &session::aggregate_nonce(group, test));
            let signer = super::index(&test["signer_index"]);
            let valid = Secp256k1::scalar_from_bytes(&array(&test["psig"]))
                .is_ok_and(|share| session.accepts(&share, signer, &pubnonce(group, test, signer)));
            assert!(!valid, "{test}");
            tally.ran();
        }
        for test in list(&group["verify_error_tests"]) {
            refusals::verify(group, test, tally);
        }
    }
}

fn tweak(file: &Value, tally: &mut Tally) {
    for group in list(&file["test_groups"]) {
        for test in list(&group["valid_tests"]) {
            valid_share(group, test, tally);
        }
        for test in list(&group["error_tests"]) {
            refusals::tweak(group, test, tally);
        }
    }
}

/// Computes the share of a test, and checks it as its receiver would.
fn valid_share(group: &Value, test: &Value, tally: &mut Tally) {
    let session = Session::new(group, test, &bytes(&test["aggnonce"]));
    if test["pubnonce_indices"].is_array() {
        assert_eq!(session::aggregate_nonce(group, test), bytes(&test["aggnonce"]), "{test}");
    }
    let share = &group["secshares"][super::index(&test["secshare_index"])];
    let nonces = bytes(&group["secnonces"][super::index(&test["secnonce_index"])]);
    let my_id = super::index(&test["my_id"]);
    let position = list(&test["ids"]).iter().position(|id| super::index(id) == my_id).unwrap();
    let ours = session.sign(&nonces, &array(share), position);
    assert_eq!(Secp256k1::scalar_to_bytes(&ours), array(&test["expected"]), "{test}");
    let own = crate::vectors::bip445::nonces(&nonces).unwrap().commitments().to_bytes();
    assert!(session.accepts(&ours, position, &own), "{test}");
    assert!(!session.accepts(&-ours, position, &own), "{test}");
    tally.ran();
}

/// Deterministic nonces are theirs; the share for the published nonce must pass our equation.
fn det_sign(file: &Value, tally: &mut Tally) {
    for group in list(&file["test_groups"]) {
        for test in list(&group["valid_tests"]) {
            let own = bytes(&test["expected"][0]);
            let mut all = vec![own.clone()];
            if test["aggothernonce"].is_string() {
                all.push(bytes(&test["aggothernonce"]));
            }
            let session = Session::new(group, test, &session::sum_nonces(&all));
            let share = Secp256k1::scalar_from_bytes(&array(&test["expected"][1])).unwrap();
            let my_id = super::index(&test["my_id"]);
            let position = list(&test["ids"]).iter().position(|id| super::index(id) == my_id).unwrap();
            assert!(session.accepts(&share, position, &own), "{test}");
            tally.ran();
        }
        for test in list(&group["error_tests"]) {
            refusals::sign(group, test, tally);
        }
    }
}

fn sig_agg(file: &Value, tally: &mut Tally) {
    for group in list(&file["test_groups"]) {
        for test in list(&group["valid_tests"]) {
            let session = Session::new(group, test, &bytes(&test["aggnonce"]));
            let shares =
                list(&test["psigs"]).iter().map(|share| Secp256k1::scalar_from_bytes(&array(share)).unwrap());
            let signature = session.aggregate(shares);
            assert_eq!(signature.as_slice(), bytes(&test["expected"]), "{test}");
            verify(PURPOSE, &session.verifying_key(), &bytes(&test["msg"]), &signature).unwrap();
            tally.ran();
        }
        for test in list(&group["error_tests"]) {
            refusals::aggregate(group, test, tally);
        }
    }
}

/// Two scalars as nonces of participant 1; `None` if one is zero or too large.
fn nonces(scalars: &[u8]) -> Option<SigningNonces> {
    let sealed = [&[1, PURPOSE as u8, 0, 1], scalars].concat();
    SigningNonces::from_sealed_bytes(Secret::new(sealed)).ok()
}

fn pick<'a>(pool: &'a Value, indices: &Value) -> Vec<&'a Value> {
    list(indices).iter().map(|index| &pool[super::index(index)]).collect()
}

fn pubnonce(group: &Value, test: &Value, position: usize) -> Vec<u8> {
    bytes(&group["pubnonces"][super::index(&test["pubnonce_indices"][position])])
}
