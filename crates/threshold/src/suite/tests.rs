use core::fmt::Debug;

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use frost_core::Identifier;
use proptest::prelude::*;
use quorate_primitives::ParticipantId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(20)
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// Every sum that has a fast way, against the slow one.
fn arithmetic_agrees<C: Curve>()
where
    Element<C>: Debug,
    Scalar<C>: Debug,
{
    let mut rng = rng();
    let add_up = |point: Element<C>, times: u16| (0..times).fold(C::Group::identity(), |sum, _| sum + point);
    for _ in 0..20 {
        let [a, b] = [(); 2].map(|()| C::random_scalar(&mut rng));
        let forget = |point: Element<C>| point + C::Group::identity();
        let slow_base = forget(C::Group::generator());
        let point = slow_base * a;
        assert_eq!(C::mul_base(&a), point);
        assert_eq!(C::Group::generator() * a, point);
        let mut normal = [point];
        C::normalize(&mut normal);
        let [normal] = normal;
        assert_eq!(normal, point);
        assert_eq!(C::point_to_bytes(&normal), C::point_to_bytes(&point));
        assert_eq!(normal * b, point * b);
        assert_eq!(C::negate(normal) + point, C::Group::identity());
        assert_eq!(C::point_to_bytes(&C::negate(normal)), C::point_to_bytes(&C::negate(point)));
        for factor in [0, 1, 2, 3, 63, 64, 1000] {
            assert_eq!(C::mul_small(point, factor), add_up(point, factor));
            assert_eq!(C::mul_small(point, factor), point * C::scalar_from_u16(factor));
        }
        let decoded = C::point_from_bytes(&C::point_to_bytes(&point).unwrap()).unwrap();
        assert_eq!(decoded, point);
        assert_eq!(C::scalar_from_bytes(&C::scalar_to_bytes(&b)), Ok(b));
        for terms in [vec![], vec![(a, point)], vec![(a, point), (b, normal), (a, C::Group::generator())]] {
            let naive = terms
                .iter()
                .fold(C::Group::identity(), |sum, (scalar, point)| sum + forget(*point) * *scalar);
            assert_eq!(C::multiscalar_vartime(&terms), naive);
        }
    }
}

/// The ends of the ranges, where tables and recodings go wrong.
fn extremes_agree<C: Curve>()
where
    Element<C>: Debug,
{
    let one = C::scalar_from_u16(1);
    let zero = C::scalar_from_u16(0);
    let mut scalars = vec![zero, one, -one, C::scalar_from_u16(2), -C::scalar_from_u16(2)];
    let mut power = one;
    for _ in 0..255 {
        power = power + power;
        scalars.extend([power, power - one, -power]);
    }
    let base = C::Group::generator() + C::Group::identity();
    for scalar in scalars {
        assert_eq!(C::mul_base(&scalar), base * scalar);
        assert_eq!(C::multiscalar_vartime(&[(scalar, base)]), base * scalar);
        assert_eq!(C::multiscalar_vartime(&[(scalar, base), (-scalar, base)]), C::Group::identity());
    }
}

#[test]
fn fast_arithmetic_agrees_with_slow() {
    arithmetic_agrees::<Ed25519>();
    arithmetic_agrees::<Secp256k1>();
    extremes_agree::<Ed25519>();
    extremes_agree::<Secp256k1>();
}

#[test]
fn the_identity_has_no_encoding() {
    assert_eq!(
        Ed25519::point_to_bytes(&<Ed25519 as Ciphersuite>::Group::identity()),
        Err(CurveError::Identity)
    );
    assert_eq!(
        Secp256k1::point_to_bytes(&<Secp256k1 as Ciphersuite>::Group::identity()),
        Err(CurveError::Identity)
    );
}

#[test]
fn k23_b4_ed25519_refuses_low_order_torsioned_and_non_canonical_points() {
    let refusal = |encoded: &[u8]| Ed25519::point_from_bytes(encoded).unwrap_err();
    for (index, torsion) in EIGHT_TORSION.iter().enumerate() {
        let expected = if index == 0 { CurveError::Identity } else { CurveError::Torsion };
        assert_eq!(refusal(torsion.compress().as_bytes()), expected);
        let mixed: EdwardsPoint = Ed25519::mul_base(&Ed25519::scalar_from_u16(7)).to_edwards() + torsion;
        assert_eq!(Ed25519::point_from_bytes(mixed.compress().as_bytes()).is_ok(), index == 0);
    }
    // Every y in p .. 2^255, with both signs: all the encodings there are beside the canonical ones.
    for low in 0xed..=0xff_u8 {
        for top in [0x7f, 0xff] {
            let mut encoded = [0xff; 32];
            (encoded[0], encoded[31]) = (low, top);
            let error = refusal(&encoded);
            let decodes = CompressedEdwardsY(encoded).decompress().is_some();
            assert_eq!(error == CurveError::NotAPoint, !decodes, "{encoded:?}");
        }
    }
    // x = 0 with a negative sign: the identity and the point of order two, written in a second way.
    let mut one = [0; 32];
    (one[0], one[31]) = (1, 0x80);
    assert_eq!(refusal(&one), CurveError::Identity);
    let minus_one: [u8; 32] = bytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
    assert_eq!(refusal(&minus_one), CurveError::Torsion);
    // Not on the curve, and wrong lengths.
    assert_eq!(refusal(&[2; 32]), CurveError::NotAPoint);
    for length in [0, 31, 33, 64] {
        assert_eq!(refusal(&vec![1; length]), CurveError::Length { found: length, expected: 32 });
    }
}

#[test]
fn b4_secp256k1_refuses_what_is_no_compressed_point() {
    let refusal = |encoded: &[u8]| Secp256k1::point_from_bytes(encoded).unwrap_err();
    let good: [u8; 33] = bytes("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    assert!(Secp256k1::point_from_bytes(&good).is_ok());
    for tag in (0..=255).filter(|tag| ![2, 3].contains(tag)) {
        let mut other = good;
        other[0] = tag;
        assert_eq!(refusal(&other), CurveError::NotAPoint, "tag {tag}");
    }
    // x = 5 is on no point; p, p + 1 and 2^256 − 1 are no field elements, though 1 is the x of a point.
    for x in [
        "0000000000000000000000000000000000000000000000000000000000000005",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_eq!(refusal(&[&[2], bytes::<32>(x).as_slice()].concat()), CurveError::NotAPoint, "{x}");
    }
    // The identity and the uncompressed form have other lengths.
    for length in [0, 1, 32, 34, 65] {
        assert_eq!(refusal(&vec![0; length]), CurveError::Length { found: length, expected: 33 });
    }
    assert_eq!(refusal(&[0; 33]), CurveError::NotAPoint);
}

#[test]
fn k22_b4_scalars_not_below_the_order_are_refused() {
    let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut below = order;
    below[0] -= 1;
    assert!(Ed25519::scalar_from_bytes(&below).is_ok());
    let mut above = order;
    above[0] += 1;
    for too_large in [order, above, [0xff; 32]] {
        assert_eq!(Ed25519::scalar_from_bytes(&too_large), Err(CurveError::ScalarRange));
    }
    let order: [u8; 32] = bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    let mut below = order;
    below[31] -= 1;
    assert!(Secp256k1::scalar_from_bytes(&below).is_ok());
    let mut above = order;
    above[31] += 1;
    for too_large in [order, above, [0xff; 32]] {
        assert_eq!(Secp256k1::scalar_from_bytes(&too_large), Err(CurveError::ScalarRange));
    }
}

/// 64 bytes as a number, reduced by Horner's rule instead.
fn reduces_wide<C: Curve>(bytes: &[u8; 64], most_significant_first: bool)
where
    Scalar<C>: Debug,
{
    let mut ordered = bytes.to_vec();
    if !most_significant_first {
        ordered.reverse();
    }
    let zero = C::scalar_from_u16(0);
    let expected = ordered
        .iter()
        .fold(zero, |sum, byte| sum * C::scalar_from_u16(256) + C::scalar_from_u16((*byte).into()));
    assert_eq!(C::hash_to_scalar(bytes), expected);
}

#[test]
fn interpolation_agrees_with_frost_core() {
    fn check<C: Curve>(signers: &[u16])
    where
        Scalar<C>: Debug,
    {
        let ids: Vec<ParticipantId> =
            signers.iter().map(|id| ParticipantId::try_from(*id).unwrap()).collect();
        let set = signers.iter().map(|id| Identifier::<C>::try_from(*id).unwrap()).collect();
        for id in &ids {
            let theirs =
                frost_core::compute_lagrange_coefficient(&set, None, Identifier::try_from(id.get()).unwrap());
            assert_eq!(lagrange_at_zero::<C>(ids.iter().copied(), *id), theirs.ok(), "{id} of {signers:?}");
        }
        let stranger = ParticipantId::try_from(50).unwrap();
        assert_eq!(lagrange_at_zero::<C>(ids.iter().copied(), stranger), None);
    }
    let all: Vec<u16> = (1..=49).chain(51..=64).collect();
    for signers in [&[1, 2][..], &[2, 3], &[1, 3, 64], &[7, 20, 21, 40, 63], &all] {
        check::<Ed25519>(signers);
        check::<Secp256k1>(signers);
    }
}

proptest! {
    #[test]
    fn wide_reduction_is_the_number_modulo_the_order(bytes in any::<[u8; 32]>(), more in any::<[u8; 32]>()) {
        let wide: [u8; 64] = [bytes, more].concat().try_into().unwrap();
        reduces_wide::<Ed25519>(&wide, false);
        reduces_wide::<Secp256k1>(&wide, true);
    }

    /// Our suites hash exactly as the published implementations of the same suites.
    #[test]
    fn hashes_agree_with_the_published_suites(message in proptest::collection::vec(any::<u8>(), 0..200)) {
        use frost_ed25519::Ed25519Sha512 as TheirEd25519;
        use frost_secp256k1_tr::Secp256K1Sha256TR as TheirSecp256k1;
        prop_assert_eq!(Ed25519::H1(&message), TheirEd25519::H1(&message));
        prop_assert_eq!(Ed25519::H2(&message), TheirEd25519::H2(&message));
        prop_assert_eq!(Ed25519::H3(&message), TheirEd25519::H3(&message));
        prop_assert_eq!(Ed25519::H4(&message), TheirEd25519::H4(&message));
        prop_assert_eq!(Ed25519::H5(&message), TheirEd25519::H5(&message));
        prop_assert_eq!(Ed25519::HDKG(&message), TheirEd25519::HDKG(&message));
        prop_assert_eq!(Ed25519::HID(&message), TheirEd25519::HID(&message));
        prop_assert_eq!(Secp256k1::H1(&message), TheirSecp256k1::H1(&message));
        prop_assert_eq!(Secp256k1::H2(&message), TheirSecp256k1::H2(&message));
        prop_assert_eq!(Secp256k1::H3(&message), TheirSecp256k1::H3(&message));
        prop_assert_eq!(Secp256k1::H4(&message), TheirSecp256k1::H4(&message));
        prop_assert_eq!(Secp256k1::H5(&message), TheirSecp256k1::H5(&message));
        prop_assert_eq!(Secp256k1::HDKG(&message), TheirSecp256k1::HDKG(&message));
        prop_assert_eq!(Secp256k1::HID(&message), TheirSecp256k1::HID(&message));
        prop_assert_eq!(Ed25519::ID, TheirEd25519::ID);
        prop_assert_eq!(Secp256k1::ID, TheirSecp256k1::ID);
    }

    #[test]
    fn b4_no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
        if let Ok(point) = Ed25519::point_from_bytes(&bytes) {
            prop_assert_eq!(Ed25519::point_to_bytes(&point).unwrap(), bytes.clone());
        }
        if let Ok(point) = Secp256k1::point_from_bytes(&bytes) {
            prop_assert_eq!(Secp256k1::point_to_bytes(&point).unwrap(), bytes);
        }
    }
}

#[test]
fn b4_points_that_cancel_out_are_normalized_without_a_panic() {
    let point = Secp256k1::mul_base(&Secp256k1::scalar_from_u16(7));
    let mut points = [point, point - point, -point];
    Secp256k1::normalize(&mut points);
    assert_eq!(points, [point, point - point, -point]);
    assert_eq!(Secp256k1::point_to_bytes(&points[1]), Err(CurveError::Identity));
}
