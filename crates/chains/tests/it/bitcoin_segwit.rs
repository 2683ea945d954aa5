use quorate_chains::{
    AccountKeys, BitcoinContext, BitcoinFee, BitcoinRefusal, Chain, ChainError, Context, Intent, Review,
    UnsignedTransaction, attach, build, decode, verify,
};
use quorate_primitives::KeyPurpose;

use crate::support::{NETWORK, Signer, built, funded, message, signed, transfer, utxo};

const CHAINS: [Chain; 2] = [Chain::BitcoinSegwit, Chain::Dogecoin];

fn pay(chain: Chain, amount: &str, values: &[u64], fee: BitcoinFee) -> Result<Review, ChainError> {
    let key = Signer::new(chain, 3).public_key();
    let utxos = values.iter().map(|value| funded(chain, 3, *value)).collect();
    let Intent::Transfer { to, memo, .. } = transfer(chain) else { panic!("not a transfer") };
    let intent = Intent::Transfer { to, memo, amount: amount.into() };
    let unsigned = build(chain, NETWORK, &key, &intent, &facts(chain, utxos, fee))?;
    decode(&unsigned, &key).map(|decoded| decoded.review)
}

fn facts(chain: Chain, utxos: Vec<quorate_chains::Utxo>, fee: BitcoinFee) -> Context {
    let facts = BitcoinContext { utxos, fee };
    match chain {
        Chain::Dogecoin => Context::Dogecoin(facts),
        _ => Context::BitcoinSegwit(facts),
    }
}

#[test]
fn a_payment_is_built_signed_and_verified() {
    let (_, segwit) = signed(Chain::BitcoinSegwit, &transfer(Chain::BitcoinSegwit));
    assert!(segwit.encoded().starts_with("02000000000102"));
    let (_, doge) = signed(Chain::Dogecoin, &transfer(Chain::Dogecoin));
    assert!(doge.encoded().starts_with("0100000002"));
    for signed in [segwit, doge] {
        assert_eq!(signed.txid().len(), 64);
        assert!(signed.bytes().starts_with(b"psbt\xff"));
    }
}

#[test]
fn a_rate_becomes_the_fee_of_the_longest_possible_size() {
    // One input of 41 bytes and 108 weight units, P2WPKH out and back: 10.5 + 68 + 2 × 31.
    let review = pay(Chain::BitcoinSegwit, "0.0004", &[100_000], BitcoinFee::Rate("2".into())).unwrap();
    assert_eq!(review.fee.as_deref(), Some("0.00000282 BTC"));
    // 10 + 149 + 2 × 34; a witness has no part in it.
    let review = pay(Chain::Dogecoin, "1", &[300_000_000], BitcoinFee::Rate("1000".into())).unwrap();
    assert_eq!(review.fee.as_deref(), Some("0.00226 DOGE"));
}

#[test]
fn outputs_without_their_transaction_or_with_another_are_refused() {
    for chain in CHAINS {
        let key = Signer::new(chain, 3).public_key();
        let good = funded(chain, 3, 700_000_000);
        let invalid = ChainError::InvalidField {
            field: "transaction",
            expected: "the transaction with that id, in hexadecimal, with an output of that value",
        };
        let build = |utxo| {
            let context = facts(chain, vec![utxo], BitcoinFee::Total(1_000_000));
            build(chain, NETWORK, &key, &transfer(chain), &context)
        };
        let other = funded(chain, 3, 800_000_000);
        for bad in [
            utxo(700_000_000),
            quorate_chains::Utxo { transaction: other.transaction, ..good.clone() },
            quorate_chains::Utxo { vout: 2, ..good.clone() },
            quorate_chains::Utxo { value: 700_000_001, ..good.clone() },
            quorate_chains::Utxo { transaction: Some("zz".into()), ..good },
        ] {
            assert_eq!(build(bad), Err(invalid.clone()));
        }
        // An output of somebody else.
        let foreign = build(funded(chain, 4, 1_200_000_000));
        let refusal = match chain {
            Chain::Dogecoin => BitcoinRefusal::ForeignInput { index: 0 },
            _ => BitcoinRefusal::WrongOutput { index: 0 },
        };
        assert_eq!(foreign, Err(refusal.into()));
    }
}

#[test]
fn g16_dogecoin_has_no_words_and_no_data() {
    let chain = Chain::Dogecoin;
    let key = Signer::new(chain, 3).public_key();
    let words = build(chain, NETWORK, &key, &message(chain, "Hello World"), &Context::None);
    assert_eq!(words, Err(ChainError::UnknownIntent { chain, intent: "message" }));
    let Intent::Transfer { to, amount, .. } = transfer(chain) else { panic!("not a transfer") };
    let intent = Intent::Transfer { to, amount, memo: Some("much wow".into()) };
    let memo = build(chain, NETWORK, &key, &intent, &crate::support::context(chain));
    assert_eq!(memo, Err(ChainError::UnknownField { chain, intent: "transfer", field: "memo" }));
    let little = pay(chain, "0.00999999", &[300_000_000], BitcoinFee::Total(1_000_000));
    let dust = BitcoinRefusal::Dust { index: 0, value: 999_999, min: 1_000_000 };
    assert_eq!(little, Err(dust.into()));
    let facts_of_another = crate::support::context(Chain::BitcoinSegwit);
    let missing = ChainError::MissingContext { chain, intent: "transfer" };
    assert_eq!(build(chain, NETWORK, &key, &transfer(chain), &facts_of_another), Err(missing));
}

#[test]
fn words_are_signed_and_verified() {
    let chain = Chain::BitcoinSegwit;
    let (signer, signed) = signed(chain, &message(chain, "Hello World"));
    assert_eq!(signed.txid(), "f0eb03b1a75ac6d9847f55c624a99169b5dccba2a31f5b23bea77ba270de0a7a");
    assert!(signed.encoded().starts_with("Ak"));
    // The same words of another key of the same signer's are another signature.
    let as_taproot =
        quorate_chains::SignedTransaction::from_bytes(Chain::Bitcoin, NETWORK, signed.bytes()).unwrap();
    assert!(verify(&as_taproot, &signer.public_key()).is_err());
}

/// A PSBT that spends an output of each of a wallet's two keys for Bitcoin.
#[test]
fn inputs_of_both_keys_are_signed_and_verified() {
    let (segwit, taproot) = (Signer::new(Chain::BitcoinSegwit, 3), Signer::new(Chain::Bitcoin, 5));
    let bytes = mixed(&segwit, &taproot);
    for chain in [Chain::Bitcoin, Chain::BitcoinSegwit] {
        let unsigned = UnsignedTransaction { chain, network: NETWORK, bytes: bytes.clone() };
        let keys = match chain {
            Chain::Bitcoin => AccountKeys::from(&taproot.public_key())
                .beside(KeyPurpose::EcdsaSecp256k1, segwit.public_key()),
            _ => AccountKeys::from(&segwit.public_key())
                .beside(KeyPurpose::Bip340Secp256k1, taproot.public_key()),
        };
        let decoded = decode(&unsigned, keys).unwrap();
        let signatures: Vec<_> = decoded
            .requests
            .iter()
            .map(|request| match request.purpose() {
                KeyPurpose::EcdsaSecp256k1 => segwit.sign(request),
                _ => taproot.sign(request),
            })
            .collect();
        let signed = attach(&unsigned, keys, &signatures).unwrap();
        assert_eq!(verify(&signed, keys), Ok(()));
        let mut swapped = signatures.clone();
        swapped.reverse();
        assert_eq!(attach(&unsigned, keys, &swapped), Err(ChainError::BadSignature { index: 0 }));
        for one in [segwit.public_key(), taproot.public_key()] {
            assert!(decode(&unsigned, &one).is_err());
            assert!(verify(&signed, &one).is_err());
        }
        // Each key in the other's place.
        let crossed = match chain {
            Chain::Bitcoin => AccountKeys::from(&segwit.public_key())
                .beside(KeyPurpose::EcdsaSecp256k1, taproot.public_key()),
            _ => AccountKeys::from(&taproot.public_key())
                .beside(KeyPurpose::Bip340Secp256k1, segwit.public_key()),
        };
        assert!(decode(&unsigned, crossed).is_err());
    }
}

/// One input of each signer and one output, put together from the PSBTs that each would build alone.
fn mixed(segwit: &Signer, taproot: &Signer) -> Vec<u8> {
    let alone = |chain, signer: &Signer| {
        let utxos = vec![match chain {
            Chain::BitcoinSegwit => funded(chain, 3, 60_000),
            _ => utxo(60_000),
        }];
        let intent = Intent::Transfer {
            to: "bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk".into(),
            amount: "0.00059".into(),
            memo: None,
        };
        let context = BitcoinContext { utxos, fee: BitcoinFee::Total(1_000) };
        let context = match chain {
            Chain::BitcoinSegwit => Context::BitcoinSegwit(context),
            _ => Context::Bitcoin(context),
        };
        build(chain, NETWORK, &signer.public_key(), &intent, &context).unwrap().bytes
    };
    let (a, b) = (alone(Chain::BitcoinSegwit, segwit), alone(Chain::Bitcoin, taproot));
    // Magic, field header, the transaction's length in one byte; version, one input of 41 bytes, one output of 31.
    const AT: usize = 5 + 2 + 1;
    const LEN: usize = 4 + 1 + 41 + 1 + 31 + 4;
    assert_eq!((a[AT - 1], b[AT - 1]), (82, 82));
    let (ta, tb) = (&a[AT..AT + LEN], &b[AT..AT + LEN]);
    let transaction = [&ta[..4], &[2], &ta[5..46], &tb[5..46], &ta[46..]].concat();
    let input = |psbt: &[u8]| psbt[AT + LEN + 1..psbt.len() - 1].to_vec();
    let length = u8::try_from(transaction.len()).unwrap();
    [&a[..AT - 1], &[length], &transaction, &[0], &input(&a), &input(&b), &[0]].concat()
}

#[test]
fn a_wallet_that_builds_and_one_that_imports_agree() {
    for chain in CHAINS {
        let (_, unsigned) = built(chain, &transfer(chain));
        assert_eq!(quorate_chains::import(chain, NETWORK, &unsigned.bytes), Ok(unsigned));
    }
}

#[test]
fn the_id_of_a_transaction_does_not_depend_on_its_witnesses() {
    let utxo = funded(Chain::BitcoinSegwit, 7, 5_000);
    let bytes = hex::decode(utxo.transaction.unwrap()).unwrap();
    assert_eq!(quorate_chains::transaction_id(&bytes).as_ref(), Ok(&utxo.txid));
    let (version, rest) = bytes.split_at(4);
    let (body, lock_time) = rest.split_at(rest.len() - 4);
    let with_witness = [version, &[0, 1], body, &[1, 2, 7, 7], lock_time].concat();
    assert_eq!(quorate_chains::transaction_id(&with_witness), Ok(utxo.txid));
    for malformed in [&bytes[..bytes.len() - 1], &[], &[&bytes[..], &[0]].concat()] {
        assert!(quorate_chains::transaction_id(malformed).is_err());
    }
}
