//! What BIP-445 refuses, and the type of ours that refuses it.

use std::collections::BTreeMap;

use quorate_primitives::{ParticipantId, Secret, Threshold};
use quorate_threshold::frost::{
    AggregateError, KeyError, KeyPackage, PublicKeyPackage, SignError, SignatureShare, SigningCommitments,
    SigningPackage, aggregate as aggregate_shares,
};
use quorate_threshold::suite::{Curve, Secp256k1};
use quorate_threshold::{KeyShare, PublicKeys};
use serde_json::Value;

use super::{PURPOSE, nonces, pick, session};
use crate::support::p;
use crate::vectors::{Tally, array, bytes, index, list, text};

/// The group of a test as we would store it. Groups of one signer have no threshold of ours.
fn public(group: &Value) -> Option<PublicKeys> {
    let (t, n) = (index(&group["t"]) as u16, index(&group["n"]) as u16);
    Some(PublicKeys {
        purpose: PURPOSE,
        threshold: Threshold::new(t, n).ok()?,
        group_key: bytes(&group["thresh_pk"]),
        verifying_shares: list(&group["pubshares"])[..n.into()].iter().map(bytes).collect(),
        chain_code: [0; 32],
    })
}

/// The public shares of a test in the places of its signers, the others as they are.
fn with_shares_of(test: &Value, group: &Value, mut public: PublicKeys) -> PublicKeys {
    let shares = pick(&group["pubshares"], &test["pubshare_indices"]);
    for (id, share) in list(&test["ids"]).iter().zip(shares) {
        if let Some(slot) = public.verifying_shares.get_mut(index(id)) {
            *slot = bytes(share);
        }
    }
    public
}

/// Commitments for every signer of a test: which does not matter to what is refused.
fn package(keys: &PublicKeyPackage, ids: &Value) -> Result<SigningPackage, SignError> {
    let one = [[0; 31].as_slice(), &[1], &[0; 31], &[2]].concat();
    let commitments = nonces(&one).unwrap().commitments();
    let ids = list(ids).iter().map(|id| (p(index(id) as u16 + 1), commitments));
    SigningPackage::new(keys, b"message", ids)
}

/// Errors of signing.
pub fn sign(group: &Value, test: &Value, tally: &mut Tally) {
    let comment = text(&test["comment"]);
    // What needs no group.
    if let Some(nonce) = test.get("aggnonce").or(test.get("aggothernonce")).filter(|nonce| nonce.is_string())
        && comment.contains("nonce is invalid") | comment.contains("nonces is invalid")
    {
        assert!(SigningCommitments::from_bytes(PURPOSE, &bytes(nonce)).is_err(), "{test}");
        return tally.ran();
    }
    if comment.starts_with("Secret nonce's") {
        let scalars = bytes(&group["secnonces"][index(&test["secnonce_index"])]);
        assert!(nonces(&scalars).is_none(), "{test}");
        return tally.ran();
    }
    if comment.starts_with("Tweak exceeds") {
        let numbers = session::tweaks(group, test);
        assert!(numbers.iter().any(|(tweak, _)| Secp256k1::scalar_from_bytes(&array(tweak)).is_err()));
        return tally.ran();
    }
    let Some(public) = public(group) else { return tally.skip() };
    let keys = PublicKeyPackage::new(&public).unwrap();
    let my_id = index(&test["my_id"]) as u16;
    let share = |public: &PublicKeys| KeyShare {
        public: public.clone(),
        participant: p(my_id + 1),
        signing_share: Secret::new(array(&group["secshares"][index(&test["secshare_index"])])),
    };
    let (shown, actual): (&str, bool) = match comment {
        "Signer's identifier is absent from the signer set" => {
            let package = package(&keys, &test["ids"]).unwrap();
            ("not a signer", package.commitments(p(my_id + 1)).is_none())
        }
        "Signer set contains a duplicate id" => {
            let error = package(&keys, &test["ids"]).unwrap_err();
            ("duplicate", matches!(error, SignError::DuplicateSigner { .. }))
        }
        "A signer id is outside the valid range [0, n-1]" => {
            let error = package(&keys, &test["ids"]).unwrap_err();
            ("unknown", matches!(error, SignError::UnknownSigner { .. }))
        }
        "Fewer signers than the threshold t" => {
            let error = package(&keys, &test["ids"]).unwrap_err();
            ("too few", matches!(error, SignError::TooFewSigners { .. }))
        }
        "A public share is not a valid point" => {
            let error = PublicKeyPackage::new(&with_shares_of(test, group, public)).unwrap_err();
            ("bad point", matches!(error, KeyError::Curve { what: "verifying share", .. }))
        }
        "Signer set's public shares do not match the threshold public key" => {
            let error = PublicKeyPackage::new(&with_shares_of(test, group, public)).unwrap_err();
            ("inconsistent", error == KeyError::Inconsistent)
        }
        "Signer's public share is not in the public share list" | "Secret share is out of range (zero)" => {
            let error = KeyPackage::new(&share(&public)).unwrap_err();
            ("mismatch", matches!(error, KeyError::ShareMismatch { .. }))
        }
        unknown => panic!("a kind of error that is new: {unknown}"),
    };
    assert!(actual, "{shown}: {test}");
    tally.ran();
}

/// Errors of verifying a share: something in it does not decode.
pub fn verify(group: &Value, test: &Value, tally: &mut Tally) {
    let pubnonces = pick(&group["pubnonces"], &test["pubnonce_indices"]);
    let pubshares = pick(&group["pubshares"], &test["pubshare_indices"]);
    let refused =
        pubnonces.iter().any(|nonce| SigningCommitments::from_bytes(PURPOSE, &bytes(nonce)).is_err())
            || pubshares.iter().any(|share| Secp256k1::point_from_bytes(&bytes(share)).is_err());
    assert!(refused, "{test}");
    tally.ran();
}

/// Errors of tweaks: numbers that are none, or that lead to no key. Derivation refuses both.
pub fn tweak(group: &Value, test: &Value, tally: &mut Tally) {
    let numbers = session::tweaks(group, test);
    match text(&test["comment"]) {
        "Tweak exceeds the group order" => {
            assert!(Secp256k1::scalar_from_bytes(&array(&numbers[0].0)).is_err());
            tally.ran();
        }
        "Plain tweak drives the tweaked threshold public key to the point at infinity" => {
            let tweak = Secp256k1::scalar_from_bytes(&array(&numbers[0].0)).unwrap();
            let key = Secp256k1::point_from_bytes(&bytes(&group["thresh_pk"])).unwrap();
            assert!(Secp256k1::point_to_bytes(&(key + Secp256k1::mul_base(&tweak))).is_err());
            tally.ran();
        }
        // There are no such lists: a path is numbers, each step makes its own tweak.
        "Number of tweaks does not match the number of tweak modes" | "Tweak is not a 32-byte array" => {
            tally.skip();
        }
        unknown => panic!("a kind of error that is new: {unknown}"),
    }
}

/// Errors of aggregation.
pub fn aggregate(group: &Value, test: &Value, tally: &mut Tally) {
    let shares: Vec<_> =
        list(&test["psigs"]).iter().map(|share| SignatureShare::from_bytes(PURPOSE, &bytes(share))).collect();
    match text(&test["comment"]) {
        "Partial signature equals the group order, which is out of range" => {
            assert!(shares.iter().any(Result::is_err), "{test}");
            tally.ran();
        }
        "Number of partial signatures does not match the number of signers" => {
            let Some(public) = public(group) else { return tally.skip() };
            let keys = PublicKeyPackage::new(&public).unwrap();
            let package = package(&keys, &test["ids"]).unwrap();
            let given: BTreeMap<ParticipantId, _> =
                package.signers().into_iter().zip(shares.into_iter().map(Result::unwrap)).collect();
            let error = aggregate_shares(&package, &given, &keys).unwrap_err();
            assert!(matches!(error, AggregateError::MissingShare { .. }), "{test}: {error}");
            tally.ran();
        }
        unknown => panic!("a kind of error that is new: {unknown}"),
    }
}

/// Commitments whose sum is the identity in both halves.
pub fn cancelling_commitments(group: &Value, test: &Value, tally: &mut Tally) {
    let Some(public) = public(group) else { return tally.skip() };
    let keys = PublicKeyPackage::new(&public).unwrap();
    let pubnonces = pick(&group["pubnonces"], &test["pubnonce_indices"]);
    let commitments = list(&test["ids"]).iter().zip(pubnonces).map(|(id, nonce)| {
        (p(index(id) as u16 + 1), SigningCommitments::from_bytes(PURPOSE, &bytes(nonce)).unwrap())
    });
    // Each has its own binding factor here, so what cancels there does not cancel; the share differs by design.
    assert!(SigningPackage::new(&keys, &bytes(&test["msg"]), commitments).is_ok());
    tally.skip();
}
