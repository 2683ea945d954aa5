//! Bitcoin Core's script engine judges P2WPKH, P2PKH, and transactions that spend outputs of both Bitcoin keys.

use bitcoin::ScriptBuf;
use bitcoinconsensus::{Utxo as Spent, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT, verify_with_flags};
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::AffineCoordinates;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::{Scalar, SecretKey, U256, schnorr};
use quorate_chains::{
    AccountKeys, Chain, Intent, Network, PublicKey, SignedTransaction, UnsignedTransaction, address, attach,
    build, decode, import,
};
use quorate_primitives::KeyPurpose;
use sha2::{Digest, Sha256};

use crate::key_hash_oracle::{Key, context, funded, own_script};
use crate::lines::Random;

const NETWORK: Network = Network::Regtest;

/// Whether the engine accepts every input.
fn accepts(transaction: &[u8], spent: &[(u64, Vec<u8>)]) -> bool {
    (0..spent.len()).all(|index| accepts_input(transaction, spent, index))
}

fn accepts_input(transaction: &[u8], spent: &[(u64, Vec<u8>)], index: usize) -> bool {
    let outputs: Vec<Spent> = spent
        .iter()
        .map(|(value, script)| Spent {
            script_pubkey: script.as_ptr(),
            script_pubkey_len: script.len().try_into().unwrap(),
            value: (*value).try_into().unwrap(),
        })
        .collect();
    let (value, script) = &spent[index];
    let flags = VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT;
    verify_with_flags(script, *value, transaction, Some(&outputs), index, flags).is_ok()
}

/// BIP-143's signed transaction is accepted, and with a flipped signature or another amount it is not.
#[test]
fn g3_the_engine_refuses_a_bad_signature_and_a_lie_about_the_amount_of_bip_143() {
    let signed = hex::decode(
        "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6\
         a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4\
         cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb2\
         06000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d5\
         0ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c\
         4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f6\
         2fc70f07aeee635711000000",
    )
    .unwrap();
    let key = "2103c9f4836b9a4f77fc0d81f7bcb01b7f1b35916864b9476c241ce9fc198bd25432ac";
    let hash = "00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1";
    let script = |text: &str| ScriptBuf::from_hex(text).unwrap().into_bytes();
    let mut spent = vec![(625_000_000, script(key)), (600_000_000, script(hash))];
    assert!(accepts(&signed, &spent));
    for at in [60, signed.len() - 60] {
        let mut bad = signed.clone();
        bad[at] ^= 1;
        assert!(!accepts(&bad, &spent), "byte {at}");
    }
    spent[1].0 += 1;
    assert!(!accepts_input(&signed, &spent, 1));
}

/// The engine accepts the transaction, and refuses it with any byte flipped.
fn check(signed: &SignedTransaction, spent: &[(u64, Vec<u8>)]) {
    let bytes = hex::decode(signed.encoded()).unwrap();
    assert!(accepts(&bytes, spent));
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(!accepts(&bad, spent), "accepted with byte {at} flipped");
    }
}

#[test]
fn transfers_are_accepted_and_refused_with_any_byte_flipped() {
    let mut random = Random(0x5eed_c0de);
    for chain in [Chain::BitcoinSegwit, Chain::Dogecoin] {
        for _ in 0..8 {
            let key = Key::drawn(&mut random);
            let script = own_script(chain, &key.public());
            let utxos: Vec<_> = (1..=3).map(|n| funded(&mut random, &script, 400_000_000 + n)).collect();
            let to = address(chain, NETWORK, &Key::drawn(&mut random).public()).unwrap().to_string();
            let intent = Intent::Transfer { to, amount: "9".into(), memo: None };
            let facts = context(chain, utxos.clone(), 700_000);
            let facts =
                if chain == Chain::BitcoinSegwit { context(chain, utxos.clone(), 20_000) } else { facts };
            let unsigned = build(chain, NETWORK, &key.public(), &intent, &facts).unwrap();
            let decoded = decode(&unsigned, &key.public()).unwrap();
            let signed = attach(&unsigned, &key.public(), &key.sign(&decoded)).unwrap();
            let value = |txid: String, vout: u32| {
                utxos.iter().find(|utxo| utxo.txid == txid && utxo.vout == vout).expect("an output").value
            };
            let transaction: bitcoin::Transaction =
                bitcoin::consensus::deserialize(&hex::decode(signed.encoded()).unwrap()).unwrap();
            assert_eq!(transaction.compute_txid().to_string(), signed.txid());
            let spent: Vec<_> = transaction
                .input
                .iter()
                .map(|input| {
                    let point = input.previous_output;
                    (value(point.txid.to_string(), point.vout), script.clone())
                })
                .collect();
            assert_eq!(spent.len(), 3);
            check(&signed, &spent);
        }
    }
}

/// BIP-341's tweak of a secret.
fn output_secret(key: &SecretKey) -> Scalar {
    let point = *key.public_key().as_affine();
    let secret = *key.to_nonzero_scalar();
    let even = if bool::from(point.y_is_odd()) { -secret } else { secret };
    let tag = Sha256::digest("TapTweak");
    let tweak = Sha256::new().chain_update(tag).chain_update(tag).chain_update(point.x()).finalize();
    even + <Scalar as Reduce<U256>>::reduce_bytes(&tweak)
}

/// The `bitcoin` crate puts outputs of both keys of an account into one PSBT; both keys sign it.
#[test]
fn transactions_of_both_keys_are_accepted_and_refused_with_any_byte_flipped() {
    let mut random = Random(0x5eed_0341);
    for round in 0..8 {
        let ecdsa = Key::drawn(&mut random);
        let secret = SecretKey::from_slice(&random.bytes::<32>()).unwrap();
        let point = secret.public_key().to_encoded_point(true);
        let taproot = PublicKey::Secp256k1(point.as_bytes().try_into().unwrap());
        let tweaked = schnorr::SigningKey::from_bytes(&output_secret(&secret).to_bytes()).unwrap();
        let p2tr = [&[0x51, 32], &tweaked.verifying_key().to_bytes()[..]].concat();
        let p2wpkh = own_script(Chain::BitcoinSegwit, &ecdsa.public());
        let scripts = if round % 2 == 0 { [p2wpkh, p2tr] } else { [p2tr, p2wpkh] };
        let utxos: Vec<_> = scripts.iter().map(|script| funded(&mut random, script, 500_000)).collect();
        let bytes = psbt(&utxos, &scripts);
        let signed = [Chain::Bitcoin, Chain::BitcoinSegwit].map(|chain| {
            let keys = match chain {
                Chain::Bitcoin => {
                    AccountKeys::from(&taproot).beside(KeyPurpose::EcdsaSecp256k1, ecdsa.public())
                }
                _ => AccountKeys::from(&ecdsa.public()).beside(KeyPurpose::Bip340Secp256k1, taproot),
            };
            let unsigned: UnsignedTransaction = import(chain, NETWORK, &bytes).unwrap();
            let decoded = decode(&unsigned, keys).unwrap();
            assert!(decode(&unsigned, &ecdsa.public()).is_err() && decode(&unsigned, &taproot).is_err());
            let by_ecdsa = ecdsa.sign(&decoded);
            let signatures: Vec<_> = decoded
                .requests
                .iter()
                .zip(by_ecdsa)
                .map(|(request, by_ecdsa)| match request.purpose() {
                    KeyPurpose::EcdsaSecp256k1 => by_ecdsa,
                    _ => tweaked.sign_raw(&request.payload, &[0; 32]).unwrap().to_bytes(),
                })
                .collect();
            attach(&unsigned, keys, &signatures).unwrap()
        });
        assert_eq!(signed[0].encoded(), signed[1].encoded());
        let spent = scripts.map(|script| (500_000, script));
        check(&signed[0], &spent);
        let theirs = bitcoin::Psbt::deserialize(signed[0].bytes()).unwrap().extract_tx().unwrap();
        assert_eq!(bitcoin::consensus::encode::serialize_hex(&theirs), signed[0].encoded());
    }
}

/// One payment of nearly everything, in which every input says all that can be said.
fn psbt(utxos: &[quorate_chains::Utxo], scripts: &[Vec<u8>]) -> Vec<u8> {
    use bitcoin::{Amount, OutPoint, Psbt, Sequence, Transaction, TxIn, TxOut, Witness};
    let input = utxos.iter().map(|utxo| TxIn {
        previous_output: OutPoint { txid: utxo.txid.parse().unwrap(), vout: utxo.vout },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    });
    let output = |value, script: Vec<u8>| TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_bytes(script),
    };
    let transaction = Transaction {
        version: bitcoin::transaction::Version::TWO,
        lock_time: bitcoin::absolute::LockTime::ZERO,
        input: input.collect(),
        output: vec![
            output(900_000, [&[0, 20], [9; 20].as_slice()].concat()),
            output(99_000, scripts[0].clone()),
        ],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction).unwrap();
    for ((map, utxo), script) in psbt.inputs.iter_mut().zip(utxos).zip(scripts) {
        let previous = hex::decode(utxo.transaction.as_ref().unwrap()).unwrap();
        map.non_witness_utxo = Some(bitcoin::consensus::deserialize(&previous).unwrap());
        map.witness_utxo = Some(output(utxo.value, script.clone()));
    }
    psbt.serialize()
}
