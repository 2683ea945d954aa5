//! Decoders: every wrong length is refused, nothing panics, what decodes encodes to the same bytes.

use proptest::prelude::*;
use quorate_dkls::pair::{PairKeys, Transfers, Trees};
use quorate_dkls::presign::{Commitment, Confirmation, Extension, Multiplication, Opening, Presignature};
use quorate_dkls::sign::OnlineShare;
use quorate_dkls::{AttributionOpening, Offence};
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
fn k9_b4_truncated_and_extended_messages_are_refused_by_length() {
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
