//! Decoders: every wrong length is refused, nothing panics, what decodes encodes to the same bytes.

use proptest::prelude::*;
use quorate_dkls::pair::{PairKeys, Transfers, Trees};
use quorate_dkls::presign::{Commitment, Confirmation, Extension, Multiplication, Opening, Presignature};
use quorate_dkls::sign::OnlineShare;
use quorate_dkls::{AttributionOpening, Offence, Pair};
use quorate_primitives::Secret;

/// Decodes and encodes again, by kind.
type Codec = (&'static str, usize, fn(&[u8]) -> Result<Vec<u8>, Offence>);

fn codecs() -> [Codec; 9] {
    [
        ("transfers", Transfers::LEN, |bytes| Transfers::from_bytes(bytes).map(|m| m.to_bytes())),
        ("trees", Trees::LEN, |bytes| Trees::from_bytes(bytes).map(|m| m.to_bytes())),
        ("commitment", Commitment::LEN, |bytes| Commitment::from_bytes(bytes).map(|m| m.to_bytes())),
        ("extension", Extension::len(2), |bytes| Extension::from_bytes(bytes, 2).map(|m| m.to_bytes())),
        ("opening", Opening::len(2), |bytes| Opening::from_bytes(bytes, 2).map(|m| m.to_bytes())),
        ("multiplication", Multiplication::len(1), |bytes| {
            Multiplication::from_bytes(bytes, 1).map(|m| m.to_bytes())
        }),
        ("confirmation", Confirmation::len(2), |bytes| {
            Confirmation::from_bytes(bytes, 2).map(|m| m.to_bytes())
        }),
        ("share", OnlineShare::LEN, |bytes| OnlineShare::from_bytes(bytes).map(|m| m.to_bytes().to_vec())),
        ("attribution", AttributionOpening::LEN, |bytes| {
            AttributionOpening::from_bytes(bytes).map(|m| m.to_bytes())
        }),
    ]
}

#[test]
fn k2_k9_b4_truncated_and_extended_messages_are_refused_by_length() {
    for (name, len, decode) in codecs() {
        for found in [0, 1, len - 1, len + 1, 2 * len] {
            let refused = decode(&vec![1; found]);
            assert!(
                matches!(refused, Err(Offence::Length { found: f, expected, .. }) if f == found && expected == len),
                "{name} of {found} bytes: {refused:?}"
            );
        }
    }
}

/// Where each message has scalars and points, for a batch of one. Of masked inputs the range is checked when they are
/// used: `tamper` has them.
fn numbers() -> Vec<(&'static str, usize, Vec<usize>, Vec<usize>)> {
    let after_inputs = 64 + 416 * 3 * 32;
    vec![
        ("opening", 0, vec![], vec![32]),
        (
            "multiplication",
            1,
            vec![after_inputs, after_inputs + 130],
            vec![after_inputs + 64, after_inputs + 97],
        ),
        ("share", 2, vec![0, 32], vec![]),
    ]
}

fn decode_number(kind: usize, bytes: &[u8]) -> Result<(), Offence> {
    match kind {
        0 => Opening::from_bytes(bytes, 1).map(|_| ()),
        1 => Multiplication::from_bytes(bytes, 1).map(|_| ()),
        _ => OnlineShare::from_bytes(bytes).map(|_| ()),
    }
}

#[test]
fn k22_k9_b4_scalars_not_below_the_order_are_refused_in_every_field() {
    let order = k256_order();
    let plus = |more: u8| {
        let mut bytes = order;
        bytes[31] += more;
        bytes
    };
    for (name, kind, scalars, points) in numbers() {
        let honest = honest(kind, &points);
        assert_eq!(decode_number(kind, &honest), Ok(()), "{name}");
        for at in scalars {
            for too_large in [plus(0), plus(1), [0xff; 32]] {
                let mut bytes = honest.clone();
                bytes[at..at + 32].copy_from_slice(&too_large);
                let refused = decode_number(kind, &bytes);
                assert!(matches!(refused, Err(Offence::Scalar { .. })), "{name} at {at}: {refused:?}");
            }
            let mut bytes = honest.clone();
            bytes[at..at + 32].copy_from_slice(&order);
            bytes[at + 31] -= 1;
            assert_eq!(decode_number(kind, &bytes), Ok(()), "{name} at {at}: the largest scalar");
        }
    }
}

#[test]
fn k9_b4_what_is_no_compressed_point_is_refused_in_every_field() {
    let generator = generator();
    let with = |at: usize, byte: u8| {
        let mut bytes = generator;
        bytes[at] = byte;
        bytes
    };
    let mut off_curve = [0; 33];
    (off_curve[0], off_curve[32]) = (2, 5);
    let bad = [
        ("the identity", [0; 33]),
        ("the tag of an uncompressed point", with(0, 4)),
        ("a hybrid tag", with(0, 6)),
        ("no tag", with(0, 0)),
        ("the tag of BIP-340", with(0, 5)),
        ("x off the curve", off_curve),
        ("x = p", field_prime(0)),
        ("x = p + 1, which is on the curve once reduced", field_prime(1)),
        ("x = 2²⁵⁶ − 1", [[2].as_slice(), &[0xff; 32]].concat().try_into().unwrap()),
    ];
    for (name, kind, _, points) in numbers() {
        for at in &points {
            for (what, point) in bad {
                let mut bytes = honest(kind, &points);
                bytes[*at..at + 33].copy_from_slice(&point);
                let refused = decode_number(kind, &bytes);
                assert!(matches!(refused, Err(Offence::Point { .. })), "{what}, {name} at {at}: {refused:?}");
            }
        }
    }
}

/// A message of zeros with the generator in the place of every point.
fn honest(kind: usize, points: &[usize]) -> Vec<u8> {
    let mut bytes = vec![0; [Opening::len(1), Multiplication::len(1), OnlineShare::LEN][kind]];
    for at in points {
        bytes[*at..at + 33].copy_from_slice(&generator());
    }
    bytes
}

fn generator() -> [u8; 33] {
    use k256::elliptic_curve::sec1::ToEncodedPoint;
    k256::AffinePoint::GENERATOR.to_encoded_point(true).as_bytes().try_into().unwrap()
}

fn k256_order() -> [u8; 32] {
    use k256::elliptic_curve::PrimeField;
    let mut bytes: [u8; 32] = (-k256::Scalar::ONE).to_repr().into();
    bytes[31] += 1;
    bytes
}

/// p + `more` as the x of a point; p = 2²⁵⁶ − 2³² − 977.
fn field_prime(more: u8) -> [u8; 33] {
    let mut bytes = [0xff; 33];
    bytes[0] = 2;
    bytes[28] = 0xfe;
    (bytes[31], bytes[32]) = (0xfc, 0x2f + more);
    bytes
}

/// A pair with identifiers that are zero, repeated or beyond the group has no encoding that decodes.
#[test]
fn k22_b3_pairs_with_impossible_identifiers_are_refused() {
    let pair = |low: u16, high: u16| {
        let bytes = [low.to_le_bytes(), high.to_le_bytes()].concat();
        borsh::from_slice::<Pair>(&bytes).is_ok()
    };
    assert!(pair(1, 2) && pair(63, 64));
    for (low, high) in [(0, 1), (1, 0), (1, 1), (2, 1), (0, 0), (64, 65), (1, u16::MAX)] {
        assert!(!pair(low, high), "{low}, {high}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn k32_decoders_never_panic(seed in any::<[u8; 32]>(), cut in any::<prop::sample::Index>()) {
        use rand_chacha::rand_core::{RngCore, SeedableRng};
        let mut rng = rand_chacha::ChaCha20Rng::from_seed(seed);
        for (_, len, decode) in codecs() {
            let mut bytes = vec![0; len];
            rng.fill_bytes(&mut bytes);
            if let Ok(again) = decode(&bytes) {
                prop_assert_eq!(&again, &bytes);
            }
            prop_assert!(decode(&bytes[..cut.index(len)]).is_err());
        }
        let mut stored = vec![1; 16_000];
        rng.fill_bytes(&mut stored[1..]);
        stored.truncate(1 + cut.index(16_000));
        prop_assert!(PairKeys::from_secret_bytes(&Secret::new(stored.clone())).is_err());
        prop_assert!(Presignature::from_sealed_bytes(Secret::new(stored)).is_err());
    }
}
