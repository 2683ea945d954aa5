//! PSBT version 0 (BIP-174, BIP-371), as far as Taproot key paths need it.
//!
//! [`Psbt::import`] reads what other wallets write: fields that say nothing about what is signed are dropped, every
//! other field that is not known is refused. [`Psbt::parse`] reads only what [`Psbt::encode`] writes.

use std::collections::BTreeSet;

use super::model::{Output, Transaction, block, compact, parse_previous, push_block, push_compact, stack};
use super::{BitcoinRefusal, MAX_UNSIGNED};
use crate::error::ChainError;
use crate::reader::Reader;
use crate::transaction::MAX_TRANSACTION;

const WHAT: &str = "PSBT";
const MAGIC: &[u8; 5] = b"psbt\xff";

/// Types of global fields.
mod global {
    pub(super) const TRANSACTION: u64 = 0x00;
    pub(super) const XPUB: u64 = 0x01;
    pub(super) const VERSION: u64 = 0xfb;
}

/// Types of input fields.
mod input {
    pub(super) const PREVIOUS: u64 = 0x00;
    pub(super) const SPENT: u64 = 0x01;
    pub(super) const PARTIAL_SIGNATURE: u64 = 0x02;
    pub(super) const SIGHASH: u64 = 0x03;
    pub(super) const BIP32: u64 = 0x06;
    pub(super) const FINAL_SCRIPT: u64 = 0x07;
    pub(super) const FINAL_WITNESS: u64 = 0x08;
    pub(super) const TAP_KEY_SIGNATURE: u64 = 0x13;
    pub(super) const TAP_SCRIPT_SIGNATURE: u64 = 0x14;
    pub(super) const TAP_BIP32: u64 = 0x16;
    pub(super) const TAP_INTERNAL_KEY: u64 = 0x17;
}

/// Types of output fields, all of them about keys and scripts and not about what is paid.
mod output {
    pub(super) const REDEEM_SCRIPT: u64 = 0x00;
    pub(super) const WITNESS_SCRIPT: u64 = 0x01;
    pub(super) const BIP32: u64 = 0x02;
    pub(super) const TAP_INTERNAL_KEY: u64 = 0x05;
    pub(super) const TAP_TREE: u64 = 0x06;
    pub(super) const TAP_BIP32: u64 = 0x07;
}

/// A transaction with what each input spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Psbt {
    pub(super) transaction: Transaction,
    /// As many as the transaction has.
    pub(super) inputs: Vec<PsbtInput>,
}

/// What the signature of an input needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PsbtInput {
    pub(super) spent: Output,
    pub(super) sighash: Sighash,
    pub(super) internal_key: Option<[u8; 32]>,
}

/// The two ways of signing the whole transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighash {
    /// Says nothing in the signature.
    Default,
    /// Says so in a byte behind the signature.
    All,
}

impl Sighash {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Default => 0,
            Self::All => 1,
        }
    }

    /// Returns a signature as a witness holds it.
    fn witness(self, signature: &[u8; 64]) -> Vec<u8> {
        match self {
            Self::Default => signature.to_vec(),
            Self::All => [signature.as_slice(), &[self.byte()]].concat(),
        }
    }
}

impl Psbt {
    /// Reads what [`Psbt::encode`] writes and nothing else.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > MAX_UNSIGNED {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: MAX_UNSIGNED });
        }
        let psbt = Self::import(bytes)?;
        if psbt.encode() != bytes {
            return Err(ChainError::NotCanonical { what: WHAT });
        }
        Ok(psbt)
    }

    /// Reads an unsigned PSBT of any wallet.
    pub(super) fn import(bytes: &[u8]) -> Result<Self, ChainError> {
        let mut maps = Maps::new(bytes)?;
        let transaction = global_map(&mut maps)?;
        let mut inputs = Vec::new();
        for (index, spends) in transaction.inputs.iter().enumerate() {
            let mut fields = InputFields::default();
            maps.each_field(|field| fields.add(index, &field))?;
            inputs.push(fields.finish(index, spends.previous)?);
        }
        for index in 0..transaction.outputs.len() {
            maps.each_field(|field| match field.kind {
                output::REDEEM_SCRIPT | output::WITNESS_SCRIPT | output::TAP_TREE => field.shape(&[0], None),
                output::BIP32 => field.shape(&[33, 65], None),
                output::TAP_BIP32 => field.shape(&[32], None),
                output::TAP_INTERNAL_KEY => field.shape(&[0], Some(32)),
                kind => Err(BitcoinRefusal::Field { map: "output", index, field: kind }.into()),
            })?;
        }
        maps.finish()?;
        Ok(Self { transaction, inputs })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_with(|input, out| {
            if input.sighash == Sighash::All {
                push_field(out, input::SIGHASH, &u32::from(Sighash::All.byte()).to_le_bytes());
            }
            if let Some(key) = &input.internal_key {
                push_field(out, input::TAP_INTERNAL_KEY, key);
            }
        })
    }

    /// Returns the PSBT with the final witness of each input, and nothing but what verifying needs beside it.
    pub(super) fn finalize(&self, signatures: &[[u8; 64]]) -> Result<Vec<u8>, ChainError> {
        let witnesses = self.witnesses(signatures)?;
        let mut witnesses = witnesses.iter();
        Ok(self.encode_with(|_, out| {
            if let Some(element) = witnesses.next() {
                push_field(out, input::FINAL_WITNESS, &stack(element));
            }
        }))
    }

    /// Reads what [`Psbt::finalize`] wrote.
    pub(super) fn parse_final(bytes: &[u8]) -> Result<(Self, Vec<[u8; 64]>), ChainError> {
        if bytes.len() > MAX_TRANSACTION {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: MAX_TRANSACTION });
        }
        let mut maps = Maps::new(bytes)?;
        let transaction = global_map(&mut maps)?;
        let (mut inputs, mut signatures) = (Vec::new(), Vec::new());
        for index in 0..transaction.inputs.len() {
            let (mut spent, mut signed) = (None, None);
            maps.each_field(|field| {
                match field.kind {
                    input::SPENT => spent = Some(field.output()?),
                    input::FINAL_WITNESS => signed = Some(field.signature()?),
                    kind => return Err(BitcoinRefusal::Field { map: "input", index, field: kind }.into()),
                }
                Ok(())
            })?;
            let (sighash, signature) = signed.ok_or(ChainError::Malformed { what: WHAT })?;
            let spent = spent.ok_or(BitcoinRefusal::MissingOutput { index })?;
            inputs.push(PsbtInput { spent, sighash, internal_key: None });
            signatures.push(signature);
        }
        for index in 0..transaction.outputs.len() {
            maps.each_field(|field| {
                Err(BitcoinRefusal::Field { map: "output", index, field: field.kind }.into())
            })?;
        }
        maps.finish()?;
        let psbt = Self { transaction, inputs };
        if psbt.finalize(&signatures)? != bytes {
            return Err(ChainError::NotCanonical { what: WHAT });
        }
        Ok((psbt, signatures))
    }

    /// Returns the transaction that the network takes.
    pub(super) fn extract(&self, signatures: &[[u8; 64]]) -> Result<Vec<u8>, ChainError> {
        Ok(self.transaction.encode_signed(&self.witnesses(signatures)?))
    }

    fn witnesses(&self, signatures: &[[u8; 64]]) -> Result<Vec<Vec<u8>>, ChainError> {
        if signatures.len() != self.inputs.len() {
            return Err(ChainError::SignatureCount { expected: self.inputs.len(), found: signatures.len() });
        }
        let pairs = self.inputs.iter().zip(signatures);
        Ok(pairs.map(|(input, signature)| input.sighash.witness(signature)).collect())
    }

    fn encode_with(&self, mut more: impl FnMut(&PsbtInput, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        push_field(&mut out, global::TRANSACTION, &self.transaction.encode());
        out.push(0);
        for input in &self.inputs {
            let mut spent = Vec::new();
            input.spent.write(&mut spent);
            push_field(&mut out, input::SPENT, &spent);
            more(input, &mut out);
            out.push(0);
        }
        out.extend(self.transaction.outputs.iter().map(|_| 0));
        out
    }
}

fn global_map(maps: &mut Maps<'_>) -> Result<Transaction, ChainError> {
    let mut transaction = None;
    maps.each_field(|field| {
        match field.kind {
            global::TRANSACTION => transaction = Some(Transaction::parse(field.alone()?)?),
            global::XPUB => field.shape(&[78], None)?,
            global::VERSION if field.alone()? == [0; 4] => {}
            kind => return Err(BitcoinRefusal::Field { map: "global map", index: 0, field: kind }.into()),
        }
        Ok(())
    })?;
    transaction.ok_or(ChainError::Malformed { what: WHAT })
}

/// What has been read of an input's map.
#[derive(Default)]
struct InputFields {
    previous: Option<([u8; 32], Vec<Output>)>,
    spent: Option<Output>,
    sighash: Option<u32>,
    internal_key: Option<[u8; 32]>,
}

impl InputFields {
    fn add(&mut self, index: usize, field: &Field<'_>) -> Result<(), ChainError> {
        match field.kind {
            input::PREVIOUS => self.previous = Some(parse_previous(field.alone()?)?),
            input::SPENT => self.spent = Some(field.output()?),
            input::SIGHASH => self.sighash = Some(u32::from_le_bytes(field.fixed()?)),
            input::TAP_INTERNAL_KEY => self.internal_key = Some(field.fixed()?),
            input::BIP32 => field.shape(&[33, 65], None)?,
            input::TAP_BIP32 => field.shape(&[32], None)?,
            input::PARTIAL_SIGNATURE
            | input::FINAL_SCRIPT
            | input::FINAL_WITNESS
            | input::TAP_KEY_SIGNATURE
            | input::TAP_SCRIPT_SIGNATURE => return Err(BitcoinRefusal::AlreadySigned { index }.into()),
            kind => return Err(BitcoinRefusal::Field { map: "input", index, field: kind }.into()),
        }
        Ok(())
    }

    fn finish(self, index: usize, spends: super::model::OutPoint) -> Result<PsbtInput, ChainError> {
        let from_previous = match self.previous {
            None => None,
            Some((txid, outputs)) => {
                let output = usize::try_from(spends.vout).ok().and_then(|vout| outputs.into_iter().nth(vout));
                let output = output.filter(|_| txid == spends.txid);
                Some(output.ok_or(BitcoinRefusal::WrongOutput { index })?)
            }
        };
        let spent = match (self.spent, from_previous) {
            (Some(spent), Some(proven)) if spent != proven => {
                return Err(BitcoinRefusal::WrongOutput { index }.into());
            }
            (spent, proven) => spent.or(proven).ok_or(BitcoinRefusal::MissingOutput { index })?,
        };
        let sighash = match self.sighash {
            None | Some(0) => Sighash::Default,
            Some(1) => Sighash::All,
            Some(sighash) => return Err(BitcoinRefusal::SighashType { index, sighash }.into()),
        };
        Ok(PsbtInput { spent, sighash, internal_key: self.internal_key })
    }
}

/// The maps of a PSBT, one after the other.
struct Maps<'a> {
    reader: Reader<'a>,
}

impl<'a> Maps<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, ChainError> {
        let mut reader = Reader::new(WHAT, bytes);
        if reader.array::<5>()? != *MAGIC {
            return Err(reader.malformed());
        }
        Ok(Self { reader })
    }

    /// Reads the next map; no key in it occurs twice.
    fn each_field(
        &mut self,
        mut take: impl FnMut(Field<'a>) -> Result<(), ChainError>,
    ) -> Result<(), ChainError> {
        let mut seen = BTreeSet::new();
        loop {
            let key = block(&mut self.reader)?;
            if key.is_empty() {
                return Ok(());
            }
            let value = block(&mut self.reader)?;
            if !seen.insert(key) {
                return Err(self.reader.malformed());
            }
            let mut key = Reader::new(WHAT, key);
            take(Field { kind: compact(&mut key)?, key: key.take_rest(), value })?;
        }
    }

    fn finish(self) -> Result<(), ChainError> {
        self.reader.finish()
    }
}

/// One field of a map.
struct Field<'a> {
    kind: u64,
    /// What stands behind the type in the key.
    key: &'a [u8],
    value: &'a [u8],
}

impl<'a> Field<'a> {
    /// Returns the value of a field whose key is its type alone.
    fn alone(&self) -> Result<&'a [u8], ChainError> {
        if self.key.is_empty() { Ok(self.value) } else { Err(ChainError::Malformed { what: WHAT }) }
    }

    /// Checks a field that is dropped: what may stand behind its type, and how long its value is.
    fn shape(&self, keys: &[usize], value: Option<usize>) -> Result<(), ChainError> {
        let fits = keys.contains(&self.key.len()) && value.is_none_or(|len| len == self.value.len());
        if fits { Ok(()) } else { Err(ChainError::Malformed { what: WHAT }) }
    }

    fn fixed<const N: usize>(&self) -> Result<[u8; N], ChainError> {
        self.alone()?.try_into().map_err(|_| ChainError::Malformed { what: WHAT })
    }

    fn output(&self) -> Result<Output, ChainError> {
        let mut reader = Reader::new(WHAT, self.alone()?);
        let output = Output::read(&mut reader)?;
        reader.finish()?;
        Ok(output)
    }

    /// Reads a witness of one signature.
    fn signature(&self) -> Result<(Sighash, [u8; 64]), ChainError> {
        let mut reader = Reader::new(WHAT, self.alone()?);
        if reader.byte()? != 1 {
            return Err(reader.malformed());
        }
        let element = block(&mut reader)?;
        reader.finish()?;
        let (signature, rest) = element.split_first_chunk().ok_or(ChainError::Malformed { what: WHAT })?;
        match rest {
            [] => Ok((Sighash::Default, *signature)),
            [1] => Ok((Sighash::All, *signature)),
            _ => Err(ChainError::Malformed { what: WHAT }),
        }
    }
}

/// Writes a field whose key is its type alone, a single byte.
fn push_field(out: &mut Vec<u8>, kind: u64, value: &[u8]) {
    push_compact(out, 1);
    out.extend(kind.to_le_bytes().first());
    push_block(out, value);
}
