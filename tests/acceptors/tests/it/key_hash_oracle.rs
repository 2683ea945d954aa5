//! bitcoinjs-lib beside ours: P2WPKH on Bitcoin and P2PKH on Dogecoin, byte for byte.

use k256::ecdsa::SigningKey;
use quorate_chains::{
    BitcoinContext, BitcoinFee, Chain, Context, Decoded, Intent, Network, PublicKey, UnsignedTransaction,
    Utxo, address, attach, build, decode, format_amount, import, verify,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::lines::{Random, ask};

const SEED: u64 = 0x5eed_0000_0000_0b17;

/// Of each chain: half are wishes, half are transactions of another wallet.
const CASES: u64 = 5_000;

/// A whole key.
pub struct Key(SigningKey);

impl Key {
    pub fn drawn(random: &mut Random) -> Self {
        Self(SigningKey::from_slice(&random.bytes::<32>()).expect("not zero"))
    }

    pub fn secret(&self) -> String {
        hex::encode(self.0.to_bytes())
    }

    pub fn public(&self) -> PublicKey {
        let point = self.0.verifying_key().to_encoded_point(true);
        PublicKey::Secp256k1(point.as_bytes().try_into().expect("33 bytes"))
    }

    pub fn sign(&self, decoded: &Decoded) -> Vec<[u8; 64]> {
        let sign = |payload: &[u8]| {
            let (signature, _) = self.0.sign_prehash_recoverable(payload).expect("a signature");
            signature.normalize_s().unwrap_or(signature).to_bytes().into()
        };
        decoded.requests.iter().map(|request| sign(&request.payload)).collect()
    }
}

/// The script of the account's outputs, written down independently of the product.
pub fn own_script(chain: Chain, key: &PublicKey) -> Vec<u8> {
    let hash = bitcoin::hashes::Hash::hash(key.as_bytes());
    let hash: bitcoin::hashes::hash160::Hash = hash;
    let hash: &[u8] = bitcoin::hashes::Hash::as_byte_array(&hash);
    match chain {
        Chain::Dogecoin => [&[0x76, 0xa9, 20], hash, &[0x88, 0xac]].concat(),
        _ => [&[0, 20], hash].concat(),
    }
}

/// An output of the account, in a transaction that is there as a whole.
pub fn funded(random: &mut Random, script: &[u8], value: u64) -> Utxo {
    let vout = u32::try_from(random.below(3)).unwrap();
    let mut transaction = vec![2, 0, 0, 0, 1];
    transaction.extend(random.bytes::<32>());
    transaction.extend([1, 0, 0, 0, 2, 0x51, 0x51, 0xff, 0xff, 0xff, 0xff, 3]);
    for index in 0..3 {
        let (value, script) = if index == vout { (value, script) } else { (77, &[0x51][..]) };
        transaction.extend(value.to_le_bytes());
        transaction.push(script.len().try_into().unwrap());
        transaction.extend(script);
    }
    transaction.extend([0; 4]);
    let mut txid = Sha256::digest(Sha256::digest(&transaction));
    txid.reverse();
    Utxo { txid: hex::encode(txid), vout, value, transaction: Some(hex::encode(transaction)) }
}

pub fn context(chain: Chain, utxos: Vec<Utxo>, fee: u64) -> Context {
    let facts = BitcoinContext { utxos, fee: BitcoinFee::Total(fee) };
    match chain {
        Chain::Dogecoin => Context::Dogecoin(facts),
        _ => Context::BitcoinSegwit(facts),
    }
}

/// A question to bitcoinjs-lib, and what we make of the same wish.
struct Case {
    network: Network,
    key: Key,
    question: Value,
    built: Option<UnsignedTransaction>,
}

fn wish(chain: Chain, random: &mut Random) -> Case {
    let (network, key) = (network(random), Key::drawn(random));
    // Amounts of Dogecoin are larger: its least output is a hundredth of a coin.
    let unit = if chain == Chain::Dogecoin { 10_000 } else { 1 };
    let script = own_script(chain, &key.public());
    let utxos: Vec<Utxo> = (0..1 + random.below(4))
        .map(|_| {
            let value = (5_000 + random.sized(24)) * unit + random.below(unit);
            funded(random, &script, value)
        })
        .collect();
    let total: u64 = utxos.iter().map(|utxo| utxo.value).sum();
    let fee = (200 + random.below(1_000)) * unit.min(1_000);
    let amount = 1_000 * unit + random.below(total - 1_000 * unit - fee - 400);
    let to = address(chain, network, &Key::drawn(random).public()).unwrap().to_string();
    let memo = (chain != Chain::Dogecoin && random.below(4) == 0).then(|| format!("memo {}", random.next()));
    let build_part = json!({
        "utxos": utxos, "to": to, "amount": amount.to_string(), "fee": fee.to_string(), "memo": memo,
    });
    let mut build_part = build_part;
    if memo.is_none() {
        build_part.as_object_mut().unwrap().remove("memo");
    }
    let intent = Intent::Transfer { to, amount: format_amount(amount.into(), 8), memo };
    let unsigned = build(chain, network, &key.public(), &intent, &context(chain, utxos, fee)).unwrap();
    let question = json!({
        "chain": chain.name(), "network": network.to_string(), "secret": key.secret(), "build": build_part,
    });
    Case { network, key, question, built: Some(unsigned) }
}

fn transaction(chain: Chain, random: &mut Random) -> Case {
    let (network, key) = (network(random), Key::drawn(random));
    let unit = if chain == Chain::Dogecoin { 10_000 } else { 1 };
    let script = own_script(chain, &key.public());
    let outputs: Vec<(u64, Vec<u8>)> = (0..1 + random.below(4))
        .map(|_| ((1_000 + random.sized(24)) * unit, any_script(chain, random, &script)))
        .collect();
    let paid: u64 = outputs.iter().map(|(value, _)| value).sum();
    let fee = (200 + random.below(1_000)) * unit.min(1_000);
    let count = 1 + random.below(4);
    let inputs: Vec<Value> = (0..count)
        .map(|index| {
            let value = if index == 0 { paid + fee - (count - 1) } else { 1 };
            let utxo = funded(random, &script, value);
            let sequence = 0x8000_0000 | random.next() >> 33;
            let mut input = serde_json::to_value(utxo).unwrap();
            input["sequence"] = json!(sequence);
            input
        })
        .collect();
    let outputs: Vec<Value> = outputs
        .into_iter()
        .map(|(value, script)| json!({"value": value, "script": hex::encode(script)}))
        .collect();
    let make = json!({
        "version": 1 + random.below(2), "lockTime": random.next() >> 32, "inputs": inputs, "outputs": outputs,
    });
    let question = json!({
        "chain": chain.name(), "network": network.to_string(), "secret": key.secret(), "make": make,
    });
    Case { network, key, question, built: None }
}

fn network(random: &mut Random) -> Network {
    random.choose(&[Network::Mainnet, Network::Testnet, Network::Regtest])
}

fn any_script(chain: Chain, random: &mut Random, own: &[u8]) -> Vec<u8> {
    let kinds = if chain == Chain::Dogecoin { 3 } else { 5 };
    match random.below(kinds) {
        0 => own.to_vec(),
        1 => [&[0x76, 0xa9, 20], random.bytes::<20>().as_slice(), &[0x88, 0xac]].concat(),
        2 => [&[0xa9, 20], random.bytes::<20>().as_slice(), &[0x87]].concat(),
        3 => [&[0, 20], random.bytes::<20>().as_slice()].concat(),
        _ => [&[0, 32], random.bytes::<32>().as_slice()].concat(),
    }
}

fn compare(chain: Chain, case: &Case, answer: &Value) {
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}"));
    let (network, key) = (case.network, case.key.public());
    let question = &case.question;
    assert_eq!(address(chain, network, &key).unwrap().as_str(), text("address"));
    let theirs = hex::decode(text("unsigned")).unwrap();
    let imported = import(chain, network, &theirs).unwrap();
    assert_eq!(imported.bytes, theirs, "{question}");
    let unsigned = case.built.clone().unwrap_or(imported.clone());
    assert_eq!(unsigned, imported, "{question}");
    let decoded = decode(&unsigned, &key).unwrap_or_else(|error| panic!("{error}: {question}"));
    let digests: Vec<Value> = decoded.requests.iter().map(|r| json!(hex::encode(&r.payload))).collect();
    assert_eq!(&Value::from(digests), &answer["digests"], "{question}");
    let signed = attach(&unsigned, &key, &case.key.sign(&decoded)).unwrap();
    assert_eq!(hex::encode(signed.bytes()), text("signed"), "{question}");
    assert_eq!(signed.encoded(), text("raw"), "{question}");
    assert_eq!(signed.txid(), text("txid"), "{question}");
    assert_eq!(verify(&signed, &key), Ok(()));
}

fn agree(chain: Chain) {
    let mut random = Random(SEED ^ u64::from(chain as u8));
    println!("seed {:#x}", random.0);
    let cases: Vec<Case> = (0..CASES)
        .map(|n| if n % 2 == 0 { wish(chain, &mut random) } else { transaction(chain, &mut random) })
        .collect();
    let questions: Vec<Value> = cases.iter().map(|case| case.question.clone()).collect();
    let Some(answers) = ask("utxo.mjs", &questions) else { return };
    for (case, answer) in cases.iter().zip(&answers) {
        compare(chain, case, answer);
    }
    println!("{chain}: {} transactions are the same", answers.len());
}

#[test]
fn g1_bitcoinjs_makes_the_same_bytes_for_p2wpkh() {
    agree(Chain::BitcoinSegwit);
}

#[test]
fn g1_bitcoinjs_makes_the_same_bytes_for_dogecoin() {
    agree(Chain::Dogecoin);
}
