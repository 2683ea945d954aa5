//! PSBT version 0 (BIP-174, BIP-371), as far as inputs with one signature need it.
//!
//! Inputs before Taproot carry the transaction they spend from, without its witnesses: their signatures do not commit
//! to every amount.
//!
//! [`Psbt::import`] reads what other wallets write: fields that say nothing about what is signed are dropped, every
//! other field that is not known is refused. [`Psbt::parse`] reads only what [`Psbt::encode`] writes.

use std::collections::BTreeSet;

use super::model::{
    OutPoint, Output, Previous, Transaction, block, compact, parse_previous, push_block, push_compact, stack,
};
use super::script::{self, ScriptKind};
use super::spend::{Signature, Spend, Unlock};
use super::{BitcoinRefusal, MAX_SIGNED_INPUT, MAX_UNSIGNED};
use crate::der;
use crate::error::ChainError;
use crate::hash::hash160;
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
    /// The transaction that `spent` is an output of, without its witnesses; never for Taproot, which needs none.
    pub(super) previous: Option<Vec<u8>>,
    /// Before Taproot there is only [`Sighash::All`], which goes without saying.
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

    /// Returns a signature with what it says about itself.
    fn mark(self, signature: &[u8]) -> Vec<u8> {
        match self {
            Self::Default => signature.to_vec(),
            Self::All => [signature, &[self.byte()]].concat(),
        }
    }
}

impl PsbtInput {
    fn spend(&self) -> Spend {
        Spend::of(&self.spent.script).unwrap_or(Spend::Taproot)
    }

    /// Returns what stands in the signed input.
    fn unlock(&self, signature: &Signature) -> Unlock {
        let of_key = || {
            let key = signature.key.map(|key| key.to_vec());
            vec![Sighash::All.mark(&der::encode(&signature.bytes)), key.unwrap_or_default()]
        };
        match self.spend() {
            Spend::Taproot => Unlock::Witness(vec![self.sighash.mark(&signature.bytes)]),
            Spend::Segwit => Unlock::Witness(of_key()),
            Spend::Legacy => Unlock::Script(script::pushes(&of_key())),
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
        let signed = psbt.inputs.len().saturating_mul(MAX_SIGNED_INPUT).saturating_add(bytes.len());
        if signed > MAX_TRANSACTION {
            return Err(ChainError::TooLong { what: "signed PSBT", len: signed, max: MAX_TRANSACTION });
        }
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
            if input.sighash == Sighash::All && input.spend() == Spend::Taproot {
                push_field(out, input::SIGHASH, &u32::from(Sighash::All.byte()).to_le_bytes());
            }
            if let Some(key) = &input.internal_key {
                push_field(out, input::TAP_INTERNAL_KEY, key);
            }
        })
    }

    /// Returns the PSBT with the final witness of each input, and nothing but what verifying needs beside it.
    pub(super) fn finalize(&self, signatures: &[Signature]) -> Result<Vec<u8>, ChainError> {
        let unlocks = self.unlocks(signatures)?;
        let mut unlocks = unlocks.iter();
        Ok(self.encode_with(|_, out| match unlocks.next() {
            Some(Unlock::Witness(elements)) => push_field(out, input::FINAL_WITNESS, &stack(elements)),
            Some(Unlock::Script(script)) => push_field(out, input::FINAL_SCRIPT, script),
            None => {}
        }))
    }

    /// Reads what [`Psbt::finalize`] wrote.
    pub(super) fn parse_final(bytes: &[u8]) -> Result<(Self, Vec<Signature>), ChainError> {
        if bytes.len() > MAX_TRANSACTION {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: MAX_TRANSACTION });
        }
        let mut maps = Maps::new(bytes)?;
        let transaction = global_map(&mut maps)?;
        let (mut inputs, mut signatures) = (Vec::new(), Vec::new());
        for (index, spends) in transaction.inputs.iter().enumerate() {
            let (mut fields, mut unlock) = (InputFields::default(), None);
            maps.each_field(|field| {
                match field.kind {
                    input::PREVIOUS | input::SPENT => fields.add(index, &field)?,
                    input::FINAL_WITNESS => unlock = Some(Unlock::Witness(field.elements()?)),
                    input::FINAL_SCRIPT => unlock = Some(Unlock::Script(field.alone()?.to_vec())),
                    kind => return Err(BitcoinRefusal::Field { map: "input", index, field: kind }.into()),
                }
                Ok(())
            })?;
            let mut input = fields.finish(index, spends.previous)?;
            let unlock = unlock.ok_or(ChainError::Malformed { what: WHAT })?;
            signatures.push(signature(&mut input, &unlock).ok_or(ChainError::Malformed { what: WHAT })?);
            inputs.push(input);
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
    pub(super) fn extract(&self, signatures: &[Signature]) -> Result<Vec<u8>, ChainError> {
        Ok(self.transaction.encode_signed(&self.unlocks(signatures)?))
    }

    /// Returns the id of the signed transaction.
    pub(super) fn txid(&self, signatures: &[Signature]) -> Result<[u8; 32], ChainError> {
        Ok(self.transaction.txid(&self.unlocks(signatures)?))
    }

    fn unlocks(&self, signatures: &[Signature]) -> Result<Vec<Unlock>, ChainError> {
        if signatures.len() != self.inputs.len() {
            return Err(ChainError::SignatureCount { expected: self.inputs.len(), found: signatures.len() });
        }
        let pairs = self.inputs.iter().zip(signatures);
        Ok(pairs.map(|(input, signature)| input.unlock(signature)).collect())
    }

    fn encode_with(&self, mut more: impl FnMut(&PsbtInput, &mut Vec<u8>)) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        push_field(&mut out, global::TRANSACTION, &self.transaction.encode());
        out.push(0);
        for input in &self.inputs {
            if let Some(previous) = &input.previous {
                push_field(&mut out, input::PREVIOUS, previous);
            }
            if input.previous.is_none() || input.spend() != Spend::Legacy {
                let mut spent = Vec::new();
                input.spent.write(&mut spent);
                push_field(&mut out, input::SPENT, &spent);
            }
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
    previous: Option<Previous>,
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

    fn finish(self, index: usize, spends: OutPoint) -> Result<PsbtInput, ChainError> {
        let from_previous = match &self.previous {
            None => None,
            Some(previous) => {
                let output = previous.output(spends.vout).filter(|_| previous.txid == spends.txid);
                Some(output.cloned().ok_or(BitcoinRefusal::WrongOutput { index })?)
            }
        };
        let spent = match (self.spent, from_previous) {
            (Some(spent), Some(proven)) if spent != proven => {
                return Err(BitcoinRefusal::WrongOutput { index }.into());
            }
            (spent, proven) => spent.or(proven).ok_or(BitcoinRefusal::MissingOutput { index })?,
        };
        let spend = Spend::of(&spent.script);
        let needs_previous = spend.is_some_and(Spend::needs_previous);
        let sighash = match self.sighash {
            None | Some(0) if !needs_previous => Sighash::Default,
            None | Some(1) => Sighash::All,
            Some(sighash) => return Err(BitcoinRefusal::SighashType { index, sighash }.into()),
        };
        let previous = self.previous.filter(|_| needs_previous).map(|previous| previous.bytes);
        Ok(PsbtInput { spent, previous, sighash, internal_key: self.internal_key })
    }
}

/// Reads the signature back from a signed input, and what it says about itself. `None` for what no signature here looks
/// like.
fn signature(input: &mut PsbtInput, unlock: &Unlock) -> Option<Signature> {
    let (elements, is_witness) = match unlock {
        Unlock::Witness(elements) => (elements.clone(), true),
        Unlock::Script(script) => (pushed(script)?, false),
    };
    let spend = input.spend();
    if is_witness == (spend == Spend::Legacy) {
        return None;
    }
    if spend == Spend::Taproot {
        let [element] = elements.as_slice() else { return None };
        let (bytes, rest) = element.split_first_chunk()?;
        input.sighash = match rest {
            [] => Sighash::Default,
            [1] => Sighash::All,
            _ => return None,
        };
        return Some(Signature { bytes: *bytes, key: None });
    }
    let [element, key] = elements.as_slice() else { return None };
    let (ScriptKind::P2wpkh(hash) | ScriptKind::P2pkh(hash)) = ScriptKind::of(&input.spent.script)? else {
        return None;
    };
    if hash160(key) != *hash {
        return None;
    }
    let (1, bytes) = element.split_last()? else { return None };
    let bytes = der::decode(WHAT, bytes).ok()?;
    Some(Signature { bytes, key: Some(key.as_slice().try_into().ok()?) })
}

/// Reads a script of a signature and a key.
fn pushed(script: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (len, rest) = script.split_first()?;
    let (signature, rest) = rest.split_at_checked(usize::from(*len))?;
    let [33, key @ ..] = rest else { return None };
    Some(vec![signature.to_vec(), key.to_vec()])
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

    /// Reads a witness of few elements.
    fn elements(&self) -> Result<Vec<Vec<u8>>, ChainError> {
        let mut reader = Reader::new(WHAT, self.alone()?);
        let elements = (0..compact(&mut reader)?).map(|_| block(&mut reader).map(<[u8]>::to_vec));
        let elements = elements.collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(elements)
    }
}

/// Writes a field whose key is its type alone, a single byte.
fn push_field(out: &mut Vec<u8>, kind: u64, value: &[u8]) {
    push_compact(out, 1);
    out.extend(kind.to_le_bytes().first());
    push_block(out, value);
}
