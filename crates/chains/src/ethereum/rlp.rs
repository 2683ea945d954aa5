//! RLP, from appendix B of the yellow paper, in its one canonical form.
//!
//! What is read has to fill its input and to be spelled in the shortest way; lengths are compared with what is there
//! before anything is taken. Depth is the caller's: nothing here calls itself.

use super::uint::Uint256;
use crate::error::ChainError;
use crate::reader::Reader;

/// Below it, a byte is itself.
const STRING: u8 = 0x80;

/// From it, a list.
const LIST: u8 = 0xc0;

/// Lengths up to it are in the first byte.
const SHORT: u8 = 55;

/// What is left to read of a list.
pub(super) struct Items<'a> {
    reader: Reader<'a>,
    what: &'static str,
}

/// One item of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    /// A string of bytes.
    Bytes(&'a [u8]),
    /// What a list holds, still encoded.
    List(&'a [u8]),
}

impl<'a> Items<'a> {
    /// Opens the one list that `bytes` are.
    pub(super) fn of_list(what: &'static str, bytes: &'a [u8]) -> Result<Self, ChainError> {
        let mut outer = Self::new(what, bytes);
        let list = outer.list()?;
        outer.finish()?;
        Ok(list)
    }

    pub(super) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(what, bytes), what }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reader.rest().is_empty()
    }

    pub(super) fn next(&mut self) -> Result<Item<'a>, ChainError> {
        let start = self.reader.rest();
        let first = self.reader.byte()?;
        if first < STRING {
            return Ok(Item::Bytes(start.split_at_checked(1).ok_or(self.reader.malformed())?.0));
        }
        let (is_list, short) = if first < LIST { (false, first - STRING) } else { (true, first - LIST) };
        let len = if short <= SHORT { usize::from(short) } else { self.long_length(short - SHORT)? };
        let body = self.reader.take(len)?;
        match (is_list, body) {
            (true, body) => Ok(Item::List(body)),
            (false, [byte]) if *byte < STRING => Err(self.not_canonical()),
            (false, body) => Ok(Item::Bytes(body)),
        }
    }

    /// Reads a length of `count` bytes, which must be needed.
    fn long_length(&mut self, count: u8) -> Result<usize, ChainError> {
        let digits = self.reader.take(count.into())?;
        if digits.first() == Some(&0) {
            return Err(self.not_canonical());
        }
        // A length beyond 64 bits is beyond the input as well.
        let number = Uint256::from_be_bytes(digits).and_then(Uint256::to_u64);
        let len = number.and_then(|len| usize::try_from(len).ok()).ok_or(self.reader.malformed())?;
        if len <= usize::from(SHORT) {
            return Err(self.not_canonical());
        }
        Ok(len)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], ChainError> {
        match self.next()? {
            Item::Bytes(bytes) => Ok(bytes),
            Item::List(_) => Err(self.reader.malformed()),
        }
    }

    pub(super) fn list(&mut self) -> Result<Self, ChainError> {
        match self.next()? {
            Item::List(body) => Ok(Self::new(self.what, body)),
            Item::Bytes(_) => Err(self.reader.malformed()),
        }
    }

    /// Takes a string of exactly `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ChainError> {
        self.bytes()?.try_into().map_err(|_| self.reader.malformed())
    }

    /// Takes a number, which has no zeros in front.
    pub(super) fn uint(&mut self) -> Result<Uint256, ChainError> {
        let digits = self.bytes()?;
        if digits.first() == Some(&0) {
            return Err(self.not_canonical());
        }
        Uint256::from_be_bytes(digits).ok_or(self.reader.malformed())
    }

    pub(super) fn u64(&mut self) -> Result<u64, ChainError> {
        self.uint()?.to_u64().ok_or(self.reader.malformed())
    }

    /// Ends reading.
    pub(super) fn finish(self) -> Result<(), ChainError> {
        self.reader.finish()
    }

    pub(super) fn malformed(&self) -> ChainError {
        self.reader.malformed()
    }

    fn not_canonical(&self) -> ChainError {
        ChainError::NotCanonical { what: self.what }
    }
}

/// The items of a list that is being written.
#[derive(Default)]
pub(super) struct List {
    body: Vec<u8>,
}

impl List {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if !matches!(bytes, [byte] if *byte < STRING) {
            push_header(&mut self.body, STRING, bytes.len());
        }
        self.body.extend_from_slice(bytes);
    }

    pub(super) fn uint(&mut self, number: impl Into<Uint256>) {
        let Uint256(word) = number.into();
        let zeros = word.iter().take_while(|byte| **byte == 0).count();
        self.bytes(word.get(zeros..).unwrap_or_default());
    }

    pub(super) fn list(&mut self, list: Self) {
        self.body.extend(list.encode());
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len().saturating_add(9));
        push_header(&mut out, LIST, self.body.len());
        out.extend(self.body);
        out
    }
}

fn push_header(out: &mut Vec<u8>, kind: u8, len: usize) {
    match u8::try_from(len) {
        Ok(len) if len <= SHORT => out.push(kind.saturating_add(len)),
        _ => {
            let digits = len.to_be_bytes();
            let zeros = digits.iter().take_while(|byte| **byte == 0).count();
            let digits = digits.get(zeros..).unwrap_or_default();
            let count = u8::try_from(digits.len()).unwrap_or(8);
            out.push(kind.saturating_add(SHORT).saturating_add(count));
            out.extend_from_slice(digits);
        }
    }
}

#[cfg(test)]
mod tests;
