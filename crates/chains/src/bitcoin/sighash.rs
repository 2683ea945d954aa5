//! Signature hashes: BIP-341's for key-path spends without annex, BIP-143's, and the one that Bitcoin began with.

use sha2::{Digest, Sha256};

use super::model::{Output, Transaction, double_sha256, push_block};
use super::psbt::{Psbt, Sighash};
use super::script;
use super::spend::{Spend, Unlock};
use super::taproot::tagged_hash;

/// How the hashes before BIP-341 say that everything is signed.
const ALL: u32 = 1;

/// The hashes that all inputs share.
pub(super) struct Hashes {
    pub(super) prevouts: [u8; 32],
    pub(super) amounts: [u8; 32],
    pub(super) scripts: [u8; 32],
    pub(super) sequences: [u8; 32],
    pub(super) outputs: [u8; 32],
}

impl Hashes {
    pub(super) fn new(transaction: &Transaction, spent: &[&Output]) -> Self {
        let hash = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            write(&mut bytes);
            Sha256::digest(bytes).into()
        };
        Self {
            prevouts: hash(&|out| transaction.inputs.iter().for_each(|input| input.previous.write(out))),
            amounts: hash(&|out| spent.iter().for_each(|output| out.extend(output.value.to_le_bytes()))),
            scripts: hash(&|out| {
                spent.iter().for_each(|output| push_block(out, &output.script));
            }),
            sequences: hash(&|out| {
                transaction.inputs.iter().for_each(|input| out.extend(input.sequence.to_le_bytes()));
            }),
            outputs: hash(&|out| transaction.outputs.iter().for_each(|output| output.write(out))),
        }
    }
}

/// Returns what each input signs.
pub(super) fn of_psbt(psbt: &Psbt) -> Vec<[u8; 32]> {
    let spent: Vec<&Output> = psbt.inputs.iter().map(|input| &input.spent).collect();
    let hashes = Hashes::new(&psbt.transaction, &spent);
    psbt.inputs
        .iter()
        .enumerate()
        .map(|(index, input)| match Spend::of(&input.spent.script) {
            Some(Spend::Segwit) => segwit(&psbt.transaction, &hashes, &input.spent, index),
            Some(Spend::Legacy) => legacy(&psbt.transaction, &input.spent.script, index),
            Some(Spend::Taproot) | None => taproot(&psbt.transaction, &hashes, input.sighash, index),
        })
        .collect()
}

/// Returns what an input signs by BIP-341.
pub(super) fn taproot(
    transaction: &Transaction,
    hashes: &Hashes,
    sighash: Sighash,
    index: usize,
) -> [u8; 32] {
    const EPOCH: u8 = 0;
    const KEY_PATH_WITHOUT_ANNEX: u8 = 0;
    tagged_hash(
        "TapSighash",
        &[
            &[EPOCH, sighash.byte()],
            &transaction.version.to_le_bytes(),
            &transaction.lock_time.to_le_bytes(),
            &hashes.prevouts,
            &hashes.amounts,
            &hashes.scripts,
            &hashes.sequences,
            &hashes.outputs,
            &[KEY_PATH_WITHOUT_ANNEX],
            &u32::try_from(index).unwrap_or(u32::MAX).to_le_bytes(),
        ],
    )
}

/// Returns what an input that spends a P2WPKH output signs by BIP-143, whose hashes are BIP-341's once more hashed.
pub(super) fn segwit(transaction: &Transaction, hashes: &Hashes, spent: &Output, index: usize) -> [u8; 32] {
    let again = |hash: [u8; 32]| Sha256::digest(hash);
    let mut bytes = transaction.version.to_le_bytes().to_vec();
    bytes.extend(again(hashes.prevouts));
    bytes.extend(again(hashes.sequences));
    if let Some(input) = transaction.inputs.get(index) {
        input.previous.write(&mut bytes);
        push_block(&mut bytes, &script::behind_p2wpkh(&spent.script));
        bytes.extend(spent.value.to_le_bytes());
        bytes.extend(input.sequence.to_le_bytes());
    }
    bytes.extend(again(hashes.outputs));
    bytes.extend(transaction.lock_time.to_le_bytes());
    bytes.extend(ALL.to_le_bytes());
    double_sha256(&bytes)
}

/// Returns what an input signs without BIPs: the transaction in which its script is that of the output it spends, and
/// those of all others are empty.
pub(super) fn legacy(transaction: &Transaction, script: &[u8], index: usize) -> [u8; 32] {
    let scripts: Vec<Unlock> = (0..transaction.inputs.len())
        .map(|other| Unlock::Script(if other == index { script.to_vec() } else { Vec::new() }))
        .collect();
    let mut bytes = transaction.encode_signed(&scripts);
    bytes.extend(ALL.to_le_bytes());
    double_sha256(&bytes)
}
