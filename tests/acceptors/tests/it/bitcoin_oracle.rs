//! The `bitcoin` crate beside ours, on transactions drawn at random.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::key::{Secp256k1, TapTweak as _};
use bitcoin::psbt::PsbtSighashType;
use bitcoin::sighash::{Prevouts, SighashCache, TapSighashType};
use bitcoin::transaction::Version;
use bitcoin::{
    Address, Amount, Network, OutPoint, Psbt, PubkeyHash, ScriptBuf, ScriptHash, Sequence, Transaction, TxIn,
    TxOut, Txid, WPubkeyHash, WScriptHash, Witness, XOnlyPublicKey,
};
use k256::elliptic_curve::sec1::ToEncodedPoint;
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_chains::{Chain, PublicKey, UnsignedTransaction, address, decode, import, parse_address};

fn key(seed: [u8; 32]) -> Option<(PublicKey, XOnlyPublicKey)> {
    let key = k256::SecretKey::from_slice(&seed).ok()?.public_key().to_encoded_point(true);
    let ours = PublicKey::Secp256k1(key.as_bytes().try_into().unwrap());
    Some((ours, XOnlyPublicKey::from_slice(&key.as_bytes()[1..]).unwrap()))
}

fn script_of(key: XOnlyPublicKey) -> ScriptBuf {
    ScriptBuf::new_p2tr(&Secp256k1::verification_only(), key, None)
}

fn any_script() -> impl Strategy<Value = ScriptBuf> {
    let hash = any::<[u8; 20]>();
    prop_oneof![
        hash.prop_map(|hash| ScriptBuf::new_p2pkh(&PubkeyHash::from_byte_array(hash))),
        hash.prop_map(|hash| ScriptBuf::new_p2sh(&ScriptHash::from_byte_array(hash))),
        hash.prop_map(|hash| ScriptBuf::new_p2wpkh(&WPubkeyHash::from_byte_array(hash))),
        any::<[u8; 32]>().prop_map(|hash| ScriptBuf::new_p2wsh(&WScriptHash::from_byte_array(hash))),
        any::<[u8; 32]>().prop_filter_map("no key", |seed| key(seed).map(|(_, key)| script_of(key))),
    ]
}

/// The parts of a PSBT that the account could have to sign.
#[derive(Debug)]
struct Drawn {
    seed: [u8; 32],
    version: i32,
    lock_time: u32,
    inputs: Vec<([u8; 32], u32, u32, Option<bool>)>,
    outputs: Vec<(u64, ScriptBuf)>,
    fee: u64,
}

prop_compose! {
    fn any_drawn()(
        seed: [u8; 32], version in 1..=2, lock_time: u32,
        inputs in vec((any::<[u8; 32]>(), any::<u32>(), 0x8000_0000_u32..=u32::MAX, any::<Option<bool>>()), 1..5),
        outputs in vec((600_u64..10_000_000, any_script()), 1..5),
        fee in 0_u64..50_000,
    ) -> Drawn {
        Drawn { seed, version, lock_time, inputs, outputs, fee }
    }
}

/// Puts the whole value into the first input, and the least into the others.
fn psbt(drawn: &Drawn, internal: XOnlyPublicKey) -> (Psbt, Vec<TxOut>) {
    let transaction = Transaction {
        version: Version(drawn.version),
        lock_time: LockTime::from_consensus(drawn.lock_time),
        input: drawn
            .inputs
            .iter()
            .map(|(txid, vout, sequence, _)| TxIn {
                previous_output: OutPoint { txid: Txid::from_byte_array(*txid), vout: *vout },
                script_sig: ScriptBuf::new(),
                sequence: Sequence(*sequence),
                witness: Witness::new(),
            })
            .collect(),
        output: drawn
            .outputs
            .iter()
            .map(|(value, script)| TxOut { value: Amount::from_sat(*value), script_pubkey: script.clone() })
            .collect(),
    };
    let total: u64 = drawn.outputs.iter().map(|(value, _)| value).sum::<u64>() + drawn.fee;
    let spent: Vec<TxOut> = (0..drawn.inputs.len())
        .map(|index| {
            let others = u64::try_from(drawn.inputs.len() - 1).unwrap();
            let value = if index == 0 { total - others } else { 1 };
            TxOut { value: Amount::from_sat(value), script_pubkey: script_of(internal) }
        })
        .collect();
    let mut psbt = Psbt::from_unsigned_tx(transaction).unwrap();
    for ((input, output), (.., all)) in psbt.inputs.iter_mut().zip(&spent).zip(&drawn.inputs) {
        input.witness_utxo = Some(output.clone());
        input.sighash_type = all.map(|all| PsbtSighashType::from(sighash_type(Some(all))));
        // What other wallets write and nobody here needs.
        input.tap_key_origins.insert(internal, Default::default());
    }
    (psbt, spent)
}

fn sighash_type(all: Option<bool>) -> TapSighashType {
    if all == Some(true) { TapSighashType::All } else { TapSighashType::Default }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn signature_hashes_are_the_same(drawn in any_drawn()) {
        let Some((ours, internal)) = key(drawn.seed) else { return Ok(()) };
        let (psbt, spent) = psbt(&drawn, internal);
        let network = quorate_chains::Network::Regtest;
        let unsigned = import(Chain::Bitcoin, network, &psbt.serialize()).unwrap();
        let decoded = match decode(&unsigned, &ours) {
            Ok(decoded) => decoded,
            // Fees are drawn beyond the cap, and two inputs of one kind are rare.
            Err(error) => {
                let text = error.to_string();
                prop_assert!(text.contains("base units per virtual byte"), "{}", text);
                return Ok(());
            }
        };
        let mut cache = SighashCache::new(&psbt.unsigned_tx);
        for (index, request) in decoded.requests.iter().enumerate() {
            let kind = sighash_type(drawn.inputs[index].3);
            let hash = cache.taproot_key_spend_signature_hash(index, &Prevouts::All(&spent), kind).unwrap();
            prop_assert_eq!(&request.payload, &hash.to_byte_array());
        }
        let again = Psbt::deserialize(&unsigned.bytes).unwrap();
        prop_assert_eq!(&again.unsigned_tx, &psbt.unsigned_tx);
        prop_assert_eq!(decoded.requests.len(), psbt.unsigned_tx.input.len());
    }

    #[test]
    fn accounts_have_the_same_address(seed: [u8; 32]) {
        let Some((ours, internal)) = key(seed) else { return Ok(()) };
        let secp = Secp256k1::verification_only();
        for (network, theirs) in [
            (quorate_chains::Network::Mainnet, Network::Bitcoin),
            (quorate_chains::Network::Testnet, Network::Testnet),
            (quorate_chains::Network::Regtest, Network::Regtest),
        ] {
            let address = address(Chain::Bitcoin, network, &ours).unwrap();
            prop_assert_eq!(address.to_string(), Address::p2tr(&secp, internal, None, theirs).to_string());
            let (output, _) = internal.tap_tweak(&secp, None);
            prop_assert_eq!(address.to_string(), Address::p2tr_tweaked(output, theirs).to_string());
        }
    }

    #[test]
    fn addresses_of_every_kind_are_read_the_same(script in any_script()) {
        for (network, theirs) in [
            (quorate_chains::Network::Mainnet, Network::Bitcoin),
            (quorate_chains::Network::Testnet, Network::Testnet),
            (quorate_chains::Network::Regtest, Network::Regtest),
        ] {
            let text = Address::from_script(&script, theirs).unwrap().to_string();
            prop_assert_eq!(parse_address(Chain::Bitcoin, network, &text).unwrap().to_string(), text);
        }
    }

    /// Whatever our strict parser accepts, the other one reads as the same transaction.
    #[test]
    fn what_is_accepted_is_a_psbt(drawn in any_drawn(), at: prop::sample::Index, byte: u8) {
        let Some((ours, internal)) = key(drawn.seed) else { return Ok(()) };
        let network = quorate_chains::Network::Regtest;
        let unsigned = import(Chain::Bitcoin, network, &psbt(&drawn, internal).0.serialize()).unwrap();
        let mut bytes = unsigned.bytes;
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mutated = UnsignedTransaction { chain: Chain::Bitcoin, network, bytes };
        if let Ok(decoded) = decode(&mutated, &ours) {
            let psbt = Psbt::deserialize(&mutated.bytes).unwrap();
            prop_assert_eq!(psbt.inputs.len(), decoded.requests.len());
        }
    }
}
