//! Transactions that somebody else wrote, addresses and contexts that somebody typed.

use quorate_chains::{
    Chain, Context, ContextFile, Intent, Network, PublicKey, SignedTransaction, UnsignedTransaction, build,
    decode, import, parse_address, verify,
};

use super::threshold::{ED25519_BASE, SECP256K1_BASE};
use crate::Target;
use crate::oracle::{stable, versioned};

pub const TARGETS: &[Target] = &[
    Target::new("chains_unsigned", versioned::<UnsignedTransaction>),
    Target::new("chains_solana", |bytes| foreign(Chain::Solana, bytes)).with_seeds(|| seeds(Chain::Solana)),
    Target::new("chains_near", |bytes| foreign(Chain::Near, bytes)).with_seeds(|| seeds(Chain::Near)),
    Target::new("chains_bitcoin", |bytes| foreign(Chain::Bitcoin, bytes))
        .with_seeds(|| seeds(Chain::Bitcoin)),
    Target::new("chains_ethereum", |bytes| foreign(Chain::Ethereum, bytes))
        .with_seeds(|| seeds(Chain::Ethereum)),
    Target::new("chains_bitcoin_segwit", |bytes| foreign(Chain::BitcoinSegwit, bytes))
        .with_seeds(|| seeds(Chain::BitcoinSegwit)),
    Target::new("chains_dogecoin", |bytes| foreign(Chain::Dogecoin, bytes))
        .with_seeds(|| seeds(Chain::Dogecoin)),
    Target::new("chains_cosmos", |bytes| foreign(Chain::Cosmos, bytes)).with_seeds(|| seeds(Chain::Cosmos)),
    Target::new("chains_xrp", |bytes| foreign(Chain::Xrp, bytes)).with_seeds(|| seeds(Chain::Xrp)),
    Target::new("chains_address", |bytes| {
        for chain in Chain::ALL {
            for network in NETWORKS {
                stable(bytes, |text| parse_address(chain, network, text), ToString::to_string);
            }
        }
    })
    .with_seeds(|| ADDRESSES.iter().map(|text| text.as_bytes().to_vec()).collect()),
    Target::new("chains_build", built).with_seeds(|| {
        let separated = |(intent, context): &(&str, &str)| [intent, "\0", context].concat().into_bytes();
        WISHES.iter().map(separated).collect()
    }),
];

const NETWORKS: [Network; 3] = [Network::Mainnet, Network::Testnet, Network::Regtest];

const ADDRESSES: [&str; 9] = [
    "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
    "11111111111111111111111111111112",
    "alice.near",
    "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE",
    "cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu",
    "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe",
    "X7orB3n7Jc6FDMqwKAcrx6cHeCtUYgDqx3nEPr7UzbmmYu3",
];

/// Intents with contexts they can be built in.
const WISHES: [(&str, &str); 13] = [
    (
        r#"{"transfer":{"to":"11111111111111111111111111111112","amount":"0.5","memo":"rent"}}"#,
        r#"{"solana":{"recent_blockhash":"11111111111111111111111111111111","compute_unit_limit":1000,"compute_unit_price":1}}"#,
    ),
    (
        r#"{"transfer":{"to":"alice.near","amount":"1"}}"#,
        r#"{"near":{"nonce":7,"block_hash":"11111111111111111111111111111111"}}"#,
    ),
    (
        r#"{"near-function-call":{"contract":"app.near","method":"act","args":"{}","tera_gas":"30","deposit":"0"}}"#,
        r#"{"near":{"nonce":7,"block_hash":"11111111111111111111111111111111"}}"#,
    ),
    (
        r#"{"transfer":{"to":"bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6","amount":"0.001"}}"#,
        r#"{"bitcoin":{"utxos":[{"txid":"0101010101010101010101010101010101010101010101010101010101010101","vout":0,"value":1000000}],"fee":{"rate":"2"}}}"#,
    ),
    (
        r#"{"transfer":{"to":"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F","amount":"0.5"}}"#,
        r#"{"ethereum":{"nonce":7,"gas_limit":30000,"fee":{"gas_price":"2"},"access_list":[{"address":"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F","storage_keys":["0x0101010101010101010101010101010101010101010101010101010101010101"]}]}}"#,
    ),
    (
        r#"{"token-transfer":{"token":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","to":"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F","amount":"1.5"}}"#,
        r#"{"ethereum":{"nonce":7,"gas_limit":60000,"fee":{"dynamic":{"max":"30","priority":"1.5"}},"tokens":[{"address":"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48","symbol":"USDC","decimals":6}]}}"#,
    ),
    (
        r#"{"typed-data":{"json":"{\"types\":{\"Mail\":[{\"name\":\"to\",\"type\":\"Person[]\"},{\"name\":\"n\",\"type\":\"int8\"}],\"Person\":[{\"name\":\"wallet\",\"type\":\"address\"},{\"name\":\"tag\",\"type\":\"bytes2\"}]},\"primaryType\":\"Mail\",\"domain\":{\"name\":\"Mail\",\"chainId\":1},\"message\":{\"to\":[{\"wallet\":\"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F\",\"tag\":\"0x0102\"}],\"n\":-5}}"}}"#,
        r#"{"ethereum":{"nonce":7,"gas_limit":21000,"fee":{"gas_price":"2"}}}"#,
    ),
    (
        r#"{"transfer":{"to":"bcrt1qqurswpc8qurswpc8qurswpc8qurswpc8dxm0gk","amount":"0.001","memo":"rent"}}"#,
        r#"{"bitcoin-segwit":{"utxos":[{"txid":"59b7e9a55773a1a0d93980e0f3495822278d1b271b94d88df1059116df12afa3","vout":1,"value":1000000,"transaction":"01000000010707070707070707070707070707070707070707070707070707070707070707000000000000000000020100000000000000016a40420f0000000000160014751e76e8199196d454941c45d1b3a323f1433bd600000000"}],"fee":{"rate":"2"}}}"#,
    ),
    (
        r#"{"transfer":{"to":"DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE","amount":"2"}}"#,
        r#"{"dogecoin":{"utxos":[{"txid":"ac25e202ed1741f8499f32b48bdcb3024962b794b7c46a0856365827c5c19f3e","vout":1,"value":1000000000,"transaction":"01000000010707070707070707070707070707070707070707070707070707070707070707000000000000000000020100000000000000016a00ca9a3b000000001976a914751e76e8199196d454941c45d1b3a323f1433bd688ac00000000"}],"fee":{"rate":"1000"}}}"#,
    ),
    (
        r#"{"transfer":{"to":"cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu","amount":"0.4","memo":"a & b"}}"#,
        r#"{"cosmos":{"chain_id":"cosmoshub-4","prefix":"cosmos","account_number":1,"sequence":7,"denom":"uatom","fee":[{"amount":"2000","denom":"uatom"}],"gas":200000}}"#,
    ),
    (
        r#"{"transfer":{"to":"cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu","amount":"1"}}"#,
        r#"{"cosmos":{"chain_id":"chain-1","prefix":"cosmos","account_number":0,"sequence":0,"denom":"ibc/AB","decimals":6,"fee":[],"gas":1,"timeout_height":9,"mode":"amino","key_type":"cosmos-evm"}}"#,
    ),
    (
        r#"{"transfer":{"to":"rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe","amount":"1.5"}}"#,
        r#"{"xrp":{"sequence":7,"last_ledger_sequence":9000000,"fee":12,"destination_tag":42}}"#,
    ),
    (r#"{"message":{"text":"hello"}}"#, "{}"),
];

fn key(chain: Chain) -> PublicKey {
    match chain {
        Chain::Bitcoin
        | Chain::BitcoinSegwit
        | Chain::Dogecoin
        | Chain::Cosmos
        | Chain::Xrp
        | Chain::Ethereum => PublicKey::Secp256k1(*SECP256K1_BASE),
        Chain::Solana | Chain::Near => PublicKey::Ed25519(*ED25519_BASE),
    }
}

/// Bytes from somebody else, taken as each of the things they could be.
fn foreign(chain: Chain, bytes: &[u8]) {
    let key = key(chain);
    for network in [Network::Mainnet, Network::Regtest] {
        let mut unsigned = vec![UnsignedTransaction { chain, network, bytes: bytes.to_vec() }];
        unsigned.extend(import(chain, network, bytes));
        for unsigned in unsigned {
            if let Ok(decoded) = decode(&unsigned, &key) {
                assert!(!decoded.requests.is_empty(), "something is reviewed and nothing is signed");
                assert!(decode(&unsigned, &key).is_ok_and(|again| again == decoded), "a review changes");
            }
        }
        if let Ok(signed) = SignedTransaction::from_bytes(chain, network, bytes) {
            assert!(signed.bytes() == bytes, "two spellings of one transaction");
            // Nobody here knows the key's secret.
            assert!(verify(&signed, &key).is_err(), "a forged signature verifies");
        }
    }
}

/// An intent and a context as JSON, a zero byte between them: what is built is never refused by its own decoder.
fn built(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let intent = parts.next().map(Intent::from_json);
    let context = parts.next().map(ContextFile::from_json);
    let (Some(Ok(intent)), Some(Ok(context))) = (intent, context) else { return };
    for chain in Chain::ALL {
        for network in [Network::Mainnet, Network::Regtest] {
            if let Ok(unsigned) = build(chain, network, &key(chain), &intent, &context.context(chain)) {
                assert!(decode(&unsigned, &key(chain)).is_ok(), "what was built is refused");
            }
        }
    }
}

fn seeds(chain: Chain) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (intent, context) in WISHES {
        let intent = Intent::from_json(intent.as_bytes()).expect("an intent");
        let context = ContextFile::from_json(context.as_bytes()).expect("a context").context(chain);
        if context == Context::None && !context_free(&intent) {
            continue;
        }
        for network in [Network::Mainnet, Network::Regtest] {
            seeds
                .extend(build(chain, network, &key(chain), &intent, &context).map(|unsigned| unsigned.bytes));
        }
    }
    seeds
}

fn context_free(intent: &Intent) -> bool {
    matches!(intent, Intent::Message { .. })
}
