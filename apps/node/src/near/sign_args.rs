//! The arguments of `sign`, current and legacy, and the tweak that account and path give.
//!
//! Read as leniently as any version of the contract does: what is accepted here and refused there never becomes pending, and
//! so never reaches the committee.

use serde::Deserialize;
use sha3::{Digest, Sha3_256};

use crate::events::Payload;

/// The longest arguments that are read. A path of thousands of characters is nobody's, and each pending one is kept.
const MAX_ARGS: usize = 8 * 1024;

/// The longest message for Ed25519.
const MAX_MESSAGE: usize = 1232;

const TWEAK_PREFIX: &str = "near-mpc-recovery v0.1.0 epsilon derivation:";

/// The order of secp256k1, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// What `sign` was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignArgs {
    /// The path.
    pub path: String,
    /// What is to be signed.
    pub payload: Payload,
    /// The domain.
    pub domain: u64,
}

#[derive(Deserialize)]
struct Outer {
    request: Inner,
}

#[derive(Deserialize)]
struct Inner {
    path: String,
    #[serde(default)]
    payload_v2: Option<PayloadText>,
    #[serde(default)]
    payload: Option<[u8; 32]>,
    #[serde(default)]
    domain_id: Option<u64>,
    #[serde(default)]
    key_version: Option<u32>,
}

#[derive(Deserialize)]
enum PayloadText {
    Ecdsa(String),
    Eddsa(String),
}

impl SignArgs {
    /// Reads arguments; `None` if no version of the contract takes them.
    #[must_use]
    pub fn read(args: &[u8]) -> Option<Self> {
        if args.len() > MAX_ARGS {
            return None;
        }
        let Outer { request } = serde_json::from_slice(args).ok()?;
        let payload = match (request.payload_v2, request.payload) {
            (Some(PayloadText::Ecdsa(text)), None) => {
                Payload::Ecdsa(hex::decode(text).ok()?.try_into().ok()?)
            }
            (Some(PayloadText::Eddsa(text)), None) => Payload::Eddsa(hex::decode(text).ok()?),
            (None, Some(digest)) => Payload::Ecdsa(digest),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let fits = match &payload {
            Payload::Ecdsa(digest) => *digest < ORDER,
            Payload::Eddsa(message) => message.len() <= MAX_MESSAGE,
        };
        let domain = match (request.domain_id, request.key_version) {
            (Some(domain), None) => domain,
            (None, Some(version)) => version.into(),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        fits.then_some(Self { path: request.path, payload, domain })
    }
}

/// Returns the tweak of an account and a path.
#[must_use]
pub fn tweak(predecessor: &str, path: &str) -> [u8; 32] {
    let mut hash = Sha3_256::new();
    for part in [TWEAK_PREFIX, predecessor, ",", path] {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn tweaks_are_the_published_ones() {
        for (predecessor, path, expected) in [
            ("dwefqwg", "frwewegwegweg", "ad2d6fc1f445a1b43830415e7e6e3d03cd077673047848a085f130c24f53ee00"),
            ("dwefqwg", "fwei2.3f230", "5f76eba48a20e3dd355e38f512c142ab8c8da4999f6b32ecd326d227b44ac05a"),
            ("dwefqwg", "f23fjwef8232", "d133f73abcb3c7cb944dcc0dd3bf72dd89fdc3cf988c9f025af571a205c9b730"),
            ("dwefqwg", "fwefwo23fewfw", "3dd0192c45be59eee3dd0ba62776864245f7aac29514314b80baab2057453ec7"),
            (
                "qfweqwgwegqw",
                "frwewegwegweg",
                "510cd39f09b3c1bdc1fd655ce57ab29eb20dfce647584727fcca0e483163a8d0",
            ),
            (
                "fnwef0942534",
                "fwefwo23fewfw",
                "91da4d8973ea3ccaad9c7b71cb81fa512c4cc939c5157cdbf6a9605d3d1ce4a2",
            ),
            ("hello", "my-path", "da30fae7557313c718e04d4691596618ce0f4d2d31d5c23cbc216ad0a86d2818"),
        ] {
            assert_eq!(hex::encode(tweak(predecessor, path)), expected, "{predecessor} {path}");
        }
    }

    #[test]
    fn h6_other_accounts_and_paths_have_other_tweaks() {
        let names: Vec<String> = (0..300).map(|number| format!("{number:x}.near")).collect();
        let tweaks: BTreeSet<_> =
            names.iter().flat_map(|account| names.iter().map(move |path| tweak(account, path))).collect();
        assert_eq!(tweaks.len(), 300 * 300);
    }

    #[test]
    fn both_forms_and_their_mixtures_are_read() {
        let digest = "01".repeat(32);
        let numbers = serde_json::to_string(&[1; 32]).unwrap();
        for args in [
            format!(r#"{{"request":{{"path":"p","payload_v2":{{"Ecdsa":"{digest}"}},"domain_id":1}}}}"#),
            format!(r#"{{"request":{{"path":"p","payload":{numbers},"key_version":1}}}}"#),
            format!(r#"{{"request":{{"path":"p","payload_v2":{{"Ecdsa":"{digest}"}},"key_version":1}}}}"#),
            format!(r#"{{"request":{{"path":"p","payload":{numbers},"domain_id":1,"more":[]}}}}"#),
        ] {
            let expected = SignArgs { path: "p".into(), payload: Payload::Ecdsa([1; 32]), domain: 1 };
            assert_eq!(SignArgs::read(args.as_bytes()), Some(expected), "{args}");
        }
    }

    #[test]
    fn what_no_contract_takes_is_not_read() {
        let digest = "01".repeat(32);
        let order = hex::encode(ORDER);
        let long = "00".repeat(1233);
        for request in [
            format!(r#""path":"p","payload_v2":{{"Ecdsa":"{digest}"}}"#),
            format!(r#""path":"p","payload_v2":{{"Ecdsa":"{digest}"}},"domain_id":0,"key_version":0"#),
            format!(r#""path":"p","payload_v2":{{"Ecdsa":"{order}"}},"domain_id":0"#),
            format!(r#""path":"p","payload_v2":{{"Ecdsa":"{digest}00"}},"domain_id":0"#),
            format!(r#""path":"p","payload_v2":{{"Eddsa":"{long}"}},"domain_id":0"#),
            format!(r#""payload_v2":{{"Ecdsa":"{digest}"}},"domain_id":0"#),
            r#""path":"p","domain_id":0"#.to_owned(),
            format!(r#""path":"{}","payload_v2":{{"Ecdsa":"{digest}"}},"domain_id":0"#, "x".repeat(MAX_ARGS)),
        ] {
            assert_eq!(
                SignArgs::read(format!("{{\"request\":{{{request}}}}}").as_bytes()),
                None,
                "{request}"
            );
        }
        assert_eq!(SignArgs::read(b"\xff"), None);
    }
}
