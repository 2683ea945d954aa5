//! Transactions and their consensus encoding.

use sha2::{Digest, Sha256};

use super::BitcoinRefusal;
use super::spend::Unlock;
use crate::error::ChainError;
use crate::reader::Reader;

/// No chain here has as many base units.
const MAX_VALUE: u64 = 1 << 60;

/// A transaction without signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) version: u32,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<Output>,
    pub(super) lock_time: u32,
}

/// What an input spends. Its script is empty until it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) previous: OutPoint,
    pub(super) sequence: u32,
}

/// An output of an earlier transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OutPoint {
    /// In the order of the encoding, the reverse of what explorers show.
    pub(super) txid: [u8; 32],
    pub(super) vout: u32,
}

/// An amount and who may spend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) value: u64,
    pub(super) script: Vec<u8>,
}

impl Transaction {
    /// Reads an unsigned transaction to its last byte.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let mut reader = Reader::new("bitcoin transaction", bytes);
        let version = reader.u32()?;
        if !(1..=2).contains(&version) {
            return Err(BitcoinRefusal::Version { version }.into());
        }
        let inputs = (0..compact(&mut reader)?)
            .enumerate()
            .map(|(index, _)| {
                let previous = OutPoint::read(&mut reader)?;
                if compact(&mut reader)? != 0 {
                    return Err(BitcoinRefusal::AlreadySigned { index }.into());
                }
                Ok(Input { previous, sequence: reader.u32()? })
            })
            .collect::<Result<_, ChainError>>()?;
        let outputs =
            (0..compact(&mut reader)?).map(|_| Output::read(&mut reader)).collect::<Result<_, _>>()?;
        let lock_time = reader.u32()?;
        reader.finish()?;
        Ok(Self { version, inputs, outputs, lock_time })
    }

    /// Returns the encoding without signatures.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_with(&[], false)
    }

    /// Returns the encoding with signatures, one per input.
    pub(super) fn encode_signed(&self, unlocks: &[Unlock]) -> Vec<u8> {
        self.encode_with(unlocks, unlocks.iter().any(|unlock| matches!(unlock, Unlock::Witness(_))))
    }

    /// Returns what the network knows the transaction by, once it is signed: witnesses have no part in it.
    pub(super) fn txid(&self, unlocks: &[Unlock]) -> [u8; 32] {
        double_sha256(&self.encode_with(unlocks, false))
    }

    fn encode_with(&self, unlocks: &[Unlock], with_witnesses: bool) -> Vec<u8> {
        let mut out = self.version.to_le_bytes().to_vec();
        if with_witnesses {
            out.extend([0, 1]);
        }
        push_compact(&mut out, self.inputs.len());
        for (index, input) in self.inputs.iter().enumerate() {
            input.previous.write(&mut out);
            match unlocks.get(index) {
                Some(Unlock::Script(script)) => push_block(&mut out, script),
                Some(Unlock::Witness(_)) | None => push_compact(&mut out, 0),
            }
            out.extend(input.sequence.to_le_bytes());
        }
        push_compact(&mut out, self.outputs.len());
        for output in &self.outputs {
            output.write(&mut out);
        }
        for unlock in unlocks.iter().filter(|_| with_witnesses) {
            match unlock {
                Unlock::Witness(elements) => out.extend(stack(elements)),
                Unlock::Script(_) => out.push(0),
            }
        }
        out.extend(self.lock_time.to_le_bytes());
        out
    }
}

impl OutPoint {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ChainError> {
        Ok(Self { txid: reader.array()?, vout: reader.u32()? })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.txid);
        out.extend(self.vout.to_le_bytes());
    }
}

impl Output {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ChainError> {
        let value = reader.u64()?;
        if value > MAX_VALUE {
            return Err(reader.malformed());
        }
        Ok(Self { value, script: block(reader)?.to_vec() })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.value.to_le_bytes());
        push_block(out, &self.script);
    }

    /// How long [`Output::write`]'s result is.
    pub(super) fn len(&self) -> usize {
        let mut out = Vec::with_capacity(self.script.len().saturating_add(9));
        self.write(&mut out);
        out.len()
    }
}

/// An earlier transaction, as far as spending its outputs needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) txid: [u8; 32],
    pub(super) outputs: Vec<Output>,
    /// The transaction without its witnesses, which the id is the hash of.
    pub(super) bytes: Vec<u8>,
}

impl Previous {
    /// Returns an output by its number.
    pub(super) fn output(&self, vout: u32) -> Option<&Output> {
        self.outputs.get(usize::try_from(vout).ok()?)
    }
}

/// Reads any transaction, signed or not.
pub(super) fn parse_previous(bytes: &[u8]) -> Result<Previous, ChainError> {
    let mut reader = Reader::new("previous bitcoin transaction", bytes);
    let mut stripped = reader.array::<4>()?.to_vec();
    let has_witness = reader.rest().starts_with(&[0, 1]);
    if has_witness {
        reader.take(2)?;
    }
    let body = reader.rest();
    let inputs = compact(&mut reader)?;
    for _ in 0..inputs {
        OutPoint::read(&mut reader)?;
        block(&mut reader)?;
        reader.u32()?;
    }
    let outputs = (0..compact(&mut reader)?).map(|_| Output::read(&mut reader)).collect::<Result<_, _>>()?;
    let body_len = body.len().saturating_sub(reader.rest().len());
    stripped.extend(body.iter().take(body_len));
    if has_witness {
        for _ in 0..inputs {
            for _ in 0..compact(&mut reader)? {
                block(&mut reader)?;
            }
        }
    }
    stripped.extend(reader.array::<4>()?);
    reader.finish()?;
    Ok(Previous { txid: double_sha256(&stripped), outputs, bytes: stripped })
}

/// Returns a transaction id as explorers show it.
pub(super) fn display_txid(mut txid: [u8; 32]) -> String {
    txid.reverse();
    hex::encode(txid)
}

pub(super) fn double_sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// Returns the encoding of a witness.
pub(super) fn stack(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    push_compact(&mut out, elements.len());
    for element in elements {
        push_block(&mut out, element);
    }
    out
}

/// Reads a length in its shortest spelling.
pub(super) fn compact(reader: &mut Reader<'_>) -> Result<u64, ChainError> {
    let (value, least) = match reader.byte()? {
        0xfd => (u64::from(reader.u16()?), 0xfd),
        0xfe => (u64::from(reader.u32()?), 0x1_0000),
        0xff => (reader.u64()?, 0x1_0000_0000),
        byte => (u64::from(byte), 0),
    };
    if value < least { Err(reader.malformed()) } else { Ok(value) }
}

pub(super) fn push_compact(out: &mut Vec<u8>, value: usize) {
    match value {
        0..=0xfc => out.extend(value.to_le_bytes().first()),
        0xfd..=0xffff => {
            out.push(0xfd);
            out.extend(value.to_le_bytes().iter().take(2));
        }
        _ => {
            // Nothing that is encoded here has 2^32 elements or bytes.
            out.push(0xfe);
            out.extend(value.to_le_bytes().iter().take(4));
        }
    }
}

/// Reads bytes behind their length.
pub(super) fn block<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ChainError> {
    let len = usize::try_from(compact(reader)?).map_err(|_| reader.malformed())?;
    reader.take(len)
}

pub(super) fn push_block(out: &mut Vec<u8>, bytes: &[u8]) {
    push_compact(out, bytes.len());
    out.extend(bytes);
}
