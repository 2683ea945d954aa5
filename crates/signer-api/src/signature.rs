//! Signatures as the contract returns them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::{Generation, ValueError, hexadecimal};

/// A signature. Its hexadecimal and a missing `scheme` are read in every version's form, and written in the later one;
/// [`Signature::json`] writes either.
///
/// Only its shape is checked here: whoever relies on it verifies it under the child key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// ECDSA.
    Secp256k1 {
        /// The point R, compressed.
        big_r: [u8; 33],
        /// The number s.
        s: [u8; 32],
        /// 0 when R's y is even, 1 when it is odd.
        recovery_id: u8,
    },
    /// EdDSA: R and s.
    Ed25519([u8; 64]),
}

impl Signature {
    /// Returns the JSON of a generation.
    #[must_use]
    pub fn json(&self, generation: Generation) -> Value {
        match self {
            Self::Secp256k1 { big_r, s, recovery_id } => json!({
                "scheme": "Secp256k1",
                "big_r": {"affine_point": generation.hexadecimal(big_r)},
                "s": {"scalar": generation.hexadecimal(s)},
                "recovery_id": recovery_id,
            }),
            Self::Ed25519(bytes) => json!({"scheme": "Ed25519", "signature": bytes.to_vec()}),
        }
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json(Generation::Later).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(SignatureJson::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    scheme: Option<SchemeJson>,
    big_r: Option<PointJson>,
    s: Option<ScalarJson>,
    recovery_id: Option<u8>,
    signature: Option<Vec<u8>>,
}

#[derive(Deserialize)]
enum SchemeJson {
    Secp256k1,
    Ed25519,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointJson {
    affine_point: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScalarJson {
    scalar: String,
}

impl TryFrom<SignatureJson> for Signature {
    type Error = ValueError;

    fn try_from(json: SignatureJson) -> Result<Self, ValueError> {
        match json.scheme {
            // The contract of 2024 knew one scheme and did not name it.
            Some(SchemeJson::Secp256k1) | None => secp256k1(json),
            Some(SchemeJson::Ed25519) => ed25519(json),
        }
    }
}

fn secp256k1(json: SignatureJson) -> Result<Signature, ValueError> {
    if json.signature.is_some() {
        return Err(ValueError::Scheme("Secp256k1"));
    }
    let point = json.big_r.ok_or(ValueError::Missing("big_r"))?.affine_point;
    let scalar = json.s.ok_or(ValueError::Missing("s"))?.scalar;
    let recovery_id = json.recovery_id.ok_or(ValueError::Missing("recovery_id"))?;
    if recovery_id > 1 {
        return Err(ValueError::RecoveryId(recovery_id));
    }
    Ok(Signature::Secp256k1 {
        big_r: hexadecimal::exactly("big_r", "33", &point)?,
        s: hexadecimal::exactly("s", "32", &scalar)?,
        recovery_id,
    })
}

fn ed25519(json: SignatureJson) -> Result<Signature, ValueError> {
    if json.big_r.is_some() || json.s.is_some() || json.recovery_id.is_some() {
        return Err(ValueError::Scheme("Ed25519"));
    }
    let bytes = json.signature.ok_or(ValueError::Missing("signature"))?;
    let wrong = |bytes: Vec<u8>| ValueError::Length {
        what: "an Ed25519 signature",
        length: bytes.len(),
        expected: "64",
    };
    <[u8; 64]>::try_from(bytes).map(Signature::Ed25519).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECDSA: Signature = Signature::Secp256k1 { big_r: [0xab; 33], s: [0xcd; 32], recovery_id: 1 };

    #[test]
    fn both_generations_and_the_one_without_scheme_are_read() {
        for signature in [ECDSA, Signature::Ed25519([9; 64])] {
            for generation in [Generation::Earlier, Generation::Later] {
                let json = signature.json(generation).to_string();
                assert_eq!(crate::read::<Signature>(json.as_bytes()).unwrap(), signature);
            }
        }
        let mut json = ECDSA.json(Generation::Earlier);
        assert_eq!(json["s"]["scalar"], "CD".repeat(32));
        json.as_object_mut().unwrap().remove("scheme");
        assert_eq!(crate::read::<Signature>(json.to_string().as_bytes()).unwrap(), ECDSA);
    }

    #[test]
    fn refuses_fields_of_the_other_scheme_and_wrong_lengths() {
        let changed = |key: &str, value: Value| {
            let mut json = ECDSA.json(Generation::Later);
            json[key] = value;
            crate::read::<Signature>(json.to_string().as_bytes())
        };
        for (key, value) in [
            ("recovery_id", json!(2)),
            ("recovery_id", json!(256)),
            ("signature", json!(vec![0; 64])),
            ("scheme", json!("Ed25519")),
            ("scheme", json!("P256")),
            ("s", json!({"scalar": "ab"})),
            ("big_r", json!({"affine_point": "zz".repeat(33)})),
            ("extra", json!(1)),
        ] {
            assert!(changed(key, value.clone()).is_err(), "{key}: {value}");
        }
        let short = json!({"scheme": "Ed25519", "signature": vec![0; 63]}).to_string();
        assert!(crate::read::<Signature>(short.as_bytes()).is_err());
    }
}
