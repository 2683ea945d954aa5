use proptest::collection::vec;
use proptest::prelude::*;

use super::account::AccountId;
use super::model::{FULLY_CANONICAL, MAX_DROPS};
use super::*;
use crate::context::XrpContext;
use crate::error::AddressFault;
use crate::key::PublicKey;
use crate::review::Review;

/// What `xrpl.js` writes for a payment of 1.5 XRP by the secret that is 3 in every byte.
const UNSIGNED: &str = "120000228000000024000000072E0000002A201B0089544061400000000016E36068400000000000000C732102531FE6068134503D2723133227\
    C867AC8FA6C83C537E9A44C3C5BDBDCB1FE3378114417D4BE90D35363267B8F2AFAFC9531111C41AE48314F667B0CA50CC7709A220B0561B85E53A48461FA8";

fn key() -> PublicKey {
    let key = k256::SecretKey::from_slice(&[3; 32]).unwrap().public_key();
    PublicKey::Secp256k1(key.to_sec1_bytes().as_ref().try_into().unwrap())
}

fn account() -> Account<'static> {
    Account::new(Network::Mainnet, Box::leak(Box::new(key())))
}

fn own() -> AccountId {
    account::of_key(&key().secp256k1(Chain::Xrp).unwrap())
}

fn payment() -> Payment {
    Payment {
        flags: Some(FULLY_CANONICAL),
        sequence: 7,
        destination_tag: Some(42),
        last_ledger: 9_000_000,
        amount: 1_500_000,
        fee: 12,
        key: key().as_bytes().try_into().unwrap(),
        account: own(),
        destination: account::parse("rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe").unwrap(),
    }
}

fn changed(change: impl FnOnce(&mut Payment)) -> Payment {
    let mut payment = payment();
    change(&mut payment);
    payment
}

fn judge(payment: &Payment) -> Result<Review, ChainError> {
    Xrp.decode(account(), &payment.encode(None)).map(|decoded| decoded.review)
}

fn refused(bytes: &[u8]) -> XrpRefusal {
    match Xrp.decode(account(), bytes) {
        Err(ChainError::Xrp(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

/// The payment with other bytes in place of some.
fn spliced(old: &str, new: &str) -> Vec<u8> {
    let text = UNSIGNED.replacen(old, new, 1);
    assert_ne!(text, UNSIGNED, "{old}");
    hex::decode(text).unwrap()
}

#[test]
fn the_bytes_of_a_payment_are_those_of_the_ledger() {
    let unsigned = hex::decode(UNSIGNED).unwrap();
    assert_eq!(payment().encode(None), unsigned);
    let decoded = Xrp.decode(account(), &unsigned).unwrap();
    let digest = "31e0a65688ec491f3911de82b2a177baed6e5fad39c3513bd33d2c7423450436";
    assert_eq!(hex::encode(&decoded.requests[0].payload), digest);
    let signature = "fd1c8d391f94d8cc8e95445e03e59d16db4955788eae0aff70e9ba7ccaa891c6\
                     37e6c5ea3364a0bd67e258e126b066ea9c9eaf645afa0b14cc4de0730997d183";
    let signature = hex::decode(signature).unwrap().try_into().unwrap();
    let verified = Verified { key: key(), bytes: signature, recovery_id: Some(0) };
    let signed = Xrp.assemble(&unsigned, &[verified]).unwrap();
    let identity = Xrp.identify(&signed).unwrap();
    assert_eq!(identity.txid, "E17B1D5A3885D2C8F8957D492722D9429F06F36B548FB3B9CB7C4B157A8807BE");
    assert!(identity.encoded.contains("74473045022100FD1C8D39"));
    assert_eq!(Xrp.disassemble(&signed), Ok((unsigned, vec![signature])));
}

#[test]
fn a_payment_is_read_with_tag_fee_and_last_ledger() {
    let review = judge(&payment()).unwrap();
    assert_eq!(review.title, "Send 1.5 XRP to rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe");
    assert_eq!(review.fee.as_deref(), Some("0.000012 XRP"));
    let value = |label: &str| &review.lines.iter().find(|line| line.label == label).unwrap().value;
    assert_eq!(value("From"), "rayHpNrp4YwnFgrdhBBfAtXX8BTZ3LA1fL");
    assert_eq!(value("Destination tag"), "42");
    assert_eq!(value("Valid"), "up to ledger 9000000, on every network of XRP");
    assert_eq!(review.warnings, Vec::<String>::new());
}

#[test]
fn g16_a_missing_tag_and_odd_fees_are_pointed_out() {
    let warnings = |change: fn(&mut Payment)| judge(&changed(change)).unwrap().warnings;
    assert!(warnings(|p| p.destination_tag = None)[0].contains("no destination tag"));
    assert!(warnings(|p| p.fee = 9)[0].contains("may never be processed"));
    assert_eq!(warnings(|p| p.amount = 120), ["the fee is 10 % of what is paid"]);
}

#[test]
fn g16_flags_and_fields_that_change_the_payment_are_refused_by_name() {
    let flags = |flags: u32| refused(&spliced("2280000000", &format!("22{flags:08x}")));
    assert_eq!(flags(0x0002_0000), XrpRefusal::PartialPayment);
    assert_eq!(flags(0x8002_0000), XrpRefusal::PartialPayment);
    assert_eq!(flags(0x0001_0000), XrpRefusal::Flags { flags: 0x0001_0000 });
    assert_eq!(flags(0x8000_0001), XrpRefusal::Flags { flags: 0x8000_0001 });
    for flags in [Some(0), None] {
        assert!(judge(&changed(|p| p.flags = flags)).is_ok());
    }
    let signed = "8114417D4BE90D35363267B8F2AFAFC9531111C41AE4";
    let fee = "68400000000000000C";
    for (old, new, name) in [
        ("2280000000", "21000007D02280000000".to_owned(), "NetworkID"),
        ("2400000007", "23000000012400000007".to_owned(), "SourceTag"),
        ("201B00895440", "201B008954402029".to_owned() + "00000005", "TicketSequence"),
        ("61400000", format!("5011{}61400000", "00".repeat(32)), "InvoiceID"),
        ("61400000", format!("59{}61400000", "00".repeat(32)), "AccountTxnID"),
        (fee, format!("{fee}694000000000000005"), "SendMax"),
        (fee, format!("{fee}6A4000000000000005"), "DeliverMin"),
        ("61FA8", "61FA8F9EA7D01AAE1F1".to_owned(), "Memos"),
        ("61FA8", "61FA8F3E010E1F1".to_owned(), "Signers"),
        ("61FA8", "61FA8011201".to_owned(), "Paths"),
        (signed, signed.to_owned() + "8B00", "field 11 of type 8"),
        ("61FA8", "61FA8001010FF".to_owned(), "field 16 of type 16"),
    ] {
        assert_eq!(refused(&spliced(old, &new)), XrpRefusal::Field { field: name.to_owned() });
    }
}

#[test]
fn g16_amounts_that_are_not_xrp_are_refused() {
    let amount = "61400000000016E360";
    let issued =
        "61D4838D7EA4C680000000000000000000000000005553440000000000417D4BE90D35363267B8F2AFAFC9531111C41AE4";
    let issued_refusal = XrpRefusal::IssuedCurrency { field: "Amount" };
    assert_eq!(refused(&spliced(amount, issued)), issued_refusal);
    // A token with an id of its own.
    let token = format!("6160{}05{}", "00".repeat(7), "00".repeat(24));
    assert_eq!(refused(&spliced(amount, &token)), issued_refusal);
    assert_eq!(
        refused(&spliced("68400000000000000C", "68D400000000000000")),
        XrpRefusal::IssuedCurrency { field: "Fee" }
    );
    assert_eq!(
        Xrp.decode(account(), &spliced(amount, "61000000000016E360")),
        Err(ChainError::Malformed { what: model::WHAT })
    );
    for drops in [0, MAX_DROPS + 1] {
        let refusal = XrpRefusal::Drops { field: "Amount", drops };
        assert_eq!(refused(&changed(|p| p.amount = drops).encode(None)), refusal);
    }
}

#[test]
fn other_transactions_accounts_and_keys_are_refused() {
    assert_eq!(refused(&spliced("120000", "120014")), XrpRefusal::TransactionType { code: 20 });
    let encoded = |change: fn(&mut Payment)| changed(change).encode(None);
    assert_eq!(refused(&encoded(|p| p.account[0] ^= 1)), XrpRefusal::ForeignAccount);
    assert_eq!(refused(&encoded(|p| p.key[32] ^= 1)), XrpRefusal::ForeignKey);
    assert_eq!(refused(&spliced("7321", "7300")[..]), XrpRefusal::ForeignKey);
    assert_eq!(refused(&encoded(|p| p.destination = own())), XrpRefusal::ToSelf);
    for nobody in account::NOBODY {
        assert_eq!(refused(&changed(|p| p.destination = nobody).encode(None)), XrpRefusal::Burns);
    }
    let signed = payment().encode(Some(&[1; 64]));
    assert_eq!(refused(&signed), XrpRefusal::AlreadySigned);
    assert_eq!(Xrp.import(hex::encode_upper(signed).as_bytes()), Err(XrpRefusal::AlreadySigned.into()));
    let unsigned = Xrp.identify(&payment().encode(None)).map(|_| ());
    assert_eq!(unsigned, Err(XrpRefusal::MissingField { field: "TxnSignature" }.into()));
}

#[test]
fn g4_a_fee_above_the_cap_is_refused() {
    assert!(judge(&changed(|p| p.fee = 100_000)).is_ok());
    let refusal = XrpRefusal::Fee { fee: 100_001, max: 100_000 };
    assert_eq!(refusal.to_string(), "a fee of 0.100001 XRP, above the cap of 0.1 XRP");
    assert_eq!(refused(&changed(|p| p.fee = 100_001).encode(None)), refusal);
}

#[test]
fn every_field_but_flags_and_tag_is_needed() {
    for (bytes, field) in [
        ("120000", "TransactionType"),
        ("2400000007", "Sequence"),
        ("201B00895440", "LastLedgerSequence"),
        ("61400000000016E360", "Amount"),
        ("68400000000000000C", "Fee"),
        ("732102531FE6068134503D2723133227C867AC8FA6C83C537E9A44C3C5BDBDCB1FE337", "SigningPubKey"),
        ("8114417D4BE90D35363267B8F2AFAFC9531111C41AE4", "Account"),
        ("8314F667B0CA50CC7709A220B0561B85E53A48461FA8", "Destination"),
    ] {
        assert_eq!(refused(&spliced(bytes, "")), XrpRefusal::MissingField { field });
    }
    assert_eq!(refused(&spliced("2400000007", "2400000000")), XrpRefusal::MissingField { field: "Sequence" });
}

#[test]
fn malformed_bytes_are_refused() {
    let malformed = Err(ChainError::Malformed { what: model::WHAT });
    for (old, new) in [
        ("22800000002400000007", "24000000072280000000"), // another order
        ("2400000007", "24000000072400000007"),           // twice
        ("2400000007", "200400000007"),                   // a longer spelling of a code
        ("8314", "8313"),
        ("8114", "81C100"),
        ("61FA8", "61FA800"),
    ] {
        assert_eq!(Xrp.decode(account(), &spliced(old, new)), malformed, "{new}");
    }
    let good = hex::decode(UNSIGNED).unwrap();
    for len in 0..good.len() {
        assert!(Xrp.decode(account(), &good[..len]).is_err(), "cut to {len}");
    }
    let long = vec![0; MAX_LEN + 1];
    let error = ChainError::TooLong { what: model::WHAT, len: long.len(), max: MAX_LEN };
    assert_eq!(Xrp.decode(account(), &long), Err(error));
}

#[test]
fn addresses_are_read_strictly() {
    for text in [
        "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        "rayHpNrp4YwnFgrdhBBfAtXX8BTZ3LA1fL",
        "rrrrrrrrrrrrrrrrrrrrrhoLvTp",
    ] {
        assert_eq!(account::address(&account::parse(text).unwrap()).as_str(), text);
    }
    for (text, fault) in [
        ("", AddressFault::Length),
        (&"r".repeat(65), AddressFault::Length),
        ("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", AddressFault::Checksum),
        ("rHb9CJAWyB4rj91VRWn96DkukG4bwdty0h", AddressFault::Characters),
        ("X7orB3n7Jc6FDMqwKAcrx6cHeCtUYgDqx3nEPr7UzbmmYu3", AddressFault::Tagged),
        ("T75XbNNTw2Eqe1bmbkL8i64U3fRrhE8xNbuxWT9w24vBMmw", AddressFault::Tagged),
        ("sn259rEFXrQrWyx3Q7XneWcwV6dfL", AddressFault::UnknownKind), // a secret
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", AddressFault::Checksum),
    ] {
        assert_eq!(account::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn building_is_refused_where_a_field_means_nothing() {
    let facts = XrpContext { sequence: 7, last_ledger_sequence: 9, fee: 12, destination_tag: None };
    let to = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe".to_owned();
    let transfer = |amount: &str, memo: Option<&str>| Intent::Transfer {
        to: to.clone(),
        amount: amount.into(),
        memo: memo.map(Into::into),
    };
    let build = |intent: &Intent| Xrp.build(account(), intent, &Context::Xrp(facts.clone()));
    assert!(build(&transfer("1", None)).is_ok());
    let memo = ChainError::UnknownField { chain: Chain::Xrp, intent: "transfer", field: "memo" };
    assert_eq!(build(&transfer("1", Some("hi"))), Err(memo));
    let too_large = ChainError::Amount(crate::amount::AmountFault::TooLarge);
    assert_eq!(build(&transfer("100000000000.000001", None)), Err(too_large));
    let words = Intent::Message { text: "hi".into(), recipient: None, nonce: None, callback_url: None };
    let none = ChainError::UnknownIntent { chain: Chain::Xrp, intent: "message" };
    assert_eq!(build(&words), Err(none));
    let missing = ChainError::MissingContext { chain: Chain::Xrp, intent: "transfer" };
    assert_eq!(Xrp.build(account(), &transfer("1", None), &Context::None), Err(missing));
    let endless = Context::Xrp(XrpContext { last_ledger_sequence: 0, ..facts.clone() });
    let bytes = Xrp.build(account(), &transfer("1", None), &endless).unwrap();
    assert_eq!(refused(&bytes), XrpRefusal::MissingField { field: "LastLedgerSequence" });
}

prop_compose! {
    fn any_payment()(
        flags in proptest::sample::select(vec![None, Some(0), Some(FULLY_CANONICAL)]),
        sequence in 1_u32.., destination_tag: Option<u32>, last_ledger in 1_u32..,
        amount in 1..=MAX_DROPS, fee in 1..=MAX_DROPS, key: [u8; 32], account: [u8; 20], destination: [u8; 20],
    ) -> Payment {
        let key = [&[2], key.as_slice()].concat().try_into().unwrap();
        Payment { flags, sequence, destination_tag, last_ledger, amount, fee, key, account, destination }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(payment in any_payment(), signature: [u8; 64]) {
        prop_assert_eq!(Payment::parse(&payment.encode(None)), Ok((payment.clone(), None)));
        let signed = payment.encode(Some(&signature));
        prop_assert!(signed.len() <= MAX_LEN);
        prop_assert_eq!(Payment::parse(&signed), Ok((payment, Some(signature))));
    }

    #[test]
    fn g1_what_reads_is_written_back_to_the_same_bytes(
        at in 0..UNSIGNED.len() / 2, byte: u8, tail in vec(any::<u8>(), 0..4),
    ) {
        let mut bytes = hex::decode(UNSIGNED).unwrap();
        bytes[at] = byte;
        bytes.extend(tail);
        if let Ok((payment, signature)) = Payment::parse(&bytes) {
            prop_assert_eq!(payment.encode(signature.as_ref()), bytes);
        }
    }
}
