use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::model::{Input, OutPoint, Output, Transaction, push_block, push_compact};
use super::psbt::{PsbtInput, Sighash};
use super::spend::Unlock;
use super::taproot::AccountKey;
use super::*;
use crate::chain::{Algorithm, Chain, TapTweak};
use crate::error::AddressFault;
use crate::key::PublicKey;
use crate::review::Review;

mod key_hash;
mod vectors;

fn key() -> PublicKey {
    let key = k256::SecretKey::from_slice(&[3; 32]).unwrap().public_key();
    PublicKey::Secp256k1(key.to_sec1_bytes().as_ref().try_into().unwrap())
}

fn own() -> AccountKey {
    AccountKey::new(&key().secp256k1(Chain::Bitcoin).unwrap()).unwrap()
}

fn p2wpkh() -> Vec<u8> {
    script::witness_v0(&[7; 20]).unwrap()
}

/// Two inputs of the account, one payment, change; the tests below break it.
fn psbt() -> Psbt {
    let input =
        |n: u8| Input { previous: OutPoint { txid: [0x10 + n; 32], vout: n.into() }, sequence: 0xffff_fffd };
    let known = |value| PsbtInput {
        spent: Output { value, script: own().script },
        previous: None,
        sighash: Sighash::Default,
        internal_key: Some(own().internal),
    };
    Psbt {
        transaction: Transaction {
            version: 2,
            inputs: vec![input(1), input(2)],
            outputs: vec![
                Output { value: 50_000, script: p2wpkh() },
                Output { value: 9_500, script: own().script },
            ],
            lock_time: 0,
        },
        inputs: vec![known(40_000), known(20_000)],
    }
}

fn changed(change: impl FnOnce(&mut Psbt)) -> Psbt {
    let mut psbt = psbt();
    change(&mut psbt);
    psbt
}

fn decode(bytes: &[u8]) -> Result<Decoded, ChainError> {
    TAPROOT.decode(Account::new(Network::Regtest, &key()), bytes)
}

fn judge(psbt: &Psbt) -> Result<Review, ChainError> {
    decode(&psbt.encode()).map(|decoded| decoded.review)
}

fn refused(psbt: &Psbt) -> BitcoinRefusal {
    match judge(psbt) {
        Err(ChainError::Bitcoin(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

fn value_of<'a>(review: &'a Review, label: &str) -> &'a str {
    &review.lines.iter().find(|line| line.label == label).unwrap_or_else(|| panic!("no {label}")).value
}

#[test]
fn a_payment_is_read_with_its_fee_and_its_change() {
    let review = judge(&psbt()).unwrap();
    assert_eq!(review.title, "Send 0.0005 BTC to bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk".to_owned());
    assert_eq!(review.fee.as_deref(), Some("0.000005 BTC"));
    let own = TAPROOT.address(Account::new(Network::Regtest, &key())).unwrap();
    assert_eq!(value_of(&review, "Output 1, change"), format!("0.000095 BTC to {own}"));
    assert!(value_of(&review, "Input 1").starts_with("0.0002 BTC from 121212"));
    assert_eq!(review.warnings, Vec::<String>::new());
}

#[test]
fn one_request_per_input_over_32_bytes() {
    let decoded = decode(&psbt().encode()).unwrap();
    assert_eq!(decoded.requests.len(), 2);
    for request in &decoded.requests {
        assert_eq!(request.algorithm, Algorithm::Bip340 { tweak: TapTweak::KeyPath });
        assert_eq!(request.payload.len(), 32);
    }
    assert_ne!(decoded.requests[0].payload, decoded.requests[1].payload);
}

#[test]
fn g3_every_amount_and_script_that_is_spent_is_in_every_signature() {
    let payloads = |psbt: &Psbt| sighash::of_psbt(psbt);
    let original = payloads(&psbt());
    let lies: [fn(&mut Psbt); 6] = [
        |p| p.inputs[1].spent.value += 1,
        |p| p.inputs[1].spent.script[5] ^= 1,
        |p| p.transaction.outputs[0].value -= 1,
        |p| p.transaction.inputs[1].sequence -= 1,
        |p| p.transaction.inputs[1].previous.vout += 1,
        |p| p.transaction.lock_time += 1,
    ];
    for (index, lie) in lies.iter().enumerate() {
        for (a, b) in payloads(&changed(lie)).iter().zip(&original) {
            assert_ne!(a, b, "lie {index}");
        }
    }
}

#[test]
fn g3_other_hash_types_are_refused() {
    for sighash in [2_u32, 3, 0x80, 0x81, 0x82, 0x83, 0x101, u32::MAX] {
        let fields = [(0x03, sighash.to_le_bytes().to_vec())];
        let refusal = BitcoinRefusal::SighashType { index: 0, sighash };
        assert_eq!(import(&fields, &[]), Err(refusal.into()));
    }
    let all = changed(|p| p.inputs[0].sighash = Sighash::All);
    assert_eq!(value_of(&judge(&all).unwrap(), "Form"), "PSBT, signature hash DEFAULT and ALL");
    assert_ne!(sighash::of_psbt(&all)[0], sighash::of_psbt(&psbt())[0]);
    assert_eq!(sighash::of_psbt(&all)[1], sighash::of_psbt(&psbt())[1]);
}

#[test]
fn inputs_of_others_are_refused() {
    let foreign = changed(|p| p.inputs[1].spent.script = p2wpkh());
    assert_eq!(refused(&foreign), BitcoinRefusal::ForeignInput { index: 1 });
    let untweaked = changed(|p| p.inputs[0].spent.script = script::p2tr(&own().internal));
    assert_eq!(refused(&untweaked), BitcoinRefusal::ForeignInput { index: 0 });
    let worthless = changed(|p| p.inputs[0].spent.value = 0);
    assert_eq!(refused(&worthless), BitcoinRefusal::ForeignInput { index: 0 });
    let other_key = changed(|p| p.inputs[0].internal_key = Some([9; 32]));
    assert_eq!(refused(&other_key), BitcoinRefusal::ForeignKey { index: 0 });
}

#[test]
fn inputs_twice_or_locked_are_refused() {
    let twice = changed(|p| p.transaction.inputs[1].previous = p.transaction.inputs[0].previous);
    assert_eq!(refused(&twice), BitcoinRefusal::DuplicateInput { index: 1 });
    let locked = changed(|p| p.transaction.inputs[1].sequence = 144);
    assert_eq!(refused(&locked), BitcoinRefusal::Sequence { index: 1, sequence: 144 });
    let nothing = changed(|p| {
        p.transaction.inputs.clear();
        p.inputs.clear();
    });
    assert_eq!(refused(&nothing), BitcoinRefusal::Empty);
    assert_eq!(refused(&changed(|p| p.transaction.outputs.clear())), BitcoinRefusal::Empty);
}

#[test]
fn g4_fees_below_zero_or_above_the_caps_are_refused() {
    let negative = changed(|p| p.transaction.outputs[0].value = 50_501);
    let refusal = BitcoinRefusal::NegativeFee { inputs: 60_000, outputs: 60_001 };
    assert_eq!(refused(&negative), refusal);
    let zero = changed(|p| p.transaction.outputs[0].value = 50_500);
    assert!(judge(&zero).unwrap().warnings[0].contains("never be mined"));
    let fee = |satoshi: u64| {
        changed(move |p| {
            p.inputs[0].spent.value = 60_000_000;
            p.transaction.outputs[0].value = 60_010_500 - satoshi;
        })
    };
    let refusal = BitcoinRefusal::Fee { fee: 1_000_001, max: 1_000_000 };
    assert_eq!(refused(&fee(1_000_001)), refusal);
    let BitcoinRefusal::FeeRate { rate, max: 1_000 } = refused(&fee(1_000_000)) else {
        panic!("the rate is not refused");
    };
    // Two inputs, P2WPKH and P2TR out: 10.5 + 2 × 57.5 + 31 + 43 = 199.5 virtual bytes.
    assert_eq!(rate, 5000);
    assert!(judge(&fee(200_000)).is_ok());
    assert!(matches!(refused(&fee(200_001)), BitcoinRefusal::FeeRate { rate: 1001, .. }));
}

#[test]
fn g4_a_fee_that_is_much_of_what_is_paid_is_pointed_out() {
    let much = changed(|p| p.transaction.outputs[0].value = 45_500);
    let warnings = judge(&much).unwrap().warnings;
    assert_eq!(warnings, ["the fee is 10 % of what is paid"]);
}

#[test]
fn sums_beyond_all_coins_are_refused() {
    let rich =
        changed(|p| p.inputs.iter_mut().for_each(|input| input.spent.value = rules::TAPROOT.max_money));
    assert_eq!(judge(&rich), Err(ChainError::Overflow { chain: Chain::Bitcoin }));
    let impossible = changed(|p| p.inputs[0].spent.value = u64::MAX / 8);
    assert_eq!(judge(&impossible), Err(ChainError::Malformed { what: "PSBT" }));
}

#[test]
fn outputs_that_are_dust_or_unknown_or_burn_coins_are_refused() {
    let output = |value, script: &[u8]| {
        let script = script.to_vec();
        changed(move |p| {
            p.inputs[0].spent.value += value;
            p.transaction.outputs.push(Output { value, script });
        })
    };
    for (script, min) in [
        (script::p2pkh(&[1; 20]), 546),
        (script::p2sh(&[1; 20]), 540),
        (p2wpkh(), 294),
        (script::witness_v0(&[1; 32]).unwrap(), 330),
        (own().script, 330),
    ] {
        assert!(judge(&output(min, &script)).unwrap_or_else(|e| panic!("{min}: {e}")).fee.is_some());
        let refusal = BitcoinRefusal::Dust { index: 2, value: min - 1, min };
        assert_eq!(refused(&output(min - 1, &script)), refusal);
    }
    let unknown = BitcoinRefusal::UnknownScript { index: 2 };
    for script in [
        &[][..],
        &[0x51],                                   // anyone can spend
        &[&[0x52, 32][..], &[1; 32]].concat(),     // a later witness version
        &[&[0x51, 2][..], &[0x4e, 0x73]].concat(), // pay to anchor
        &[&[0x51, 32][..], &[0xff; 32]].concat(),  // Taproot, and no key
        &[&[0x00, 31][..], &[1; 31]].concat(),
        &[&[0x21][..], &[2; 33], &[0xac]].concat(), // a bare key
        &[0x6a],
        &[0x6a, 2, 1],
        &[0x6a, 1, 1, 1, 1],
        &[0x6a, 0x4c, 1, 1], // a longer spelling of a push
    ] {
        assert_eq!(refused(&output(400, script)), unknown, "{script:?}");
    }
    let burns = BitcoinRefusal::Burns { index: 2, value: 5 };
    assert_eq!(refused(&output(5, &script::data(b"hi").unwrap())), burns);
}

#[test]
fn data_is_shown_once_and_in_bounds() {
    let with = |scripts: &[Vec<u8>]| {
        let outputs: Vec<_> =
            scripts.iter().map(|script| Output { value: 0, script: script.clone() }).collect();
        changed(move |p| p.transaction.outputs.extend(outputs))
    };
    let words = script::data("für dich\u{202e}".as_bytes()).unwrap();
    let review = judge(&with(std::slice::from_ref(&words))).unwrap();
    assert_eq!(value_of(&review, "Output 2, data"), "für dich\\u{202e}");
    assert_eq!(review.warnings.len(), 1);
    let bytes = judge(&with(&[script::data(&[0xff, 0xfe]).unwrap()])).unwrap();
    assert_eq!(value_of(&bytes, "Output 2, data"), "bytes fffe");
    assert_eq!(refused(&with(&[words.clone(), words])), BitcoinRefusal::Data { index: 3 });
    assert!(script::data(&[1; 80]).is_some());
    assert!(script::data(&[1; 81]).is_none());
    assert!(script::data(&[]).is_none());
    let long = [&[0x6a, 0x4c, 81][..], &[1; 81]].concat();
    assert_eq!(refused(&with(&[long])), BitcoinRefusal::Data { index: 2 });
}

#[test]
fn lock_time_and_replaceability_are_shown() {
    let locked = judge(&changed(|p| p.transaction.lock_time = 800_000)).unwrap();
    assert_eq!(value_of(&locked, "Lock time"), "not before block 800000");
    assert_eq!(locked.warnings, ["cannot be mined before block 800000"]);
    let timed = judge(&changed(|p| p.transaction.lock_time = 1_700_000_000)).unwrap();
    assert_eq!(value_of(&timed, "Lock time"), "not before second (Unix time) 1700000000");
    let no_effect = changed(|p| {
        p.transaction.lock_time = 800_000;
        p.transaction.inputs.iter_mut().for_each(|input| input.sequence = u32::MAX);
    });
    let review = judge(&no_effect).unwrap();
    assert_eq!(value_of(&review, "Lock time"), "800000, without effect");
    assert_eq!(value_of(&review, "Replaceable"), "no");
    assert_eq!(review.warnings, Vec::<String>::new());
}

#[test]
fn transaction_versions_that_are_not_known_are_refused() {
    for version in [0_u32, 3, 0x8000_0000, u32::MAX] {
        let psbt = changed(|p| p.transaction.version = version);
        assert_eq!(refused(&psbt), BitcoinRefusal::Version { version });
    }
}

#[test]
fn malformed_bytes_are_refused() {
    let good = psbt().encode();
    for len in 0..good.len() {
        assert!(matches!(decode(&good[..len]), Err(ChainError::Malformed { .. })), "cut to {len}");
    }
    let trailing = decode(&[&good[..], &[0]].concat());
    assert_eq!(trailing, Err(ChainError::Malformed { what: "PSBT" }));
    let long = vec![0; MAX_UNSIGNED + 1];
    let error = ChainError::TooLong { what: "PSBT", len: long.len(), max: MAX_UNSIGNED };
    assert_eq!(decode(&long), Err(error));
}

/// A PSBT with one input of the account whose maps hold these fields beside what is spent.
fn raw(input: &[(u64, Vec<u8>)], output: &[(u64, Vec<u8>)], with_spent: bool) -> Vec<u8> {
    let mut one = psbt();
    one.transaction.inputs.truncate(1);
    one.transaction.outputs.truncate(1);
    one.transaction.outputs[0].value = 39_000;
    let mut out = b"psbt\xff\x01\x00".to_vec();
    push_block(&mut out, &one.transaction.encode());
    out.push(0);
    let mut spent = Vec::new();
    one.inputs[0].spent.write(&mut spent);
    let mut fields = input.to_vec();
    if with_spent {
        fields.insert(0, (0x01, spent));
    }
    for (map, fields) in [("input", &fields[..]), ("output", output)] {
        for (kind, value) in fields {
            // A key of 33 or 32 bytes behind the types that have one.
            let data: &[u8] = match (map, kind) {
                ("input", 0x06) | ("output", 0x02) => &[2; 33],
                ("input", 0x16) | ("output", 0x07) => &[2; 32],
                _ => &[],
            };
            push_compact(&mut out, 1 + data.len());
            out.push(u8::try_from(*kind).unwrap());
            out.extend(data);
            push_block(&mut out, value);
        }
        out.push(0);
    }
    out
}

fn import(input: &[(u64, Vec<u8>)], output: &[(u64, Vec<u8>)]) -> Result<Vec<u8>, ChainError> {
    TAPROOT.import(&raw(input, output, true))
}

#[test]
fn import_drops_what_says_nothing_about_the_payment() {
    let plain = import(&[], &[]).unwrap();
    assert!(decode(&plain).is_ok());
    let derivations =
        import(&[(0x06, vec![0; 8]), (0x16, vec![0; 9])], &[(0x02, vec![0; 8]), (0x05, vec![1; 32])]);
    assert_eq!(derivations, Ok(plain.clone()));
    let noisy = raw(&[(0x06, vec![0; 8])], &[], true);
    assert_eq!(decode(&noisy), Err(ChainError::NotCanonical { what: "PSBT" }));
    assert_eq!(import(&[(0x03, vec![0; 4])], &[]), Ok(plain.clone()));
    assert_eq!(TAPROOT.import(format!(" {}\n", to_base64(&raw(&[], &[], true))).as_bytes()), Ok(plain));
}

#[test]
fn import_refuses_what_is_not_known_or_signed() {
    for kind in [0x02_u64, 0x07, 0x08, 0x13, 0x14] {
        let signed = BitcoinRefusal::AlreadySigned { index: 0 };
        assert_eq!(import(&[(kind, vec![1; 64])], &[]), Err(signed.into()));
    }
    for field in [0x04_u64, 0x05, 0x09, 0x0e, 0x10, 0x15, 0x18, 0x19, 0xfb, 0xfc] {
        let unknown = BitcoinRefusal::Field { map: "input", index: 0, field };
        assert_eq!(import(&[(field, vec![1; 32])], &[]), Err(unknown.into()));
    }
    for field in [0x03_u64, 0x04, 0x08, 0xfc] {
        let unknown = BitcoinRefusal::Field { map: "output", index: 0, field };
        assert_eq!(import(&[], &[(field, vec![1; 32])]), Err(unknown.into()));
    }
    assert_eq!(TAPROOT.import(&raw(&[], &[], false)), Err(BitcoinRefusal::MissingOutput { index: 0 }.into()));
    let twice = [(0x17, vec![1; 32]), (0x17, vec![1; 32])];
    assert_eq!(import(&twice, &[]), Err(ChainError::Malformed { what: "PSBT" }));
}

#[test]
fn g3_a_previous_transaction_is_checked_against_what_is_spent() {
    let previous = Transaction {
        version: 2,
        inputs: vec![Input { previous: OutPoint { txid: [4; 32], vout: 0 }, sequence: 0 }],
        outputs: vec![Output { value: 1, script: vec![] }, Output { value: 40_000, script: own().script }],
        lock_time: 9,
    };
    // With and without witness it has the same id.
    for bytes in [previous.encode(), previous.encode_signed(&[Unlock::Witness(vec![vec![7; 64]])])] {
        let mut psbt = raw(&[(0x00, bytes.clone())], &[], true);
        let wrong = BitcoinRefusal::WrongOutput { index: 0 };
        assert_eq!(TAPROOT.import(&psbt), Err(wrong.into()));
        let outpoint = psbt.windows(32).position(|window| window == [0x11; 32]).unwrap();
        psbt[outpoint..outpoint + 32].copy_from_slice(&previous.txid(&[]));
        assert!(TAPROOT.import(&psbt).is_ok());
        // Another output of the same transaction is not what the input claims to spend.
        psbt[outpoint + 32] = 0;
        assert_eq!(TAPROOT.import(&psbt), Err(BitcoinRefusal::WrongOutput { index: 0 }.into()));
        psbt[outpoint + 32] = 2;
        assert_eq!(TAPROOT.import(&psbt), Err(BitcoinRefusal::WrongOutput { index: 0 }.into()));
        // Without a claim, the previous transaction alone says it.
        let mut proven = raw(&[(0x00, bytes)], &[], false);
        let outpoint = proven.windows(32).position(|window| window == [0x11; 32]).unwrap();
        proven[outpoint..outpoint + 32].copy_from_slice(&previous.txid(&[]));
        let imported = TAPROOT.import(&proven).unwrap();
        assert_eq!(Psbt::parse(&imported).unwrap().inputs[0].spent, previous.outputs[1]);
    }
}

#[test]
fn addresses_are_read_strictly() {
    use AddressFault::{Characters, Checksum, Length, Network as Other, UnknownKind};
    let read = |network, text: &str| address::script_of(&rules::TAPROOT, network, text);
    for (network, text) in [
        (Network::Mainnet, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        (Network::Mainnet, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
        (Network::Mainnet, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        (Network::Mainnet, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),
        (Network::Testnet, "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"),
        (Network::Testnet, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"),
    ] {
        let script = read(network, text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!(address::of_script(&rules::TAPROOT, network, &script).unwrap().as_str(), text);
    }
    let upper = "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ";
    let canonical = TAPROOT.parse_address(Network::Mainnet, upper).unwrap();
    assert_eq!(canonical.as_str(), upper.to_lowercase());
    for (text, fault) in [
        ("", Length),
        (&"b".repeat(91), Length),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", Checksum),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp", Checksum),
        ("bc1Qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", Characters),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdb", Characters),
        ("0OIl", Characters),
        ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", Other),
        ("bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk", Other),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Other),
        // BIP-350: version 1 with the old checksum, versions beyond 1, a program that is no key.
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", Checksum),
        ("bc1sw50qgdz25j", UnknownKind),
        ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", UnknownKind),
        ("bc1pfeessrawgf", UnknownKind),
    ] {
        assert_eq!(read(Network::Mainnet, text), Err(fault), "{text}");
    }
}

fn any_psbt() -> impl Strategy<Value = Psbt> {
    let output = (0..=rules::TAPROOT.max_money, vec(any::<u8>(), 0..80))
        .prop_map(|(value, script)| Output { value, script });
    let sighash = prop_oneof![Just(Sighash::Default), Just(Sighash::All)];
    let input =
        (any::<[u8; 32]>(), any::<u32>(), any::<u32>(), output.clone(), sighash, any::<Option<[u8; 32]>>())
            .prop_map(|(txid, vout, sequence, spent, sighash, internal_key)| {
                let input = Input { previous: OutPoint { txid, vout }, sequence };
                (input, PsbtInput { spent, previous: None, sighash, internal_key })
            });
    (1_u32..=2, vec(input, 1..5), vec(output, 1..300), any::<u32>()).prop_map(
        |(version, inputs, outputs, lock_time)| {
            let (spends, inputs) = inputs.into_iter().unzip();
            Psbt { transaction: Transaction { version, inputs: spends, outputs, lock_time }, inputs }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(psbt in any_psbt()) {
        prop_assert_eq!(Psbt::parse(&psbt.encode()), Ok(psbt));
    }

    #[test]
    fn what_is_finalized_reads_back(psbt in any_psbt(), byte: u8) {
        let signatures = vec![Signature { bytes: [byte; 64], key: None }; psbt.inputs.len()];
        let signed = psbt.finalize(&signatures).unwrap();
        let (read, read_signatures) = Psbt::parse_final(&signed).unwrap();
        prop_assert_eq!(&read.transaction, &psbt.transaction);
        prop_assert_eq!(read_signatures, signatures);
        prop_assert_eq!(sighash::of_psbt(&read), sighash::of_psbt(&psbt));
    }

    #[test]
    fn any_bytes_are_an_answer(bytes in vec(any::<u8>(), 0..300)) {
        let _ = TAPROOT.import(&bytes);
        let _ = Psbt::import(&[b"psbt\xff", bytes.as_slice()].concat());
        let _ = model::parse_previous(&bytes);
    }
}
