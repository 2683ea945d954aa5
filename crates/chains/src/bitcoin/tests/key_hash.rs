//! Accounts whose outputs name the hash of an ECDSA key: P2WPKH on Bitcoin, P2PKH on Dogecoin; and both keys together.

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use quorate_primitives::KeyPurpose;

use super::*;
use crate::hash::hash160;
use crate::keys::AccountKeys;
use crate::transaction::UnsignedTransaction;

/// The script of the account on a chain.
fn own_script(chain: &Bitcoin) -> Vec<u8> {
    Own::new(chain.0, Account::new(Network::Regtest, &key())).unwrap().script
}

/// A transaction with one output of this value and script, behind one that is not spent.
fn previous(n: u8, value: u64, script: Vec<u8>) -> Transaction {
    Transaction {
        version: 1,
        inputs: vec![Input { previous: OutPoint { txid: [n; 32], vout: 0 }, sequence: 0 }],
        outputs: vec![Output { value: 1, script: vec![0x6a] }, Output { value, script }],
        lock_time: 0,
    }
}

/// Two inputs of the account, one payment, change.
fn psbt_on(chain: &Bitcoin) -> Psbt {
    let unit = if chain.0.spend == Spend::Legacy { 10_000 } else { 1 };
    let (mut inputs, mut known) = (Vec::new(), Vec::new());
    for (n, value) in [(1, 40_000 * unit), (2, 20_000 * unit)] {
        let spent = previous(n, value, own_script(chain));
        let point = OutPoint { txid: spent.txid(&[]), vout: 1 };
        inputs.push(Input { previous: point, sequence: 0xffff_fffd });
        known.push(PsbtInput {
            spent: spent.outputs[1].clone(),
            previous: Some(spent.encode()),
            sighash: Sighash::All,
            internal_key: None,
        });
    }
    let outputs = vec![
        Output { value: 50_000 * unit, script: script::p2pkh(&[7; 20]) },
        Output { value: 9_500 * unit, script: own_script(chain) },
    ];
    Psbt { transaction: Transaction { version: 2, inputs, outputs, lock_time: 0 }, inputs: known }
}

fn changed_on(chain: &Bitcoin, change: impl FnOnce(&mut Psbt)) -> Psbt {
    let mut psbt = psbt_on(chain);
    change(&mut psbt);
    psbt
}

fn judge_on(chain: &Bitcoin, psbt: &Psbt) -> Result<Decoded, ChainError> {
    chain.decode(Account::new(Network::Regtest, &key()), &psbt.encode())
}

fn refused_on(chain: &Bitcoin, psbt: &Psbt) -> BitcoinRefusal {
    match judge_on(chain, psbt) {
        Err(ChainError::Bitcoin(refusal)) => refusal,
        other => panic!("not a refusal: {other:?}"),
    }
}

#[test]
fn a_payment_is_read_with_its_fee_and_its_change() {
    let segwit = judge_on(&SEGWIT, &psbt_on(&SEGWIT)).unwrap();
    assert_eq!(segwit.review.title, "Send 0.0005 BTC to mgA7SfyBBrVGVSpQ7oqGHPhxpp2gUZWtfc");
    assert_eq!(segwit.review.fee.as_deref(), Some("0.000005 BTC"));
    assert_eq!(value_of(&segwit.review, "Form"), "PSBT, signature hash ALL");
    let doge = judge_on(&DOGECOIN, &psbt_on(&DOGECOIN)).unwrap();
    assert_eq!(doge.review.title, "Send 5 DOGE to mgA7SfyBBrVGVSpQ7oqGHPhxpp2gUZWtfc");
    assert_eq!(doge.review.fee.as_deref(), Some("0.05 DOGE"));
    assert!(value_of(&doge.review, "Fee").ends_with("koinu per virtual byte"));
    for decoded in [segwit, doge] {
        assert_eq!(decoded.requests.len(), 2);
        assert!(decoded.requests.iter().all(|r| r.purpose() == KeyPurpose::EcdsaSecp256k1));
        assert_ne!(decoded.requests[0].payload, decoded.requests[1].payload);
        assert_eq!(decoded.review.warnings, Vec::<String>::new());
    }
}

/// BIP-143's two examples of a key's hash; the second wraps the output in P2SH, which its hash does not see.
#[test]
fn signature_hashes_are_those_of_bip_143() {
    let native = (
        "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182\
         d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f\
         85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000",
        1,
        600_000_000,
        "00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1",
        "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670",
    );
    let wrapped = (
        "0100000001db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a54770100000000feffffff02b8b4eb0b00000000\
         1976a914a457b684d7f0d539a46a45bbc043f35b59d0d96388ac0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8a\
         d6d77c88ac92040000",
        0,
        1_000_000_000,
        "001479091972186c449eb1ded22b78e40d009bdf0089",
        "64f3b0f4dd2bb3aa1ce8566d220cc74dda9df97d8490cc81d89d735c92e59fb6",
    );
    for (unsigned, index, value, script, expected) in [native, wrapped] {
        let bytes = hex::decode(unsigned).unwrap();
        let transaction = Transaction::parse(&bytes).unwrap();
        assert_eq!(transaction.encode(), bytes);
        let spent = Output { value, script: hex::decode(script).unwrap() };
        let all: Vec<&Output> = transaction.inputs.iter().map(|_| &spent).collect();
        let hash = sighash::segwit(&transaction, &sighash::Hashes::new(&transaction, &all), &spent, index);
        assert_eq!(hex::encode(hash), expected);
    }
    let public = hex::decode("025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357").unwrap();
    assert_eq!(script::p2wpkh(&hash160(&public)), hex::decode(native.3).unwrap());
    let signature = "304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f\
                     90300e8f3358f51928d43c212a8caed02de67eebee";
    let signature = crate::der::decode("signature", &hex::decode(signature).unwrap()).unwrap();
    let verifier = k256::ecdsa::VerifyingKey::from_sec1_bytes(&public).unwrap();
    let signature = k256::ecdsa::Signature::from_slice(&signature).unwrap();
    assert!(verifier.verify_prehash(&hex::decode(native.4).unwrap(), &signature).is_ok());
}

/// BIP-322's own examples for a P2WPKH address.
#[test]
fn words_sign_as_in_bip_322_for_the_hash_of_a_key() {
    let secret = "L3VFeEujGtevx9w18HD1fhRbCH67Az2dpCymeRE1SoPK6XQtaN2k";
    let secret = bs58::decode(secret).with_check(Some(0x80)).into_vec().unwrap();
    let public = k256::SecretKey::from_slice(&secret[1..33]).unwrap().public_key();
    let public_key = PublicKey::Secp256k1(public.to_sec1_bytes().as_ref().try_into().unwrap());
    let own = Own::new(SEGWIT.0, Account::new(Network::Mainnet, &public_key)).unwrap();
    let address = SEGWIT.address(Account::new(Network::Mainnet, &public_key)).unwrap();
    assert_eq!(address.as_str(), "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l");
    for (words, witness) in [
        (
            "",
            "AkcwRAIgM2gBAQqvZX15ZiysmKmQpDrG83avLIT492QBzLnQIxYCIBaTpOaD20qRlEylyxFSeEA2ba9YOixpX8z46TSDtS40ASECx/EgAxlk\
             QpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI=",
        ),
        (
            "Hello World",
            "AkcwRAIgZRfIY3p7/DoVTty6YZbWS71bc5Vct9p9Fia83eRmw2QCICK/ENGfwLtptFluMGs2KsqoNSk89pO7F29zJLUx9a/sASECx/EgAxlk\
             QpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI=",
        ),
    ] {
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, witness).unwrap();
        assert_eq!((bytes.len(), &bytes[..2], &bytes[72..74]), (107, &[2, 71][..], &[1, 33][..]));
        let signature = crate::der::decode("signature", &bytes[2..72]).unwrap();
        let verifier = k256::ecdsa::VerifyingKey::from(&public);
        let parsed = k256::ecdsa::Signature::from_slice(&signature).unwrap();
        assert!(verifier.verify_prehash(&message::sighash(&own.script, words), &parsed).is_ok());
        let signature = Signature { bytes: signature, key: Some(public_key.as_bytes().try_into().unwrap()) };
        let signed = SignedWords::new(words.to_owned(), &[signature]).unwrap();
        assert_eq!(to_base64(&signed.witness()), witness);
    }
}

#[test]
fn addresses_are_those_of_other_wallets() {
    // The secret 1, and BIP-84's first account.
    let one = PublicKey::Secp256k1(
        hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
            .unwrap()
            .try_into()
            .unwrap(),
    );
    let bip84 = PublicKey::Secp256k1(
        hex::decode("0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c")
            .unwrap()
            .try_into()
            .unwrap(),
    );
    for (chain, network, key, address) in [
        (&SEGWIT, Network::Mainnet, one, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
        (&SEGWIT, Network::Testnet, one, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
        (&SEGWIT, Network::Mainnet, bip84, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"),
        (&DOGECOIN, Network::Mainnet, one, "DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE"),
    ] {
        assert_eq!(chain.address(Account::new(network, &key)).unwrap().as_str(), address);
        assert_eq!(chain.parse_address(network, address).unwrap().as_str(), address);
    }
}

#[test]
fn g16_dogecoin_has_addresses_of_its_own_and_no_witness() {
    use AddressFault::{Network as Other, UnknownKind};
    let read = |network, text: &str| address::script_of(&rules::DOGECOIN, network, text);
    for (network, first) in
        [(Network::Mainnet, ["D", "9"]), (Network::Testnet, ["n", "2"]), (Network::Regtest, ["m", "2"])]
    {
        let scripts = [script::p2pkh(&[0x55; 20]), script::p2sh(&[0x20; 20])];
        for (script, first) in scripts.into_iter().zip(first) {
            let address = address::of_script(&rules::DOGECOIN, network, &script).unwrap();
            assert!(address.as_str().starts_with(first), "{address}");
            assert_eq!(read(network, address.as_str()), Ok(script));
        }
    }
    for (text, fault) in [
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", UnknownKind),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", UnknownKind),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", UnknownKind),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Other),
        ("nUJPGKBYmmZ4sgbFRRcJJtvzbP5Mzy8TJz", AddressFault::Checksum),
    ] {
        assert_eq!(read(Network::Mainnet, text), Err(fault), "{text}");
    }
    for script in [script::p2wpkh(&[1; 20]), script::p2tr(&own().internal), script::data(b"hi").unwrap()] {
        let psbt = changed_on(&DOGECOIN, |p| p.transaction.outputs[0].script = script);
        assert_eq!(refused_on(&DOGECOIN, &psbt), BitcoinRefusal::UnknownScript { index: 0 });
    }
}

#[test]
fn g16_dogecoin_outputs_and_fees_have_bounds_of_their_own() {
    let dust = changed_on(&DOGECOIN, |p| p.transaction.outputs[1].value = 999_999);
    let refusal = BitcoinRefusal::Dust { index: 1, value: 999_999, min: 1_000_000 };
    assert_eq!(refused_on(&DOGECOIN, &dust), refusal);
    // Two inputs of at most 148 bytes and two outputs of 34 make 374 bytes.
    let fee = |fee: u64| changed_on(&DOGECOIN, |p| p.transaction.outputs[1].value = 100_000_000 - fee);
    assert!(judge_on(&DOGECOIN, &fee(37_400_000)).is_ok());
    let refusal = BitcoinRefusal::FeeRate { rate: 100_001, max: 100_000 };
    assert_eq!(refused_on(&DOGECOIN, &fee(37_400_001)), refusal);
    let low = judge_on(&DOGECOIN, &fee(373_999)).unwrap().review;
    assert_eq!(low.warnings, ["the fee is so low that it may never be mined"]);
    assert_eq!(judge_on(&DOGECOIN, &fee(374_000)).unwrap().review.warnings, Vec::<String>::new());
    let psbt = changed_on(&DOGECOIN, |p| p.transaction.outputs.truncate(1));
    let with_little = |value: u64| {
        let mut psbt = psbt.clone();
        psbt.transaction.outputs[0].value = value;
        psbt
    };
    let refusal = BitcoinRefusal::Fee { fee: 500_000_001, max: 500_000_000 };
    assert_eq!(refused_on(&DOGECOIN, &with_little(99_999_999)), refusal);
}

/// Of two lies about two inputs, told one at a time, the honest halves would make a transaction whose fee nobody saw.
#[test]
fn g3_an_input_without_the_transaction_it_spends_from_is_refused() {
    for chain in [&SEGWIT, &DOGECOIN] {
        for index in 0..2 {
            let unproven = changed_on(chain, |p| p.inputs[index].previous = None);
            assert_eq!(refused_on(chain, &unproven), BitcoinRefusal::MissingPrevious { index });
        }
        let mut lie = psbt_on(chain);
        lie.inputs[0].previous = Some(previous(1, 39_999, own_script(chain)).encode());
        assert_eq!(refused_on(chain, &lie), BitcoinRefusal::WrongOutput { index: 0 });
    }
    let lie = changed_on(&SEGWIT, |p| p.inputs[1].spent.value += 1);
    assert_eq!(refused_on(&SEGWIT, &lie), BitcoinRefusal::WrongOutput { index: 1 });
}

#[test]
fn g3_other_hash_types_are_refused() {
    for chain in [&SEGWIT, &DOGECOIN] {
        let psbt = psbt_on(chain);
        let plain = psbt.encode();
        let with_type = |sighash: u32| {
            // Behind the first input's last field, which a zero ends.
            let first = psbt.inputs[0].previous.as_ref().unwrap();
            let mut at =
                plain.windows(first.len()).position(|w| w == first.as_slice()).unwrap() + first.len();
            if chain.0.spend == Spend::Segwit {
                at += 2 + 1 + 8 + 1 + psbt.inputs[0].spent.script.len();
            }
            let mut bytes = plain.clone();
            bytes.splice(at..at, [&[1, 3, 4], sighash.to_le_bytes().as_slice()].concat());
            bytes
        };
        assert_eq!(chain.import(&with_type(1)), Ok(plain.clone()));
        for sighash in [0, 2, 3, 0x81, 0x82, 0x83, u32::MAX] {
            let refusal = BitcoinRefusal::SighashType { index: 0, sighash };
            assert_eq!(chain.import(&with_type(sighash)), Err(refusal.into()));
        }
        let given = chain.decode(Account::new(Network::Regtest, &key()), &with_type(1));
        assert_eq!(given, Err(ChainError::NotCanonical { what: "PSBT" }));
    }
}

#[test]
fn g3_every_output_and_input_is_in_every_signature() {
    for chain in [&SEGWIT, &DOGECOIN] {
        let payloads = |psbt: &Psbt| sighash::of_psbt(psbt);
        let original = payloads(&psbt_on(chain));
        let lies: [fn(&mut Psbt); 6] = [
            |p| p.transaction.outputs[0].value -= 1,
            |p| p.transaction.outputs[1].script[5] ^= 1,
            |p| p.transaction.inputs[1].sequence -= 1,
            |p| p.transaction.inputs[1].previous.vout += 1,
            |p| p.transaction.lock_time += 1,
            |p| p.transaction.version = 1,
        ];
        for (index, lie) in lies.iter().enumerate() {
            for (a, b) in payloads(&changed_on(chain, lie)).iter().zip(&original) {
                assert_ne!(a, b, "lie {index}");
            }
        }
    }
    let value = changed_on(&SEGWIT, |p| p.inputs[1].spent.value += 1);
    assert_ne!(sighash::of_psbt(&value)[1], sighash::of_psbt(&psbt_on(&SEGWIT))[1]);
}

#[test]
fn inputs_of_others_are_refused() {
    for chain in [&SEGWIT, &DOGECOIN] {
        for script in
            [script::p2wpkh(&[1; 20]), script::p2pkh(&[1; 20]), script::p2sh(&[1; 20]), own().script]
        {
            let mut psbt = psbt_on(chain);
            let spent = previous(9, 20_000, script);
            psbt.transaction.inputs[1].previous.txid = spent.txid(&[]);
            let needs = Spend::of(&spent.outputs[1].script).is_some_and(Spend::needs_previous);
            psbt.inputs[1] = PsbtInput {
                spent: spent.outputs[1].clone(),
                previous: needs.then(|| spent.encode()),
                sighash: if needs { Sighash::All } else { Sighash::Default },
                internal_key: None,
            };
            assert_eq!(refused_on(chain, &psbt), BitcoinRefusal::ForeignInput { index: 1 });
        }
        let named = changed_on(chain, |p| p.inputs[0].internal_key = Some(own().internal));
        assert_eq!(refused_on(chain, &named), BitcoinRefusal::ForeignKey { index: 0 });
    }
}

/// One input of each key. The keys are the same point here, which is nothing that a wallet has.
fn mixed() -> Psbt {
    let mut mixed = psbt_on(&SEGWIT);
    mixed.inputs[1] =
        PsbtInput { spent: Output { value: 20_000, script: own().script }, ..psbt().inputs[1].clone() };
    mixed.transaction.inputs[1].previous = OutPoint { txid: [5; 32], vout: 3 };
    mixed
}

#[test]
fn inputs_of_both_keys_are_signed_when_both_are_given() {
    let psbt = mixed();
    let refusal = |chain: &Bitcoin| refused_on(chain, &psbt);
    assert_eq!(refusal(&SEGWIT), BitcoinRefusal::ForeignInput { index: 1 });
    assert_eq!(refusal(&TAPROOT), BitcoinRefusal::ForeignInput { index: 0 });
    for (chain, other) in
        [(Chain::BitcoinSegwit, KeyPurpose::Bip340Secp256k1), (Chain::Bitcoin, KeyPurpose::EcdsaSecp256k1)]
    {
        let unsigned = UnsignedTransaction { chain, network: Network::Regtest, bytes: psbt.encode() };
        let keys = AccountKeys::from(&key()).beside(other, key());
        let decoded = crate::decode(&unsigned, keys).unwrap();
        let purposes: Vec<_> = decoded.requests.iter().map(|request| request.purpose()).collect();
        assert_eq!(purposes, [KeyPurpose::EcdsaSecp256k1, KeyPurpose::Bip340Secp256k1]);
        assert_eq!(decoded.review.fee.as_deref(), Some("0.000005 BTC"));
        assert_eq!(value_of(&decoded.review, "Form"), "PSBT, signature hash DEFAULT and ALL");
        assert_eq!(decoded.review.lines.iter().filter(|line| line.label == "From").count(), 2);
        let irrelevant = AccountKeys::from(&key()).beside(KeyPurpose::Ed25519, PublicKey::Ed25519([1; 32]));
        assert!(crate::decode(&unsigned, irrelevant).is_err());
    }
}

/// The value of a Taproot input is in its own signature, so that no proof of it is asked for.
#[test]
fn g3_a_lie_about_a_taproot_input_spoils_its_signature() {
    let mut lie = mixed();
    lie.inputs[1].spent.value += 1;
    assert_ne!(sighash::of_psbt(&lie)[1], sighash::of_psbt(&mixed())[1]);
    let mut lie = mixed();
    lie.inputs[0].spent.value += 1;
    assert_ne!(sighash::of_psbt(&lie)[1], sighash::of_psbt(&mixed())[1]);
}

#[test]
fn a_signed_input_of_another_key_or_shape_is_malformed() {
    let psbt = psbt_on(&SEGWIT);
    let good = Signature { bytes: [1; 64], key: Some(key().as_bytes().try_into().unwrap()) };
    let signed = psbt.finalize(&[good.clone(), good.clone()]).unwrap();
    assert!(Psbt::parse_final(&signed).is_ok());
    let other = Signature { key: Some([2; 33]), ..good };
    let malformed = Err(ChainError::Malformed { what: "PSBT" });
    assert_eq!(Psbt::parse_final(&psbt.finalize(&[good.clone(), other]).unwrap()).map(|_| ()), malformed);
    let without_key = Signature { key: None, ..good };
    assert_eq!(Psbt::parse_final(&psbt.finalize(&[good, without_key]).unwrap()).map(|_| ()), malformed);
    let at = signed.windows(33).rposition(|window| window == key().as_bytes()).unwrap();
    let mut hash_type = signed;
    hash_type[at - 2] = 0x81;
    assert_eq!(Psbt::parse_final(&hash_type).map(|_| ()), malformed);
}

#[test]
fn a_psbt_that_would_be_too_long_once_signed_is_refused_before() {
    let mut psbt = psbt_on(&SEGWIT);
    let (input, known) = (psbt.transaction.inputs[0].clone(), psbt.inputs[0].clone());
    for _ in 0..800 {
        psbt.transaction.inputs.push(input.clone());
        psbt.inputs.push(known.clone());
    }
    let long = previous(1, 40_000, vec![0x6a; 50_000]);
    let point = OutPoint { txid: long.txid(&[]), vout: 1 };
    psbt.transaction.inputs[0].previous = point;
    psbt.inputs[0] = PsbtInput {
        spent: long.outputs[1].clone(),
        previous: None,
        sighash: Sighash::Default,
        internal_key: None,
    };
    let bytes = psbt.encode();
    assert!(bytes.len() <= MAX_UNSIGNED, "{}", bytes.len());
    let len = bytes.len() + MAX_SIGNED_INPUT * psbt.inputs.len();
    let error = ChainError::TooLong { what: "signed PSBT", len, max: MAX_TRANSACTION };
    assert!(len > MAX_TRANSACTION, "{len}");
    assert_eq!(Psbt::parse(&bytes), Err(error));
}

proptest! {
    #[test]
    fn what_is_written_and_signed_reads_back(
        legacy: bool, values in vec((any::<u8>(), 1..1_000_000_u64), 1..6), bytes: [u8; 64], mixed: bool,
    ) {
        let chain = if legacy { &DOGECOIN } else { &SEGWIT };
        let mut psbt = psbt_on(chain);
        for (n, value) in values {
            let spent = previous(n, value, own_script(chain));
            let point = OutPoint { txid: spent.txid(&[]), vout: 1 };
            psbt.transaction.inputs.push(Input { previous: point, sequence: n.into() });
            psbt.inputs.push(PsbtInput {
                spent: spent.outputs[1].clone(),
                previous: Some(spent.encode()),
                sighash: Sighash::All,
                internal_key: None,
            });
        }
        let key: [u8; 33] = key().as_bytes().try_into().unwrap();
        if mixed && !legacy {
            psbt.inputs[0] = PsbtInput { sighash: Sighash::All, ..super::psbt().inputs[0].clone() };
        }
        prop_assert_eq!(Psbt::parse(&psbt.encode()), Ok(psbt.clone()));
        let signatures: Vec<_> = psbt.inputs.iter().map(|input| {
            let is_taproot = Spend::of(&input.spent.script) == Some(Spend::Taproot);
            Signature { bytes, key: (!is_taproot).then_some(key) }
        }).collect();
        let signed = psbt.finalize(&signatures).unwrap();
        let (read, read_signatures) = Psbt::parse_final(&signed).unwrap();
        prop_assert_eq!(&read.transaction, &psbt.transaction);
        prop_assert_eq!(read_signatures, signatures);
        prop_assert_eq!(sighash::of_psbt(&read), sighash::of_psbt(&psbt));
    }
}
