//! Bitcoin Core's script engine, with Taproot switched on and every output spent in view.

use std::str::FromStr;

use bitcoin::consensus::deserialize;
use bitcoin::{Address, Network, Psbt, ScriptBuf, Transaction};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT, verify_with_flags};
use quorate_acceptors::{Signature, context, programs, run};
use serde_json::Value;

use crate::STAND_IN;

/// An output that is spent.
struct Spent {
    script: ScriptBuf,
    value: u64,
}

/// Whether the engine accepts every input.
fn accepts(transaction: &[u8], spent: &[Spent]) -> bool {
    (0..spent.len()).all(|index| accepts_input(transaction, spent, index))
}

fn accepts_input(transaction: &[u8], spent: &[Spent], index: usize) -> bool {
    let outputs: Vec<Utxo> = spent
        .iter()
        .map(|output| Utxo {
            script_pubkey: output.script.as_bytes().as_ptr(),
            script_pubkey_len: output.script.len().try_into().unwrap(),
            value: output.value.try_into().unwrap(),
        })
        .collect();
    let flags = VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT;
    let script = spent[index].script.as_bytes();
    verify_with_flags(script, spent[index].value, transaction, Some(&outputs), index, flags).is_ok()
}

/// BIP-341's signed transaction is accepted, and with a flipped signature it is not: the engine checks Taproot.
#[test]
fn the_engine_refuses_a_bad_taproot_signature_of_bip_341() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../../../crates/chains/tests/data/bip341.json")).unwrap();
    let signed = hex::decode(vectors["signed"].as_str().unwrap()).unwrap();
    let spent: Vec<Spent> = vectors["spent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| Spent {
            script: ScriptBuf::from_hex(output["script"].as_str().unwrap()).unwrap(),
            value: output["value"].as_u64().unwrap(),
        })
        .collect();
    let mut refused = 0;
    for input in vectors["inputs"].as_array().unwrap() {
        let index = usize::try_from(input["index"].as_u64().unwrap()).unwrap();
        assert!(accepts_input(&signed, &spent, index), "input {index}");
        let signature = hex::decode(input["signature"].as_str().unwrap()).unwrap();
        let at = signed.windows(signature.len()).position(|window| window == signature).unwrap();
        let mut bad = signed.clone();
        bad[at + 40] ^= 1;
        assert!(!accepts_input(&bad, &spent, index), "input {index}");
        refused += 1;
    }
    assert_eq!(refused, 7);
}

#[test]
fn transfers_are_accepted_and_refused_with_any_byte_flipped() {
    for program in programs(STAND_IN) {
        let report = run(&program, &context());
        let transfers: Vec<&Signature> = report
            .chains
            .iter()
            .filter(|signature| signature.chain == "bitcoin" && signature.kind != "message")
            .collect();
        assert!(!transfers.is_empty(), "{} signed no transfer", program.display());
        for transfer in &transfers {
            check_transfer(transfer);
        }
        println!("{}: {} Bitcoin transfers accepted", program.display(), transfers.len());
    }
}

fn check_transfer(signature: &Signature) {
    let bytes = hex::decode(&signature.encoded).unwrap();
    let transaction: Transaction = deserialize(&bytes).unwrap();
    assert_eq!(transaction.compute_txid().to_string(), signature.txid);
    let spent = outputs_spent(signature, &transaction);
    assert!(accepts(&bytes, &spent));
    check_fee(&transaction, &spent);
    check_psbts(signature, &transaction);
    // Every byte says something that a signature commits to, or is one.
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(!accepts(&bad, &spent), "accepted with byte {at} flipped");
    }
    let mut other_amount = spent;
    other_amount[0].value += 1;
    assert!(!accepts(&bytes, &other_amount), "accepted with another amount spent");
}

/// What the context said, at the address that the account claims; nothing from the signed transaction itself.
fn outputs_spent(signature: &Signature, transaction: &Transaction) -> Vec<Spent> {
    let address = Address::from_str(&signature.address).unwrap().require_network(Network::Regtest).unwrap();
    let known = context().bitcoin.unwrap().utxos;
    let spent = transaction.input.iter().map(|input| {
        let (txid, vout) = (input.previous_output.txid.to_string(), input.previous_output.vout);
        let utxo = known.iter().find(|utxo| utxo.txid == txid && utxo.vout == vout);
        Spent { script: address.script_pubkey(), value: utxo.expect("an output of the context").value }
    });
    spent.collect()
}

/// The context asks for 2.5 satoshi per virtual byte.
fn check_fee(transaction: &Transaction, spent: &[Spent]) {
    let inputs: u64 = spent.iter().map(|output| output.value).sum();
    let outputs: u64 = transaction.output.iter().map(|output| output.value.to_sat()).sum();
    let size = u64::try_from(transaction.vsize()).unwrap();
    assert_eq!(inputs - outputs, (size * 5).div_ceil(2));
}

/// Another implementation reads both PSBTs and extracts the same transaction.
fn check_psbts(signature: &Signature, transaction: &Transaction) {
    let unsigned = Psbt::deserialize(&hex::decode(&signature.unsigned).unwrap()).unwrap();
    assert_eq!(unsigned.unsigned_tx.compute_txid().to_string(), signature.txid);
    assert!(
        unsigned.inputs.iter().all(|input| input.witness_utxo.is_some() && input.tap_internal_key.is_some())
    );
    let signed = Psbt::deserialize(&hex::decode(&signature.signed).unwrap()).unwrap();
    assert_eq!(&signed.extract_tx().unwrap(), transaction);
}
