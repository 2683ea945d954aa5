//! BIP-341's signature hash for key-path spends without annex.

use sha2::{Digest, Sha256};

use super::model::{Output, Transaction};
use super::psbt::{Psbt, Sighash};
use super::taproot::tagged_hash;

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
                spent.iter().for_each(|output| super::model::push_block(out, &output.script));
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
    (0..)
        .zip(&psbt.inputs)
        .map(|(index, input)| of_input(&psbt.transaction, &hashes, input.sighash, index))
        .collect()
}

/// Returns what one input signs.
pub(super) fn of_input(transaction: &Transaction, hashes: &Hashes, sighash: Sighash, index: u32) -> [u8; 32] {
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
            &index.to_le_bytes(),
        ],
    )
}
