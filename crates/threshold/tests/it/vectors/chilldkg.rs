//! ChillDKG: what its key generation has in common with ours.
//!
//! Its messages, encryption, randomness and certificate are its own; its commitments, shares, thresholds and outputs
//! are points, polynomials and keys as ours. `docs/protocols/frost.md` says what does not apply, and why.

use quorate_primitives::{KeyPurpose, ParticipantId, Secret, Threshold};
use quorate_threshold::frost::{KeyError, KeyPackage, PublicKeyPackage};
use quorate_threshold::suite::{Curve, Secp256k1, Secp256k1Point};
use quorate_threshold::{KeyShare, PublicKeys};
use serde_json::Value;

use super::{Tally, array, bytes, external, index, list, text};

const POINT: usize = 33;

#[test]
fn chilldkg() {
    let mut tally = Tally::default();
    for (file, run) in [
        ("hostpubkey_gen_vectors.json", host_key as fn(&Value, &mut Tally)),
        ("params_hash_vectors.json", parameters),
        ("participant_step1_vectors.json", participant_step1),
        ("participant_step2_vectors.json", participant_step2),
        ("participant_finalize_vectors.json", finalize),
        ("participant_investigate_vectors.json", none_applies),
        ("coordinator_step1_vectors.json", coordinator_step1),
        ("coordinator_finalize_vectors.json", finalize),
        ("coordinator_investigate_vectors.json", none_applies),
        ("recover_vectors.json", recover),
    ] {
        let Some(vectors) = external("chilldkg", file) else { return };
        let groups = vectors.get("testGroups").map_or(std::slice::from_ref(&vectors), list);
        for group in groups {
            run(group, &mut tally);
        }
    }
    tally.finish("chilldkg");
}

fn none_applies(group: &Value, tally: &mut Tally) {
    let cases = list(&group["validTestCases"]).len() + list(&group["errorTestCases"]).len();
    (0..cases).for_each(|_| tally.skip());
}

fn host_key(group: &Value, tally: &mut Tally) {
    for test in list(&group["validTestCases"]) {
        assert_eq!(public_key(&bytes(&test["hostseckey"])), Some(bytes(&test["expectedHostpubkey"])));
        tally.ran();
    }
    for test in list(&group["errorTestCases"]) {
        refusal(test, tally);
    }
}

fn parameters(group: &Value, tally: &mut Tally) {
    // The hash is of their encoding.
    list(&group["validTestCases"]).iter().for_each(|_| tally.skip());
    for test in list(&group["errorTestCases"]) {
        refusal(test, tally);
    }
}

/// t commitments to coefficients, a proof (64), a public nonce, encrypted shares.
fn participant_step1(group: &Value, tally: &mut Tally) {
    for test in list(&group["validTestCases"]) {
        let message = bytes(&test["expectedPmsg1"]);
        let t = index(&test["params"]["t"]);
        assert_eq!(points(&message[..t * POINT]).unwrap().len(), t);
        assert!(points(&message[t * POINT + 64..][..POINT]).is_some());
        tally.ran();
    }
    for test in list(&group["errorTestCases"]) {
        refusal(test, tally);
    }
}

/// n commitments to secrets, t − 1 sums of the others, n proofs (64), n public nonces, encrypted shares.
fn participant_step2(group: &Value, tally: &mut Tally) {
    let (t, n) = (index(&group["params"]["t"]), list(&group["params"]["hostpubkeys"]).len());
    let decode = |message: &[u8]| -> Option<Vec<Secp256k1Point>> {
        let commitments = (n + t - 1) * POINT;
        let mut all = points(&message[..commitments])?;
        all.extend(points(&message[commitments + n * 64..][..n * POINT])?);
        Some(all)
    };
    for test in list(&group["validTestCases"]) {
        assert_eq!(decode(&bytes(&test["cmsg1"])).unwrap().len(), n + t - 1 + n);
        tally.ran();
    }
    for test in list(&group["errorTestCases"]) {
        let comment = text(&test["comment"]);
        if ["invalid prefix", "off-curve", "infinity"].iter().any(|kind| comment.contains(kind)) {
            assert!(decode(&bytes(&test["cmsg1"])).is_none(), "{test}");
            tally.ran();
        } else {
            // Values of other sessions, proofs, encryption and lengths: of their messages.
            tally.skip();
        }
    }
}

/// The coordinator's sums of commitments.
fn coordinator_step1(group: &Value, tally: &mut Tally) {
    for test in list(&group["validTestCases"]) {
        let (t, n) = (index(&test["params"]["t"]), list(&test["params"]["hostpubkeys"]).len());
        let dealt: Vec<_> = list(&test["pmsg1Indices"])
            .iter()
            .map(|at| points(&bytes(&group["pmsg1Pool"][index(at)])[..t * POINT]).unwrap())
            .collect();
        let mut expected: Vec<_> = dealt.iter().map(|commitments| commitments[0]).collect();
        expected.extend((1..t).map(|k| dealt.iter().skip(1).fold(dealt[0][k], |sum, more| sum + more[k])));
        let message = bytes(&test["expectedCmsg1"]);
        assert_eq!(points(&message[..(n + t - 1) * POINT]).unwrap(), expected, "{test}");
        tally.ran();
    }
    for test in list(&group["errorTestCases"]) {
        refusal(test, tally);
    }
}

fn finalize(group: &Value, tally: &mut Tally) {
    let t = index(&group["params"]["t"]) as u16;
    for test in list(&group["validTestCases"]) {
        output(&test["expectedOutput"], t, tally);
    }
    // Signatures of their certificate.
    list(&group["errorTestCases"]).iter().for_each(|_| tally.skip());
}

fn recover(group: &Value, tally: &mut Tally) {
    for test in list(&group["validTestCases"]) {
        let expected = &test["expectedOutput"];
        let mut whole = expected.clone();
        whole["recoveryData"] = test["recoveryData"].clone();
        output(&whole, index(&expected["params"]["t"]) as u16, tally);
    }
    for test in list(&group["errorTestCases"]) {
        refusal(test, tally);
    }
}

/// An output is a key of ours: its shares are on one polynomial, the secret one opens its public one, and all of
/// them are what the published sum of commitments says, by Horner's rule on small indices as our ceremony does it.
fn output(output: &Value, t: u16, tally: &mut Tally) {
    let dkg = &output["dkgOutput"];
    let pubshares: Vec<_> = list(&dkg["pubshares"]).iter().map(bytes).collect();
    let n = pubshares.len() as u16;
    let data = bytes(&output["recoveryData"]);
    let sums = points(&data[4..4 + usize::from(t) * POINT]).unwrap();
    let group_key = Secp256k1::point_from_bytes(&bytes(&dkg["threshPk"])).unwrap();
    for (pubshare, x) in pubshares.iter().zip(1..) {
        let value =
            sums.iter().rev().copied().reduce(|sum, next| Secp256k1::mul_small(sum, x) + next).unwrap();
        // Their key is the sum with an unspendable tweak.
        let tweaked = value + group_key - sums[0];
        assert_eq!(Secp256k1::point_to_bytes(&tweaked).unwrap(), *pubshare);
    }
    let Ok(threshold) = Threshold::new(t, n) else { return tally.skip() };
    let public = PublicKeys {
        purpose: KeyPurpose::Bip340Secp256k1,
        threshold,
        group_key: bytes(&dkg["threshPk"]),
        verifying_shares: pubshares,
        chain_code: [0; 32],
    };
    PublicKeyPackage::new(&public).unwrap();
    if dkg["secshare"].is_string() {
        let open = |participant: ParticipantId| {
            let signing_share = Secret::new(array(&dkg["secshare"]));
            KeyPackage::new(&KeyShare { public: public.clone(), participant, signing_share })
        };
        let results: Vec<_> = threshold.participants().map(open).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(
            results
                .iter()
                .flat_map(|result| result.as_ref().err())
                .all(|error| { matches!(error, KeyError::ShareMismatch { .. }) })
        );
    }
    tally.ran();
}

/// Errors that our types refuse, too.
fn refusal(test: &Value, tally: &mut Tally) {
    let comment = text(&test["comment"]);
    let refused = match comment {
        "host secret key is out of range" | "zeroed host secret key" | "host secret key is zero" => {
            public_key(&bytes(&test["hostseckey"])).is_none()
        }
        "invalid threshold value"
        | "invalid threshold value t > n"
        | "threshold exceeds the number of participants" => {
            let n = list(&test["params"]["hostpubkeys"]).len() as u16;
            Threshold::new(index(&test["params"]["t"]) as u16, n).is_err()
        }
        "invalid threshold" => {
            let t = u32::from_be_bytes(bytes(&test["recoveryData"])[..4].try_into().unwrap());
            Threshold::new(t as u16, 3).is_err()
        }
        "hostpubkeys list contains an invalid value"
        | "hostpubkeys list contains an infinity point"
        | "hostpubkeys list contains an invalid value with invalid prefix"
        | "hostpubkeys list contains an invalid value with invalid x-coordinate" => {
            list(&test["params"]["hostpubkeys"]).iter().any(|key| points(&bytes(key)).is_none())
        }
        "first coefficient of sum_coms is invalid" => {
            points(&bytes(&test["recoveryData"])[4..][..POINT]).is_none()
        }
        "first pubkey in the hostpubkey list is invalid" => {
            points(&bytes(&test["recoveryData"])[4 + 2 * POINT..][..POINT]).is_none()
        }
        "last share in enc_secshare list is invalid" => {
            let data = bytes(&test["recoveryData"]);
            let end = data.len() - 3 * 64;
            Secp256k1::scalar_from_bytes(&data[end - 32..end].try_into().unwrap()).is_err()
        }
        // Their lengths, randomness, rosters of host keys and certificates.
        _ => return tally.skip(),
    };
    assert!(refused, "{test}");
    tally.ran();
}

fn public_key(secret: &[u8]) -> Option<Vec<u8>> {
    let scalar = Secp256k1::scalar_from_bytes(secret.try_into().ok()?).ok()?;
    Secp256k1::point_to_bytes(&Secp256k1::mul_base(&scalar)).ok()
}

/// Decodes points in a row; `None` if one is refused.
fn points(bytes: &[u8]) -> Option<Vec<Secp256k1Point>> {
    bytes.chunks(POINT).map(|point| Secp256k1::point_from_bytes(point).ok()).collect()
}
