//! Published vectors, from the file in `tests/data/`.

use serde_json::Value;

use super::*;
use crate::error::AddressFault;
use crate::keys::AccountKeys;
use crate::signature::verify_all;
use crate::transaction::SigningRequest;

fn file() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/cosmos.json")).unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> Option<&'a str> {
    vector[name].as_str()
}

fn bytes(vector: &Value, name: &str) -> Option<Vec<u8>> {
    text(vector, name).map(|text| hex::decode(text).unwrap())
}

fn public(vector: &Value) -> PublicKey {
    let of_secret = bytes(vector, "priv").map(|secret| {
        let public = k256::SecretKey::from_slice(&secret).unwrap().public_key();
        public.to_sec1_bytes().to_vec()
    });
    let given = bytes(vector, "pub");
    if let (Some(of_secret), Some(given)) = (&of_secret, &given) {
        assert_eq!(of_secret, given);
    }
    PublicKey::Secp256k1(given.or(of_secret).unwrap().try_into().unwrap())
}

/// Whether the key verifies a signature of a digest.
fn verifies(key: &PublicKey, digest: &[u8], signature: &[u8]) -> bool {
    let request = SigningRequest { algorithm: Algorithm::Ecdsa, payload: digest.to_vec() };
    let keys = AccountKeys::from(key);
    verify_all(Chain::Cosmos, &keys, &[request], &[signature.try_into().unwrap()]).is_ok()
}

#[test]
fn accounts_are_those_of_other_wallets() {
    let mut counts = [0, 0];
    for vector in file()["addresses"].as_array().unwrap() {
        if vector.get("ed25519pub").is_some() {
            continue;
        }
        let key = public(vector).secp256k1(Chain::Cosmos).unwrap();
        for (name, value) in vector.as_object().unwrap() {
            let (key_type, prefix) = match name.strip_prefix("eth:") {
                Some(prefix) => (CosmosKey::CosmosEvm, prefix),
                None => (CosmosKey::Secp256k1, name.as_str()),
            };
            let (account, expected) = (key_type.account(&key), value.as_str().unwrap());
            match prefix {
                "name" | "pub" | "priv" => continue,
                "addr" => assert_eq!(hex::encode(account), expected),
                prefix => {
                    assert_eq!(account::encode(prefix, &account).unwrap(), expected);
                    assert_eq!(account::parse(expected), Ok((prefix.to_owned(), account)));
                }
            }
            counts[usize::from(key_type == CosmosKey::CosmosEvm)] += 1;
        }
    }
    assert_eq!(counts, [15, 3]);
}

#[test]
fn g15_direct_documents_digests_and_ids_are_those_of_other_wallets() {
    let (mut count, mut ids) = (0, 0);
    for vector in file()["direct"].as_array().unwrap() {
        let (key, doc) = (public(vector), bytes(vector, "doc").unwrap());
        let chain = Document::parse(&doc).unwrap();
        let Document::Transaction(transaction) = &chain else { panic!("words") };
        let network = if transaction.chain_id == "cosmoshub-4" { Network::Mainnet } else { Network::Testnet };
        let account = Account::new(network, &key);
        let decoded = Cosmos.decode(account, &doc).unwrap();
        assert_eq!(decoded.requests[0].payload, bytes(vector, "dig").unwrap());
        if let Some(address) = text(vector, "cosmos") {
            assert_eq!(transaction.from, address);
        }
        let signature = bytes(vector, "sig").unwrap();
        assert!(verifies(&key, &decoded.requests[0].payload, &signature));
        count += 1;
        let verified = Verified { key, bytes: signature.try_into().unwrap(), recovery_id: Some(0) };
        let signed = Cosmos.assemble(&doc, &[verified]).unwrap();
        if let Some(txid) = text(vector, "tx") {
            assert_eq!(Cosmos.identify(&signed).unwrap().txid, txid);
            ids += 1;
        }
        // With any byte another, the document is refused or another one.
        for at in 0..doc.len() {
            let mut other = doc.clone();
            other[at] ^= 1;
            if let Ok(other) = Cosmos.decode(account, &other) {
                assert_ne!(other.requests, decoded.requests);
            }
        }
    }
    assert_eq!((count, ids), (5, 3));
}

#[test]
fn g15_amino_documents_and_words_are_those_of_other_wallets() {
    let (mut count, mut signatures) = (0, 0);
    for vector in file()["amino"].as_array().unwrap() {
        let (key, json) = (public(vector), text(vector, "json").unwrap());
        let network = if json.contains("cosmoshub-4") { Network::Mainnet } else { Network::Testnet };
        let imported = Cosmos.import(json.as_bytes()).unwrap();
        assert_eq!(&imported[5..], json.as_bytes());
        let decoded = Cosmos.decode(Account::new(network, &key), &imported).unwrap();
        assert_eq!(decoded.requests[0].payload, bytes(vector, "dig").unwrap());
        if let Some(signature) = bytes(vector, "sig") {
            assert!(verifies(&key, &decoded.requests[0].payload, &signature));
            signatures += 1;
        }
        count += 1;
    }
    assert_eq!((count, signatures), (3, 2));
}

#[test]
fn g11_only_the_lower_s_of_the_published_pairs_verifies() {
    let mut high = 0;
    for vector in file()["low_s"].as_array().unwrap() {
        let (key, digest) = (public(vector), bytes(vector, "dig").unwrap());
        let signature = bytes(vector, "sig").unwrap();
        assert!(verifies(&key, &digest, &signature));
        let der = crate::der::decode("signature", &bytes(vector, "der").unwrap()).unwrap();
        match bytes(vector, "highsig") {
            Some(highsig) => {
                assert!(!verifies(&key, &digest, &highsig));
                assert_eq!(der.as_slice(), highsig);
                high += 1;
            }
            None => assert_eq!(der.as_slice(), signature),
        }
    }
    assert_eq!(high, 1);
}

#[test]
fn addresses_of_many_chains_are_read() {
    for text in [
        "okp41urdh3smlstyafjtyg0d606egllhwp8kvnw0d2f",
        "juno10j9gpw9t4jsz47qgnkvl5n3zlm2fz72k67rxsg",
        "juno1cma4czt2jnydvrvz3lrc9jvcmhpjxtds95s3c6",
    ] {
        assert_eq!(Cosmos.parse_address(Network::Mainnet, text).unwrap().as_str(), text);
    }
    let upper = "STARS1JUME25TTJLCAQQJZJJQX9HUMVZE3VCC8QF2KWL";
    assert_eq!(Cosmos.parse_address(Network::Mainnet, upper).unwrap().as_str(), upper.to_lowercase());
    for (text, fault) in [
        ("", AddressFault::Length),
        ("juno10j9gpw9t4jsz47qgnkvl5n3zlm2fz72k67rxsh", AddressFault::Checksum),
        ("juno10j9gpw9t4jsz47qgnkvl5n3zlm2fz72k67rxsb", AddressFault::Characters),
        ("Juno10j9gpw9t4jsz47qgnkvl5n3zlm2fz72k67rxsg", AddressFault::Characters),
        // Bech32m, and a legacy public key.
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", AddressFault::Checksum),
        (
            "cosmospub1addwnpepqd8sgxq7aw348ydctp3n5ajufgxp395hksxjzc6565yfp56scupfqhlgyg5",
            AddressFault::Length,
        ),
    ] {
        assert_eq!(account::parse(text), Err(fault), "{text}");
    }
}
