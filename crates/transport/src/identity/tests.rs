use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::montgomery::MontgomeryPoint;
use quorate_primitives::encoding::{body_bytes, body_from_bytes};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;

fn device(number: u8) -> DeviceIdentity {
    DeviceIdentity::from_seed(&Secret::new([number; 32]))
}

fn bytes(text: &str) -> [u8; 32] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// Computed independently from the definitions: HKDF-SHA256, then RFC 8032 and RFC 7748 public keys.
#[test]
fn a_seed_always_gives_the_same_identity() {
    let public = device(7).public();
    assert_eq!(hex::encode(public.signing), GOLDEN_SIGNING);
    assert_eq!(hex::encode(public.agreement), GOLDEN_AGREEMENT);
    assert_eq!(public.fingerprint().to_string(), GOLDEN_FINGERPRINT);
    let relay = device(7).relay_key(&RoomId([9; 32])).member();
    assert_eq!(hex::encode(relay.0), GOLDEN_RELAY);
}

const GOLDEN_SIGNING: &str = "ac7ff75be66d40d62b7aea5f25d8e3be762527312e28b63386be4a86f3ceece1";
const GOLDEN_AGREEMENT: &str = "001ecfa1b564cdee9b98cabc87565ecf621316119d7fddf23ebc45f42f93986c";
const GOLDEN_FINGERPRINT: &str = "7123bdc5f9794f323c79044a8d71a1eb0773b36f6f23d9f21abff251af0eba9e";
const GOLDEN_RELAY: &str = "86e277d62995a853d88476939034a4a832fd48d13de51a586c4cd86fe278e3bf";

#[test]
fn honest_keys_are_accepted_and_survive_encoding() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..20 {
        let key = DeviceIdentity::generate(&mut rng).public();
        assert_eq!(key.check(), Ok(()));
        let encoded = body_bytes(&key);
        assert_eq!(encoded, key.to_bytes());
        assert_eq!(body_from_bytes::<IdentityKey>(&encoded, 64, "key"), Ok(key));
    }
}

/// Every encoding of a small-order point that a decoder could take, canonical or not.
fn bad_signing_keys() -> Vec<[u8; 32]> {
    let mut keys: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
    // y in p ..= p + 18, the only values that fit 255 bits and are not reduced; with both signs.
    for low in 0xed..=0xff_u8 {
        for high in [0x7f, 0xff] {
            let mut key = [0xff; 32];
            (key[0], key[31]) = (low, high);
            keys.push(key);
        }
    }
    // y = 1 and y = -1 with x = 0 and a set sign bit.
    keys.push(bytes("0100000000000000000000000000000000000000000000000000000000000080"));
    keys.push(bytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    // A point off the curve.
    keys.push(bytes("0200000000000000000000000000000000000000000000000000000000000000"));
    keys
}

/// u-coordinates of small order (canonical, unreduced, with the ignored bit set), and one on the twist.
fn bad_agreement_keys() -> Vec<[u8; 32]> {
    let low_order = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let twist = "0200000000000000000000000000000000000000000000000000000000000000";
    let mut keys: Vec<[u8; 32]> = low_order.iter().chain([&twist]).map(|text| bytes(text)).collect();
    let with_top_bit: Vec<[u8; 32]> = keys.iter().map(|key| set_top_bit(*key)).collect();
    keys.extend(with_top_bit);
    keys.push(set_top_bit(device(1).public().agreement));
    keys
}

fn set_top_bit(mut key: [u8; 32]) -> [u8; 32] {
    key[31] |= 0x80;
    key
}

#[test]
fn b4_rejects_low_order_and_non_canonical_signing_keys() {
    let honest = device(1).public();
    for signing in bad_signing_keys() {
        let key = IdentityKey { signing, ..honest };
        assert_eq!(key.check(), Err(IdentityError::MalformedSigningKey), "{}", hex::encode(signing));
        assert!(body_from_bytes::<IdentityKey>(&key.to_bytes(), 64, "key").is_err());
    }
}

#[test]
fn b4_rejects_torsioned_keys() {
    let honest = device(1).public();
    let point = CompressedEdwardsY(honest.signing).decompress().unwrap();
    let u = MontgomeryPoint(honest.agreement).to_edwards(0).unwrap();
    for torsion in &EIGHT_TORSION[1..] {
        let key = IdentityKey { signing: (point + torsion).compress().0, ..honest };
        assert_eq!(key.check(), Err(IdentityError::MalformedSigningKey));
        let key = IdentityKey { agreement: (u + torsion).to_montgomery().0, ..honest };
        assert_eq!(key.check(), Err(IdentityError::MalformedAgreementKey));
    }
}

#[test]
fn b4_rejects_low_order_twisted_and_non_canonical_agreement_keys() {
    let (own, honest) = (device(2), device(1).public());
    for agreement in bad_agreement_keys() {
        let key = IdentityKey { agreement, ..honest };
        assert_eq!(key.check(), Err(IdentityError::MalformedAgreementKey), "{}", hex::encode(agreement));
        assert_eq!(own.agree(&key, b"").err(), Some(IdentityError::MalformedAgreementKey));
        assert!(body_from_bytes::<IdentityKey>(&key.to_bytes(), 64, "key").is_err());
    }
}

/// With a small-order key, a fixed signature would verify for every message.
#[test]
fn a6_small_order_key_signs_nothing() {
    let identity = EIGHT_TORSION[0].compress().0;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&identity);
    for signing in bad_signing_keys() {
        let key = IdentityKey { signing, ..device(1).public() };
        for message in [&b"one"[..], b"two", b"three", b"four", b"five", b"six", b"seven", b"eight"] {
            assert!(key.verify("test", message, &Signature(signature)).is_err());
        }
    }
}

#[test]
fn b8_a_signature_means_nothing_elsewhere() {
    let signer = device(3);
    let key = signer.public();
    let signature = signer.sign("one", b"message");
    assert_eq!(key.verify("one", b"message", &signature), Ok(()));
    assert_eq!(key.verify("two", b"message", &signature), Err(IdentityError::BadSignature));
    assert_eq!(key.verify("one", b"messag", &signature), Err(IdentityError::BadSignature));
    assert_eq!(key.verify("onem", b"essage", &signature), Err(IdentityError::BadSignature));
    assert_eq!(device(4).public().verify("one", b"message", &signature), Err(IdentityError::BadSignature));
}

#[test]
fn a2_every_flipped_bit_of_a_signature_is_noticed() {
    let device = device(3);
    let signature = device.sign("one", b"message");
    for bit in 0..512 {
        let mut flipped = signature;
        flipped.0[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            device.public().verify("one", b"message", &flipped),
            Err(IdentityError::BadSignature),
            "bit {bit}"
        );
    }
}

#[test]
fn a6_a_device_has_no_channel_to_itself_or_to_half_of_itself() {
    let (own, other) = (device(1), device(2).public());
    let half = IdentityKey { signing: own.public().signing, agreement: other.agreement };
    let other_half = IdentityKey { signing: other.signing, agreement: own.public().agreement };
    for key in [own.public(), half, other_half] {
        assert_eq!(own.agree(&key, b"").err(), Some(IdentityError::OwnKey));
    }
}

#[test]
fn a10_relay_keys_of_different_rooms_are_unrelated() {
    let device = device(1);
    let keys: std::collections::BTreeSet<[u8; 32]> =
        (0..50_u8).map(|room| device.relay_key(&RoomId([room; 32])).member().0).collect();
    assert_eq!(keys.len(), 50);
    assert!(!keys.contains(&device.public().signing));
    assert_eq!(device.relay_key(&RoomId([1; 32])).member(), device.relay_key(&RoomId([1; 32])).member());
}

#[test]
fn prints_no_secret() {
    let secret = device(0x5a);
    assert_eq!(format!("{secret:?}"), "<redacted>");
    assert_eq!(format!("{:?}", secret.relay_key(&RoomId([0; 32]))), "<redacted>");
    assert_eq!(format!("{:?}", secret.agree(&device(1).public(), b"").unwrap()), "<redacted>");
}

#[test]
fn an_ed25519_key_alone_gives_an_identity() {
    for number in 0..20 {
        let [one, other] =
            [number, number + 100].map(|n| DeviceIdentity::from_ed25519(&Secret::new([n; 32])));
        let public = IdentityKey::from_ed25519(one.public().signing).unwrap();
        assert_eq!((public, public.check()), (one.public(), Ok(())));
        assert!(one.agree(&other.public(), b"").is_ok() && other.agree(&public, b"").is_ok());
        let signature = one.sign("test", b"message");
        assert_eq!(public.verify("test", b"message", &signature), Ok(()));
    }
}

#[test]
fn b4_no_identity_comes_of_a_low_order_ed25519_key() {
    for point in EIGHT_TORSION {
        let refused = IdentityKey::from_ed25519(point.compress().0);
        assert_eq!(refused, Err(IdentityError::MalformedSigningKey));
    }
}
