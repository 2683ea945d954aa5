//! Transactions and their consensus encoding.

use sha2::{Digest, Sha256};

use super::{BitcoinRefusal, MAX_MONEY};
use crate::error::ChainError;
use crate::reader::Reader;

/// A transaction without signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) version: u32,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<Output>,
    pub(super) lock_time: u32,
}

/// What an input spends. Its script is empty: every input here is spent by witness.
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

    /// Returns the encoding without witnesses, which the id is the hash of.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_with(&[], &[])
    }

    /// Returns the encoding with one witness of one element per input.
    pub(super) fn encode_signed(&self, witnesses: &[Vec<u8>]) -> Vec<u8> {
        self.encode_with(&[0, 1], witnesses)
    }

    fn encode_with(&self, marker: &[u8], witnesses: &[Vec<u8>]) -> Vec<u8> {
        let mut out = self.version.to_le_bytes().to_vec();
        out.extend(marker);
        push_compact(&mut out, self.inputs.len());
        for input in &self.inputs {
            input.previous.write(&mut out);
            push_compact(&mut out, 0);
            out.extend(input.sequence.to_le_bytes());
        }
        push_compact(&mut out, self.outputs.len());
        for output in &self.outputs {
            output.write(&mut out);
        }
        for element in witnesses {
            out.extend(stack(element));
        }
        out.extend(self.lock_time.to_le_bytes());
        out
    }

    pub(super) fn txid(&self) -> [u8; 32] {
        double_sha256(&self.encode())
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
        if value > MAX_MONEY {
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

/// Reads any transaction, signed or not, and returns its id and outputs.
pub(super) fn parse_previous(bytes: &[u8]) -> Result<([u8; 32], Vec<Output>), ChainError> {
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
    Ok((double_sha256(&stripped), outputs))
}

/// Returns a transaction id as explorers show it.
pub(super) fn display_txid(mut txid: [u8; 32]) -> String {
    txid.reverse();
    hex::encode(txid)
}

pub(super) fn double_sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// A witness of one element.
pub(super) fn stack(element: &[u8]) -> Vec<u8> {
    let mut out = vec![1];
    push_block(&mut out, element);
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
