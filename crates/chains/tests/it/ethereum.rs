//! Ethereum through the doors that everybody uses: every kind of transaction, tokens and typed data.

use proptest::collection::vec;
use proptest::prelude::*;
use quorate_chains::{
    Chain, ChainError, Context, EthereumAccess, EthereumContext, EthereumFee, EthereumRefusal, Intent,
    Network, TokenClaim, UnsignedTransaction, attach, build, decode, decode_with, import, verify,
};

use crate::mutations::{any_mutation, mutate};
use crate::support::{NETWORK, Signer, transfer};

const TOKEN: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

const TYPED: &str = r#"{
    "types": {
        "Mail": [
            {"name": "to", "type": "Person[]"}, {"name": "n", "type": "int16"}, {"name": "ok", "type": "bool"},
            {"name": "data", "type": "bytes"}, {"name": "text", "type": "string"}
        ],
        "Person": [{"name": "wallet", "type": "address"}, {"name": "tag", "type": "bytes2"}]
    },
    "primaryType": "Mail",
    "domain": {"name": "Mail", "version": "1", "chainId": 31337},
    "message": {
        "to": [{"wallet": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "tag": "0x0102"}],
        "n": -5, "ok": true, "data": "0xff", "text": "hello"
    }
}"#;

fn context(fee: EthereumFee, access_list: Vec<EthereumAccess>) -> Context {
    let tokens = vec![TokenClaim { address: TOKEN.into(), symbol: "USDC".into(), decimals: 6 }];
    Context::Ethereum(Box::new(EthereumContext { nonce: 7, gas_limit: 90_000, fee, access_list, tokens }))
}

fn token_transfer(amount: &str) -> Intent {
    let to = "0x3535353535353535353535353535353535353535".into();
    Intent::TokenTransfer { token: TOKEN.into(), to, amount: amount.into() }
}

/// One of each kind.
fn wishes() -> Vec<(Intent, Context)> {
    let price = || EthereumFee::GasPrice("20".into());
    let two = || EthereumFee::Dynamic { max: "30.000000001".into(), priority: "0".into() };
    let access =
        EthereumAccess { address: TOKEN.into(), storage_keys: vec![format!("0x{}", "ab".repeat(32))] };
    vec![
        (transfer(Chain::Ethereum), context(price(), Vec::new())),
        (transfer(Chain::Ethereum), context(price(), vec![access.clone()])),
        (transfer(Chain::Ethereum), context(two(), vec![access])),
        (token_transfer("1.5"), context(two(), Vec::new())),
        (Intent::TypedData { json: TYPED.into() }, Context::None),
    ]
}

fn built(wish: &(Intent, Context)) -> (Signer, UnsignedTransaction) {
    let signer = Signer::new(Chain::Ethereum, 3);
    let unsigned = build(Chain::Ethereum, NETWORK, &signer.public_key(), &wish.0, &wish.1).unwrap();
    (signer, unsigned)
}

#[test]
fn every_kind_is_built_signed_and_verified() {
    for (index, wish) in wishes().iter().enumerate() {
        let (signer, unsigned) = built(wish);
        let key = signer.public_key();
        let decoded = decode(&unsigned, &key).unwrap();
        let signed = attach(&unsigned, &key, &signer.sign_all(&decoded)).unwrap();
        assert_eq!(verify(&signed, &key), Ok(()), "wish {index}");
        assert_eq!(signed.txid().len(), 66);
        assert!(signed.encoded().starts_with("0x"));
        assert_eq!(import(Chain::Ethereum, NETWORK, &unsigned.bytes), Ok(unsigned));
    }
}

#[test]
fn typed_data_are_imported_from_their_json() {
    let (_, unsigned) = built(&wishes()[4]);
    assert_eq!(import(Chain::Ethereum, NETWORK, TYPED.as_bytes()), Ok(unsigned));
}

#[test]
fn what_a_context_claims_is_added_to_the_review_as_a_claim_and_signs_the_same() {
    let wish = &wishes()[3];
    let (signer, unsigned) = built(wish);
    let plain = decode(&unsigned, &signer.public_key()).unwrap();
    let claimed = decode_with(&unsigned, &signer.public_key(), &wish.1).unwrap();
    assert_eq!(plain.requests, claimed.requests);
    assert_eq!(plain.review.title, claimed.review.title);
    let claims: Vec<_> = claimed.review.lines[plain.review.lines.len()..]
        .iter()
        .map(|line| (line.label.as_str(), line.value.as_str()))
        .collect();
    assert_eq!(
        claims,
        [
            ("Token, as the context claims", "USDC"),
            ("Decimals, as the context claims", "6"),
            ("Amount, as the context claims", "1.5 USDC"),
        ],
    );
    assert_eq!(decode_with(&unsigned, &signer.public_key(), &Context::None), Ok(plain));
}

#[test]
fn amounts_of_tokens_are_exact_or_refused() {
    let key = Signer::new(Chain::Ethereum, 3).public_key();
    let context = context(EthereumFee::GasPrice("1".into()), Vec::new());
    for amount in ["0", "0.0000001", "1e3", "-1", ""] {
        let found = build(Chain::Ethereum, NETWORK, &key, &token_transfer(amount), &context);
        assert!(matches!(found, Err(ChainError::Amount(_))), "{amount}: {found:?}");
    }
    assert!(build(Chain::Ethereum, NETWORK, &key, &token_transfer("0.000001"), &context).is_ok());
}

#[test]
fn prices_and_access_lists_that_are_none_are_refused() {
    let key = Signer::new(Chain::Ethereum, 3).public_key();
    let build =
        |fee, list| build(Chain::Ethereum, NETWORK, &key, &transfer(Chain::Ethereum), &context(fee, list));
    let two = |max: &str, priority: &str| EthereumFee::Dynamic { max: max.into(), priority: priority.into() };
    for fee in [EthereumFee::GasPrice("0.0000000001".into()), two("1", "x"), two("", "0"), two("-1", "0")] {
        assert!(matches!(build(fee, Vec::new()), Err(ChainError::Amount(_))));
    }
    let refused = build(two("1", "1.000000001"), Vec::new());
    assert_eq!(refused, Err(ChainError::Ethereum(EthereumRefusal::PriorityFee)));
    let access =
        |address: &str, key: &str| EthereumAccess { address: address.into(), storage_keys: vec![key.into()] };
    let good = format!("0x{}", "00".repeat(32));
    assert!(build(two("1", "1"), vec![access(TOKEN, &good)]).is_ok());
    for key in ["", "0x", &good[2..], &good[..64]] {
        let found = build(two("1", "1"), vec![access(TOKEN, key)]);
        assert!(matches!(found, Err(ChainError::InvalidField { field: "storage_keys", .. })), "{key}");
    }
    assert!(matches!(build(two("1", "1"), vec![access("0x00", &good)]), Err(ChainError::Address { .. })));
}

#[test]
fn intents_of_other_chains_are_refused_and_ethereums_by_others() {
    let call = Intent::NearFunctionCall {
        contract: "a.b".into(),
        method: "m".into(),
        args: "{}".into(),
        tera_gas: "1".into(),
        deposit: "0".into(),
    };
    let context = context(EthereumFee::GasPrice("1".into()), Vec::new());
    let key = Signer::new(Chain::Ethereum, 3).public_key();
    let unknown = ChainError::UnknownIntent { chain: Chain::Ethereum, intent: "near-function-call" };
    assert_eq!(build(Chain::Ethereum, NETWORK, &key, &call, &context), Err(unknown));
    let missing = ChainError::MissingContext { chain: Chain::Ethereum, intent: "transfer" };
    assert_eq!(
        build(Chain::Ethereum, NETWORK, &key, &transfer(Chain::Ethereum), &Context::None),
        Err(missing)
    );
    for chain in Chain::ALL.into_iter().filter(|chain| *chain != Chain::Ethereum) {
        let key = Signer::new(chain, 3).public_key();
        for intent in [token_transfer("1"), Intent::TypedData { json: TYPED.into() }] {
            let unknown = ChainError::UnknownIntent { chain, intent: intent.kind() };
            let found = build(chain, NETWORK, &key, &intent, &crate::support::context(chain));
            assert_eq!(found, Err(unknown));
        }
    }
}

#[test]
fn g2_what_is_signed_for_one_network_is_refused_on_every_other() {
    for wish in wishes() {
        let (signer, unsigned) = built(&wish);
        let key = signer.public_key();
        let signed = attach(&unsigned, &key, &signer.sign_all(&decode(&unsigned, &key).unwrap())).unwrap();
        for network in [Network::Mainnet, Network::Testnet, Network::Evm(8_453), Network::Evm(31_338)] {
            let refusal = EthereumRefusal::ChainId { found: 31_337, expected: network.chain_id() };
            let elsewhere = UnsignedTransaction { network, ..unsigned.clone() };
            assert_eq!(decode(&elsewhere, &key), Err(ChainError::Ethereum(refusal.clone())));
            let elsewhere =
                quorate_chains::SignedTransaction::from_bytes(Chain::Ethereum, network, signed.bytes())
                    .unwrap();
            assert_eq!(verify(&elsewhere, &key), Err(ChainError::Ethereum(refusal)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Two acceptable transactions never have the same payload, whatever their kind.
    #[test]
    fn g1_other_bytes_of_any_kind_are_refused_or_sign_something_else(
        wish in 0_usize..5, mutations in vec(any_mutation(), 1..3),
    ) {
        let (signer, unsigned) = built(&wishes()[wish]);
        let key = signer.public_key();
        let original = decode(&unsigned, &key).unwrap();
        let mut other = unsigned.clone();
        mutations.iter().for_each(|mutation| mutate(&mut other.bytes, mutation));
        if let Ok(decoded) = decode(&other, &key) {
            prop_assert_eq!(other.bytes == unsigned.bytes, decoded.requests == original.requests);
            prop_assert_eq!(other.bytes == unsigned.bytes, decoded == original);
        }
    }
}
