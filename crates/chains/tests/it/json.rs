//! The texts that people and programs write: names, intents, context files.

use std::str::FromStr;

use quorate_chains::{Chain, ChainError, Context, ContextFile, Intent, Network, UnsignedTransaction};

use crate::support::{context, transfer};

#[test]
fn names_read_back_and_others_are_errors() {
    for chain in Chain::ALL {
        assert_eq!(Chain::from_str(&chain.to_string()), Ok(chain));
        assert_eq!(serde_json::to_string(&chain).unwrap(), format!("\"{chain}\""));
    }
    for network in [Network::Mainnet, Network::Testnet, Network::Regtest] {
        assert_eq!(Network::from_str(&network.to_string()), Ok(network));
    }
    assert_eq!(Network::from_str("devnet"), Ok(Network::Testnet));
    assert_eq!(Network::from_str("localnet"), Ok(Network::Regtest));
    let name = "Bitcoin\\u{202e}".to_owned();
    assert_eq!(Chain::from_str("Bitcoin\u{202e}"), Err(ChainError::UnknownChain { name }));
    assert_eq!(Network::from_str(""), Err(ChainError::UnknownNetwork { name: String::new() }));
}

#[test]
fn intents_are_read_strictly() {
    for chain in Chain::ALL {
        let json = serde_json::to_vec(&transfer(chain)).unwrap();
        assert_eq!(Intent::from_json(&json), Ok(transfer(chain)));
    }
    let call =
        br#"{"near-function-call":{"contract":"a.b","method":"m","args":"{}","tera_gas":"1","deposit":"0"}}"#;
    assert!(Intent::from_json(call).is_ok());
    for json in [
        "",
        "{}",
        "null",
        "\"transfer\"",
        r#"{"transfer":{"to":"a"}}"#,
        r#"{"transfer":{"to":"a","amount":1}}"#,
        r#"{"transfer":{"to":"a","amount":"1","amount":"2"}}"#,
        r#"{"transfer":{"to":"a","amount":"1","fee":"0"}}"#,
        r#"{"transfer":{"to":"a","amount":"1"},"message":{"text":"x"}}"#,
        r#"{"transfer":{"to":"a","amount":"1"}} x"#,
        r#"{"sweep":{"to":"a"}}"#,
    ] {
        let result = Intent::from_json(json.as_bytes());
        assert!(matches!(result, Err(ChainError::Json { what: "intent", .. })), "{json}: {result:?}");
    }
    let long = vec![b' '; 256 * 1024 + 1];
    assert!(matches!(Intent::from_json(&long), Err(ChainError::TooLong { .. })));
}

#[test]
fn context_files_are_read_strictly() {
    let file = r#"{
        "solana": {"recent_blockhash": "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N"},
        "near": {"nonce": 7, "block_hash": "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N"},
        "bitcoin": {"utxos": [{"txid": "00", "vout": 1, "value": 2}], "fee": {"rate": "2.5"}},
        "ethereum": {"nonce": 7, "gas_limit": 21000, "fee": {"dynamic": {"max": "30", "priority": "1.5"}}}
    }"#;
    let file = ContextFile::from_json(file.as_bytes()).unwrap();
    assert_eq!(file.context(Chain::Solana), context(Chain::Solana));
    assert_eq!(file.context(Chain::Near), context(Chain::Near));
    assert_eq!(file.context(Chain::Ethereum), context(Chain::Ethereum));
    assert_eq!(ContextFile::from_json(b"{}").unwrap().context(Chain::Bitcoin), Context::None);
    for json in [
        r#"{"dogecoin": {}}"#,
        r#"{"ethereum": {}}"#,
        r#"{"ethereum": {"nonce": 1, "gas_limit": 21000, "fee": {"gas_price": 2}}}"#,
        r#"{"ethereum": {"nonce": 1, "gas_limit": 21000, "fee": {"dynamic": {"max": "1"}}}}"#,
        r#"{"ethereum": {"nonce": 1, "gas_limit": 21000, "fee": {"gas_price": "2"}, "chain_id": 1}}"#,
        r#"{"near": {"nonce": -1, "block_hash": "x"}}"#,
        r#"{"near": {"nonce": 1.5, "block_hash": "x"}}"#,
        r#"{"near": {"nonce": 18446744073709551616, "block_hash": "x"}}"#,
        r#"{"near": {"nonce": 1, "block_hash": "x", "gas": 1}}"#,
        r#"{"near": {"nonce": 1, "block_hash": "x"}, "near": {"nonce": 2, "block_hash": "x"}}"#,
        r#"{"bitcoin": {"utxos": [], "fee": {"rate": 2.5}}}"#,
        r#"{"bitcoin": {"utxos": [], "fee": {"rate": "1", "total": 1}}}"#,
        r#"{"solana": {"recent_blockhash": "x", "version": "v1"}}"#,
    ] {
        let result = ContextFile::from_json(json.as_bytes());
        assert!(matches!(result, Err(ChainError::Json { what: "context", .. })), "{json}: {result:?}");
    }
}

#[test]
fn an_unsigned_transaction_has_one_encoding() {
    for chain in Chain::ALL {
        let (_, unsigned) = crate::support::built(chain, &transfer(chain));
        assert_eq!(UnsignedTransaction::from_bytes(&unsigned.to_bytes()), Ok(unsigned.clone()));
        let json = serde_json::to_string(&unsigned).unwrap();
        assert_eq!(serde_json::from_str::<UnsignedTransaction>(&json).unwrap(), unsigned);
    }
    assert!(UnsignedTransaction::from_bytes(&[1, 9, 1, 0, 0, 0, 0]).is_err());
    assert!(UnsignedTransaction::from_bytes(&[1, 1, 9, 0, 0, 0, 0]).is_err());
}
