use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;

fn invite(url: &str) -> Invite {
    Invite {
        relay: url.parse().unwrap(),
        secret: Secret::new([0x11; 32]),
        creator: Fingerprint([0x22; 32]),
        threshold: Threshold::new(2, 3).unwrap(),
        expires: Timestamp(1_800_000_000_000),
    }
}

/// The format is fixed: this text must stay readable for ever.
const GOLDEN: &str = "quorate1qyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zqgqqxqqq2pwp3gcpqqqpwqqqqpmhxue69uhhyetvv9ujuetcv9khqmr99ehhyecug0r0u";

#[test]
fn reads_the_invite_of_every_released_version() {
    let golden = invite("wss://relay.example.org");
    assert_eq!(&**golden.to_text(), GOLDEN);
    assert_eq!(Invite::parse(GOLDEN).as_ref(), Ok(&golden));
    assert_eq!(Invite::parse(&GOLDEN.to_uppercase()), Ok(golden));
    assert!(Invite::parse(&format!("  {GOLDEN}\n")).is_ok());
}

#[test]
fn every_single_typing_error_is_noticed() {
    const DIGITS: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let text = GOLDEN.as_bytes();
    for at in 8..text.len() {
        for digit in DIGITS.iter().filter(|digit| **digit != text[at]) {
            let mut typo = text.to_vec();
            typo[at] = *digit;
            let typo = String::from_utf8(typo).unwrap();
            assert_eq!(Invite::parse(&typo), Err(InviteError::Mistyped), "{typo}");
        }
    }
}

#[test]
fn refuses_what_is_no_invite() {
    let mixed_case = GOLDEN.replacen("quorate1", "Quorate1", 1);
    let bech32_not_m =
        bech32::encode::<bech32::Bech32>(HRP, &encoding::to_bytes(&invite("ws://localhost"))).unwrap();
    for (text, error) in [
        (String::new(), InviteError::NotAnInvite),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".into(), InviteError::NotAnInvite),
        ("quorate".into(), InviteError::NotAnInvite),
        ("quorate1".into(), InviteError::Mistyped),
        (GOLDEN[..GOLDEN.len() - 1].into(), InviteError::Mistyped),
        (format!("{GOLDEN}q"), InviteError::Mistyped),
        (mixed_case, InviteError::Mistyped),
        (bech32_not_m, InviteError::Mistyped),
        ("q".repeat(513), InviteError::TooLong(513)),
        ("quorateé1".into(), InviteError::NotAnInvite),
    ] {
        assert_eq!(Invite::parse(&text), Err(error), "{text}");
    }
}

fn from_bytes(bytes: &[u8]) -> Result<Invite, InviteError> {
    Invite::parse(&bech32::encode::<Bech32m>(HRP, bytes).unwrap())
}

#[test]
fn a8_refuses_unknown_versions_impossible_thresholds_and_other_spellings() {
    let bytes = encoding::to_bytes(&invite("ws://localhost"));
    assert!(from_bytes(&bytes).is_ok());
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        from_bytes(&bytes)
    };
    let version = DecodeError::UnknownVersion { found: 2, expected: 1 };
    assert_eq!(with(0, 2), Err(InviteError::Malformed(version)));
    let malformed = Err(InviteError::Malformed(DecodeError::Malformed { what: "invite" }));
    assert_eq!(with(65, 1), malformed, "1 of 3");
    assert_eq!(with(65, 4), malformed, "4 of 3");
    assert_eq!(with(67, 200), malformed, "2 of 200");
    let mut upper = bytes.clone();
    *upper.last_mut().unwrap() = b'T';
    assert_eq!(from_bytes(&upper), malformed, "upper-case host");
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(from_bytes(&longer), malformed);
}

#[test]
fn the_longest_address_still_makes_an_invite() {
    let url = format!("wss://{}.example.org/{}", "a".repeat(60), "p".repeat(120));
    let text = invite(&url).to_text();
    assert!(text.len() <= MAX_TEXT_LEN, "{}", text.len());
    assert_eq!(Invite::parse(&text), Ok(invite(&url)));
}

#[test]
fn room_and_lobby_show_nothing_of_the_secret() {
    let invite = invite("ws://localhost");
    let token = invite.room_token();
    assert_ne!(token.0, *invite.secret.expose());
    assert_ne!(token.room().0, token.0);
    assert!(!format!("{invite:?}").contains("11, 17") && !format!("{invite:?}").contains("1111"));
    assert_eq!(format!("{:?}", invite.secret), "<redacted>");
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let sealed = invite.lobby_key().seal(&mut rng, b"", b"hello");
    assert!(invite.lobby_key().open(b"", &sealed).is_ok());
}

#[test]
fn a7_expires() {
    let invite = invite("ws://localhost");
    assert!(!invite.is_expired(Timestamp(1_799_999_999_999)));
    assert!(invite.is_expired(Timestamp(1_800_000_000_000)));
}

#[test]
fn a7_no_two_invites_share_a_secret() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let url: RelayUrl = "ws://localhost".parse().unwrap();
    let threshold = Threshold::new(2, 2).unwrap();
    let mut make = || Invite::generate(&mut rng, url.clone(), Fingerprint([0; 32]), threshold, Timestamp(1));
    assert_ne!(make().secret, make().secret);
}

proptest! {
    #[test]
    fn garbage_is_refused(text in "(quorate1)?[ -~]{0,600}") {
        prop_assert!(Invite::parse(&text).is_err());
    }

    #[test]
    fn what_reads_writes_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut framed = encoding::to_bytes(&invite("ws://localhost"));
        let at = framed.len() - bytes.len().min(framed.len());
        framed.truncate(at);
        framed.extend(&bytes);
        if let Ok(invite) = from_bytes(&framed) {
            prop_assert_eq!(encoding::to_bytes(&invite), framed);
        }
    }
}
