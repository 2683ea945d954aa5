//! The transaction types of NEAR's own node, with the checks that a node makes before it looks at the account.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use borsh::BorshDeserialize;
use near_crypto::{InMemorySigner, KeyType, Signer};
use near_parameters::RuntimeConfigStore;
use near_primitives::transaction::{SignedTransaction, Transaction, TransactionV0, ValidatedTransaction};
use near_primitives::version::PROTOCOL_VERSION;
use quorate_acceptors::{Signature, context, programs, run};

use crate::STAND_IN;

static CONFIGS: LazyLock<RuntimeConfigStore> = LazyLock::new(|| RuntimeConfigStore::new(None));

fn accepts(bytes: &[u8]) -> Option<SignedTransaction> {
    let transaction = SignedTransaction::try_from_slice(bytes).ok()?;
    let config = CONFIGS.get_config(PROTOCOL_VERSION);
    let valid = ValidatedTransaction::new(config, transaction, PROTOCOL_VERSION).ok()?;
    Some(valid.into_signed_tx())
}

/// The node's own signer is accepted, and with a flipped byte it is not: the check looks at signatures.
#[test]
fn the_node_refuses_a_bad_signature_of_its_own_signer() {
    let signer: Signer =
        InMemorySigner::from_seed("alice.near".parse().unwrap(), KeyType::ED25519, "acceptors");
    let transaction = Transaction::V0(TransactionV0 {
        signer_id: "alice.near".parse().unwrap(),
        public_key: signer.public_key(),
        nonce: 1,
        receiver_id: "bob.near".parse().unwrap(),
        block_hash: Default::default(),
        actions: Vec::new(),
    });
    let signature = signer.sign(transaction.get_hash_and_size().0.as_ref());
    let mut bytes = borsh::to_vec(&SignedTransaction::new(signature, transaction)).unwrap();
    assert!(accepts(&bytes).is_some());
    *bytes.last_mut().unwrap() ^= 1;
    assert!(accepts(&bytes).is_none());
}

#[test]
fn transactions_are_accepted_and_refused_with_any_byte_flipped() {
    for program in programs(STAND_IN) {
        let report = run(&program, &context());
        let transactions: Vec<&Signature> = report
            .chains
            .iter()
            .filter(|signature| signature.chain == "near" && signature.kind != "message")
            .collect();
        assert!(!transactions.is_empty(), "{} signed no transaction", program.display());
        for transaction in &transactions {
            check(transaction);
        }
        println!("{}: {} NEAR transactions accepted", program.display(), transactions.len());
    }
}

fn check(signature: &Signature) {
    let bytes = STANDARD.decode(&signature.encoded).unwrap();
    assert_eq!(hex::encode(&bytes), signature.signed);
    let signed = accepts(&bytes).expect("the node refuses");
    let facts = context().near.unwrap();
    assert_eq!(signed.get_hash().to_string(), signature.txid);
    assert_eq!(signed.transaction.signer_id().as_str(), signature.address);
    assert_eq!(signed.transaction.nonce().nonce(), facts.nonce);
    assert_eq!(signed.transaction.block_hash().to_string(), facts.block_hash);
    assert_eq!(hex::encode(signed.transaction.public_key().key_data()), signature.public_key);
    assert_eq!(signed.transaction.actions().len(), 1);
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(accepts(&bad).is_none(), "accepted with byte {at} flipped");
    }
}
