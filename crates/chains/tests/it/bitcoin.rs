use quorate_chains::{
    BitcoinContext, BitcoinFee, BitcoinRefusal, Chain, ChainError, Context, Intent, Review, address, build,
    decode, import,
};

use crate::support::{NETWORK, Signer, built, context, message, signed, transfer, utxo};

const TO: &str = "bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk";

fn pay(amount: &str, values: &[u64], fee: BitcoinFee) -> Result<Review, ChainError> {
    let key = Signer::new(Chain::Bitcoin, 3).public_key();
    let context = BitcoinContext { utxos: values.iter().copied().map(utxo).collect(), fee };
    let intent = Intent::Transfer { to: TO.into(), amount: amount.into(), memo: None };
    let unsigned = build(Chain::Bitcoin, NETWORK, &key, &intent, &Context::Bitcoin(context))?;
    decode(&unsigned, &key).map(|decoded| decoded.review)
}

fn lines(review: &Review, what: &str) -> Vec<String> {
    review.lines.iter().filter(|line| line.label.contains(what)).map(|line| line.value.clone()).collect()
}

#[test]
fn a_payment_is_built_signed_and_verified() {
    let (_, signed) = signed(Chain::Bitcoin, &transfer(Chain::Bitcoin));
    assert_eq!(signed.txid().len(), 64);
    assert!(signed.encoded().starts_with("02000000000102"));
    assert!(signed.bytes().starts_with(b"psbt\xff"));
}

/// Both signs of the account's key and of the output's key occur among these accounts.
#[test]
fn g12_accounts_of_every_parity_sign() {
    for seed in 1..=16 {
        let signer = Signer::new(Chain::Bitcoin, seed);
        let key = signer.public_key();
        let context = context(Chain::Bitcoin);
        let unsigned = build(Chain::Bitcoin, NETWORK, &key, &transfer(Chain::Bitcoin), &context).unwrap();
        let decoded = decode(&unsigned, &key).unwrap();
        let signed = quorate_chains::attach(&unsigned, &key, &signer.sign_all(&decoded)).unwrap();
        assert_eq!(quorate_chains::verify(&signed, &key), Ok(()), "seed {seed}");
    }
}

/// The same point with the other sign is the same account, and a signature of it is valid.
#[test]
fn g12_the_sign_of_the_account_key_does_not_matter() {
    let (signer, unsigned) = built(Chain::Bitcoin, &transfer(Chain::Bitcoin));
    let mut bytes: [u8; 33] = signer.public_key().as_bytes().try_into().unwrap();
    bytes[0] ^= 1;
    let negated = quorate_chains::PublicKey::Secp256k1(bytes);
    assert_eq!(
        address(Chain::Bitcoin, NETWORK, &negated),
        address(Chain::Bitcoin, NETWORK, &signer.public_key())
    );
    let decoded = decode(&unsigned, &negated).unwrap();
    assert!(quorate_chains::attach(&unsigned, &negated, &signer.sign_all(&decoded)).is_ok());
}

#[test]
fn the_largest_outputs_are_spent_first_and_the_rest_comes_back() {
    let review = pay("0.0006", &[10_000, 50_000, 30_000, 20_000], BitcoinFee::Total(1000)).unwrap();
    assert_eq!(lines(&review, "Input").len(), 2);
    assert_eq!(lines(&review, "change").len(), 1);
    assert!(lines(&review, "change")[0].starts_with("0.00019 BTC"));
    assert_eq!(review.fee.as_deref(), Some("0.00001 BTC"));
}

#[test]
fn the_same_facts_in_another_order_give_the_same_bytes() {
    let bytes = |values: &[u64]| {
        let key = Signer::new(Chain::Bitcoin, 3).public_key();
        let utxos = values.iter().copied().map(utxo).collect();
        let context = Context::Bitcoin(BitcoinContext { utxos, fee: BitcoinFee::Rate("3".into()) });
        build(Chain::Bitcoin, NETWORK, &key, &transfer(Chain::Bitcoin), &context).unwrap().bytes
    };
    assert_eq!(bytes(&[50_000, 60_000, 70_000]), bytes(&[70_000, 50_000, 60_000]));
}

#[test]
fn a_rate_becomes_the_fee_of_the_final_size() {
    // One input, P2WPKH and P2TR out: 142 virtual bytes after rounding 10.5 + 57.5 + 31 + 43.
    let review = pay("0.0004", &[100_000], BitcoinFee::Rate("2".into())).unwrap();
    assert_eq!(review.fee.as_deref(), Some("0.00000284 BTC"));
    assert_eq!(lines(&review, "Fee"), ["0.00000284 BTC, 2 satoshi per virtual byte"]);
    let review = pay("0.0004", &[100_000], BitcoinFee::Rate("1.001".into())).unwrap();
    assert_eq!(review.fee.as_deref(), Some("0.00000143 BTC"));
}

#[test]
fn change_that_is_dust_goes_to_the_fee() {
    let review = pay("0.0004", &[40_400], BitcoinFee::Rate("1".into())).unwrap();
    assert_eq!(lines(&review, "change"), Vec::<String>::new());
    assert_eq!(review.fee.as_deref(), Some("0.000004 BTC"));
}

#[test]
fn too_little_is_refused_with_what_is_missing() {
    let refusal = BitcoinRefusal::Funds { needed: 61_000, available: 60_000 };
    let result = pay("0.0006", &[10_000, 50_000], BitcoinFee::Total(1000));
    assert_eq!(result, Err(refusal.into()));
    let refusal = BitcoinRefusal::Funds { needed: 60_000, available: 0 };
    assert_eq!(pay("0.0006", &[], BitcoinFee::Total(1000)), Err(refusal.into()));
}

#[test]
fn g4_an_absurd_fee_is_refused_when_building() {
    let fee = BitcoinRefusal::Fee { fee: 1_000_001, max: 1_000_000 };
    assert_eq!(pay("0.001", &[100_000_000], BitcoinFee::Total(1_000_001)), Err(fee.into()));
    let result = pay("0.001", &[100_000_000], BitcoinFee::Rate("1000.001".into()));
    assert_eq!(result, Err(BitcoinRefusal::FeeRate { rate: 1001, max: 1000 }.into()));
}

#[test]
fn amounts_and_facts_that_are_none_are_refused() {
    let fee = || BitcoinFee::Total(1000);
    let dust = BitcoinRefusal::Dust { index: 0, value: 293, min: 294 };
    assert_eq!(pay("0.00000293", &[10_000], fee()), Err(dust.into()));
    let too_precise = ChainError::Amount(quorate_chains::AmountFault::TooPrecise { decimals: 8 });
    assert_eq!(pay("0.000000001", &[10_000], fee()), Err(too_precise));
    let too_large = ChainError::Amount(quorate_chains::AmountFault::TooLarge);
    assert_eq!(pay("21000000.00000001", &[10_000], fee()), Err(too_large));
    let invalid = ChainError::InvalidField { field: "value", expected: "a number of base units" };
    assert_eq!(pay("0.001", &[0], fee()), Err(invalid));
    let duplicate = BitcoinRefusal::DuplicateInput { index: 1 };
    assert_eq!(pay("0.0015", &[100_000, 100_000], fee()), Err(duplicate.into()));
    let precise = ChainError::Amount(quorate_chains::AmountFault::TooPrecise { decimals: 3 });
    assert_eq!(pay("0.001", &[200_000], BitcoinFee::Rate("1.0001".into())), Err(precise));
}

#[test]
fn a_memo_is_an_output_of_data() {
    let key = Signer::new(Chain::Bitcoin, 3).public_key();
    let intent =
        |memo: &str| Intent::Transfer { to: TO.into(), amount: "0.0005".into(), memo: Some(memo.into()) };
    let build = |memo| build(Chain::Bitcoin, NETWORK, &key, &intent(memo), &context(Chain::Bitcoin));
    let review = decode(&build("invoice 17").unwrap(), &key).unwrap().review;
    assert_eq!(lines(&review, "data"), ["invoice 17"]);
    assert_eq!(build(&"x".repeat(81)), Err(BitcoinRefusal::Data { index: 1 }.into()));
}

#[test]
fn a_psbt_of_another_wallet_is_imported_and_signed() {
    let (signer, unsigned) = built(Chain::Bitcoin, &transfer(Chain::Bitcoin));
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &unsigned.bytes);
    assert_eq!(import(Chain::Bitcoin, NETWORK, text.as_bytes()), Ok(unsigned.clone()));
    assert_eq!(import(Chain::Bitcoin, NETWORK, &unsigned.bytes), Ok(unsigned.clone()));
    let decoded = decode(&unsigned, &signer.public_key()).unwrap();
    let signed = quorate_chains::attach(&unsigned, &signer.public_key(), &signer.sign_all(&decoded)).unwrap();
    let refused = import(Chain::Bitcoin, NETWORK, signed.bytes());
    assert_eq!(refused, Err(BitcoinRefusal::AlreadySigned { index: 0 }.into()));
}

#[test]
fn words_are_signed_and_verified() {
    let (_, signed) = signed(Chain::Bitcoin, &message(Chain::Bitcoin, "Hello World"));
    assert_eq!(signed.txid(), "f0eb03b1a75ac6d9847f55c624a99169b5dccba2a31f5b23bea77ba270de0a7a");
    assert!(signed.encoded().starts_with("AU"));
}
