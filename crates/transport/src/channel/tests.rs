use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::DeviceIdentity;

fn device(number: u8) -> DeviceIdentity {
    DeviceIdentity::from_seed(&Secret::new([number; 32]))
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn pair(one: u8, two: u8, context: &[u8]) -> (PairKey, PairKey) {
    let (one, two) = (device(one), device(two));
    (one.agree(&two.public(), context).unwrap(), two.agree(&one.public(), context).unwrap())
}

#[test]
fn what_one_seals_the_other_opens() {
    let (alice, bob) = pair(1, 2, b"session");
    let sealed = alice.seal(&mut rng(), b"aad", b"share");
    assert_eq!(&**bob.open(b"aad", &sealed).unwrap(), b"share");
    let back = bob.seal(&mut rng(), b"", b"");
    assert_eq!(&**alice.open(b"", &back).unwrap(), b"");
}

#[test]
fn a5_a_message_is_not_reflected_to_its_sender() {
    let (alice, bob) = pair(1, 2, b"session");
    let sealed = alice.seal(&mut rng(), b"", b"share");
    assert_eq!(alice.open(b"", &sealed).err(), Some(ChannelError::NotAuthentic));
    assert!(bob.open(b"", &sealed).is_ok());
}

#[test]
fn a5_a_message_opens_for_its_pair_and_context_only() {
    let (alice, _) = pair(1, 2, b"session");
    let sealed = alice.seal(&mut rng(), b"", b"share");
    let (_, carol) = pair(1, 3, b"session");
    let (_, mallory) = pair(3, 2, b"session");
    let (_, later) = pair(1, 2, b"session 2");
    for other in [carol, mallory, later] {
        assert_eq!(other.open(b"", &sealed).err(), Some(ChannelError::NotAuthentic));
    }
}

/// Whoever knows only one half of an identity gets another key: both halves are bound.
#[test]
fn a6_keys_are_bound_to_whole_identities() {
    let (alice, bob) = (device(1), device(2));
    let forged = IdentityKey { signing: device(3).public().signing, agreement: bob.public().agreement };
    let sealed = alice.agree(&forged, b"").unwrap().seal(&mut rng(), b"", b"share");
    let opened = bob.agree(&alice.public(), b"").unwrap().open(b"", &sealed);
    assert_eq!(opened.err(), Some(ChannelError::NotAuthentic));
}

#[test]
fn a2_every_changed_byte_truncation_and_other_aad_is_noticed() {
    let (alice, bob) = pair(1, 2, b"");
    let sealed = alice.seal(&mut rng(), b"aad", b"sixteen byte msg");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(bob.open(b"aad", &changed).err(), Some(ChannelError::NotAuthentic), "byte {at}");
        assert!(bob.open(b"aad", &sealed[..at]).is_err(), "cut at {at}");
    }
    let mut longer = sealed.clone();
    longer.push(0);
    assert!(bob.open(b"aad", &longer).is_err());
    for aad in [&b""[..], b"aa", b"aad "] {
        assert_eq!(bob.open(aad, &sealed).err(), Some(ChannelError::NotAuthentic));
    }
    assert_eq!(bob.open(b"aad", &[0; 39]).err(), Some(ChannelError::TooShort(39)));
}

#[test]
fn same_message_is_never_sealed_the_same_way() {
    let (alice, _) = pair(1, 2, b"");
    let mut rng = rng();
    assert_ne!(alice.seal(&mut rng, b"", b"x"), alice.seal(&mut rng, b"", b"x"));
}

#[test]
fn the_lobby_opens_with_its_secret_and_context_only() {
    let key = SharedKey::new(&Secret::new([1; 32]), b"lobby");
    let sealed = key.seal(&mut rng(), b"", b"hello");
    assert_eq!(&**SharedKey::new(&Secret::new([1; 32]), b"lobby").open(b"", &sealed).unwrap(), b"hello");
    assert!(SharedKey::new(&Secret::new([2; 32]), b"lobby").open(b"", &sealed).is_err());
    assert!(SharedKey::new(&Secret::new([1; 32]), b"other").open(b"", &sealed).is_err());
    assert_eq!(format!("{key:?}"), "<redacted>");
}

#[test]
fn a10_sealed_lengths_show_the_class_only() {
    let (alice, bob) = pair(1, 2, b"");
    for (len, class) in [(0, 256), (100, 256), (255, 256), (256, 1024), (5000, 16_384)] {
        let sealed = alice.seal_padded(&mut rng(), b"", &vec![1; len]).unwrap();
        assert_eq!(sealed.len(), class + SEAL_OVERHEAD);
        assert_eq!(bob.open_padded(b"", &sealed).unwrap().len(), len);
    }
    let unpadded = alice.seal(&mut rng(), b"", &[1; 256]);
    assert_eq!(bob.open_padded(b"", &unpadded).err(), Some(ChannelError::BadPadding));
    let too_long = vec![0; padding::MAX_CONTENT + 1];
    assert!(alice.seal_padded(&mut rng(), b"", &too_long).is_err());
}

proptest! {
    #[test]
    fn garbage_never_opens(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (alice, _) = pair(1, 2, b"");
        prop_assert!(alice.open(b"", &bytes).is_err());
        prop_assert!(alice.open_padded(b"", &bytes).is_err());
    }
}
