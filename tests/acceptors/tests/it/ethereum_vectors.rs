//! The published sets of `@ethersproject/testcases`, run through the product's own code.
//!
//! Each set has the number of its cases, and how many of them are understood, accepted and refused. A case that is
//! refused is one that the product refuses on purpose; which purpose is asserted.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use k256::ecdsa::SigningKey;
use quorate_acceptors::node;
use quorate_chains::{
    AddressFault, Chain, ChainError, Context, EthereumRefusal, Intent, Network, PublicKey, SignedTransaction,
    TypedDataFault, UnsignedTransaction, attach, build, decode, import, parse_address,
};
use serde_json::{Value, json};

const CHAIN: Chain = Chain::Ethereum;

fn set(name: &str) -> Option<Vec<Value>> {
    let output = node("testcases.mjs", OsStr::new(name))?;
    Some(serde_json::from_str(&output).expect("a set is a list"))
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap_or_else(|| panic!("{field} of {}", case["name"]))
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(&text(case, field)[2..]).expect("hexadecimal")
}

fn signing_key(case: &Value, field: &str) -> (SigningKey, PublicKey) {
    let key = SigningKey::from_slice(&bytes(case, field)).expect("a key");
    let point = key.verifying_key().to_encoded_point(true);
    let public = PublicKey::Secp256k1(point.as_bytes().try_into().expect("33 bytes"));
    (key, public)
}

/// Counts results by a short word.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    fn add(&mut self, word: &'static str) {
        *self.0.entry(word).or_default() += 1;
    }

    fn expect<const N: usize>(self, expected: [(&'static str, usize); N]) {
        assert_eq!(self.0, BTreeMap::from(expected));
    }
}

#[test]
fn g8_the_checksums_of_1038_addresses() {
    let Some(cases) = set("accounts") else { return };
    assert_eq!(cases.len(), 1038);
    let network = Network::Mainnet;
    for case in &cases {
        let (plain, checked) = (text(case, "address"), text(case, "checksumAddress"));
        for spelling in [checked, &checked.to_lowercase()] {
            assert_eq!(parse_address(CHAIN, network, spelling).unwrap().as_str(), checked, "{plain}");
        }
        let swapped = swap_first_letter(checked);
        if swapped != checked && swapped != swapped.to_lowercase() {
            let fault = AddressFault::Checksum;
            let refused = ChainError::Address { chain: CHAIN, network, fault };
            assert_eq!(parse_address(CHAIN, network, &swapped), Err(refused), "{plain}");
        }
    }
}

fn swap_first_letter(address: &str) -> String {
    let at = 2 + address[2..].find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
    let swap = |(index, c): (usize, char)| match c {
        c if index != at => c,
        c if c.is_ascii_uppercase() => c.to_ascii_lowercase(),
        c => c.to_ascii_uppercase(),
    };
    address.chars().enumerate().map(swap).collect()
}

/// What becomes of a published transaction: read or not, and when read, accepted or not. What is accepted is signed
/// to the very bytes of the set.
fn judge(tally: &mut Tally, case: &Value, network: Network, unsigned: &[u8], signed: &[u8], key: &str) {
    let name = &case["name"];
    let read = match import(CHAIN, network, unsigned) {
        Ok(read) => read,
        // A nonce or gas beyond 64 bits: no node has such a transaction either.
        Err(ChainError::Malformed { .. }) => return tally.add("number beyond 64 bits"),
        Err(error) => panic!("{name}: {error}"),
    };
    assert_eq!(read.bytes, unsigned, "{name}");
    let as_signed = SignedTransaction::from_bytes(CHAIN, network, signed).unwrap();
    assert_eq!(as_signed.encoded(), format!("0x{}", hex::encode(signed)), "{name}");
    let (signing, public) = signing_key(case, key);
    match decode(&read, &public) {
        Ok(decoded) => {
            let (signature, _) = signing.sign_prehash_recoverable(&decoded.requests[0].payload).unwrap();
            let attached = attach(&read, &public, &[signature.to_bytes().into()]).unwrap();
            assert_eq!(hex::encode(attached.bytes()), hex::encode(signed), "{name}");
            tally.add("signed");
        }
        Err(ChainError::Ethereum(refusal)) => tally.add(word(&refusal)),
        Err(ChainError::Overflow { .. }) => tally.add("value beyond 128 bits"),
        Err(error) => panic!("{name}: {error}"),
    }
}

fn word(refusal: &EthereumRefusal) -> &'static str {
    match refusal {
        EthereumRefusal::Gas { .. } => "gas",
        EthereumRefusal::Fee { .. } => "fee",
        EthereumRefusal::PriorityFee => "priority fee",
        EthereumRefusal::ContractCreation => "contract creation",
        EthereumRefusal::UnknownCall { .. } => "unknown call",
        EthereumRefusal::PaidCall { .. } => "paid call",
        EthereumRefusal::AccessList { .. } => "access list",
        EthereumRefusal::NobodysAddress { .. } => "nobody's address",
        other => panic!("{other}"),
    }
}

#[test]
fn g2_1067_legacy_transactions_with_and_without_a_chain_id() {
    let Some(cases) = set("transactions") else { return };
    assert_eq!(cases.len(), 1067);
    let mut tally = Tally::default();
    let network = Network::Evm(5);
    for case in &cases {
        for field in ["unsignedTransaction", "signedTransaction"] {
            let bytes = bytes(case, field);
            let unsigned = import(CHAIN, network, &bytes);
            let signed = SignedTransaction::from_bytes(CHAIN, network, &bytes).map(|_| ());
            let no_chain_id = ChainError::Ethereum(EthereumRefusal::NoChainId);
            if unsigned != Err(ChainError::Malformed { what: "ethereum transaction" }) {
                assert_eq!(unsigned, Err(no_chain_id.clone()), "{}", case["name"]);
                assert_eq!(signed, Err(no_chain_id), "{}", case["name"]);
                tally.add("without chain id");
            }
        }
        let (unsigned, signed) =
            (bytes(case, "unsignedTransactionChainId5"), bytes(case, "signedTransactionChainId5"));
        judge(&mut tally, case, network, &unsigned, &signed, "privateKey");
    }
    tally.expect([
        ("fee", 87),
        ("gas", 799),
        ("number beyond 64 bits", 83),
        ("paid call", 79),
        ("signed", 9),
        ("unknown call", 10),
        ("without chain id", 1968),
    ]);
}

#[test]
fn g2_1792_transactions_of_the_newer_kinds() {
    let Some(cases) = set("typed-transactions") else { return };
    assert_eq!(cases.len(), 1792);
    let mut tally = Tally::default();
    for case in &cases {
        let chain_id = match &case["tx"]["chainId"] {
            Value::Null => 0,
            Value::String(id) => u64::from_str_radix(id.trim_start_matches("0x"), 16).unwrap(),
            id => id.as_u64().unwrap(),
        };
        let Some(network) = Network::of_chain_id(chain_id) else {
            tally.add("chain id 0");
            continue;
        };
        let (unsigned, signed) = (bytes(case, "unsigned"), bytes(case, "signed"));
        judge(&mut tally, case, network, &unsigned, &signed, "key");
    }
    tally.expect([
        ("chain id 0", 384),
        ("contract creation", 96),
        ("fee", 136),
        ("gas", 646),
        ("paid call", 457),
        ("signed", 48),
        ("unknown call", 25),
    ]);
}

#[test]
fn g6_1025_cases_of_typed_data() {
    let Some(cases) = set("eip712") else { return };
    assert_eq!(cases.len(), 1025);
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let key = PublicKey::Secp256k1(key.verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap());
    let mut tally = Tally::default();
    for case in &cases {
        let data = json!({
            "types": case["types"], "primaryType": case["primaryType"], "domain": case["domain"],
            "message": case["data"],
        });
        let network =
            case["domain"]["chainId"].as_u64().and_then(Network::of_chain_id).unwrap_or(Network::Mainnet);
        let intent = Intent::TypedData { json: data.to_string() };
        match build(CHAIN, network, &key, &intent, &Context::None) {
            Ok(unsigned) => {
                let payload = &decode(&unsigned, &key).unwrap().requests[0].payload;
                assert_eq!(format!("0x{}", hex::encode(payload)), text(case, "digest"), "{}", case["name"]);
                tally.add("hashed");
                refuses_another_network(&unsigned, network, &key);
            }
            Err(ChainError::Ethereum(EthereumRefusal::TypedData(TypedDataFault::NoChainId))) => {
                assert_eq!(case["domain"]["chainId"], Value::Null);
                tally.add("no chain id");
            }
            Err(error) => panic!("{}: {error}", case["name"]),
        }
    }
    tally.expect([("hashed", 539), ("no chain id", 486)]);
}

fn refuses_another_network(unsigned: &UnsignedTransaction, network: Network, key: &PublicKey) {
    let elsewhere = UnsignedTransaction { network: Network::Evm(999_999), ..unsigned.clone() };
    let (found, expected) = (network.chain_id(), 999_999);
    assert_eq!(
        decode(&elsewhere, key),
        Err(ChainError::Ethereum(EthereumRefusal::ChainId { found, expected }))
    );
}
