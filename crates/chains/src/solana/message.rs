//! The message of a transaction: what is signed, in both formats.

use super::{MAX_WIRE, SIGNATURE_LEN, SolanaRefusal};
use crate::context::MessageVersion;
use crate::error::ChainError;
use crate::reader::Reader;
use crate::text::base58;

const WHAT: &str = "solana message";
const VERSION_BIT: u8 = 0x80;

/// A message, its indices in range and its counts possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) version: MessageVersion,
    /// How many of the first keys sign.
    pub(super) signers: u8,
    /// How many of those, at their end, are read only.
    pub(super) readonly_signers: u8,
    /// How many of the other keys, at their end, are read only.
    pub(super) readonly_others: u8,
    pub(super) keys: Vec<[u8; 32]>,
    pub(super) recent_blockhash: [u8; 32],
    pub(super) instructions: Vec<Instruction>,
}

/// One call of a program; the numbers are places in [`Message::keys`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) program: u8,
    pub(super) accounts: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Message {
    /// Reads a message to its last byte.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let max = MAX_WIRE - SIGNATURE_LEN;
        if bytes.len() > max {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max });
        }
        let mut reader = Reader::new(WHAT, bytes);
        let first = reader.byte()?;
        let (version, signers) = match first & VERSION_BIT {
            0 => (MessageVersion::Legacy, first),
            _ if first == VERSION_BIT => (MessageVersion::V0, reader.byte()?),
            _ => return Err(SolanaRefusal::UnknownVersion { version: first & !VERSION_BIT }.into()),
        };
        let (readonly_signers, readonly_others) = (reader.byte()?, reader.byte()?);
        let keys = (0..short_len(&mut reader)?).map(|_| reader.array()).collect::<Result<_, _>>()?;
        let recent_blockhash = reader.array()?;
        let instructions =
            (0..short_len(&mut reader)?).map(|_| Instruction::read(&mut reader)).collect::<Result<_, _>>()?;
        if version == MessageVersion::V0 && short_len(&mut reader)? != 0 {
            return Err(SolanaRefusal::AddressLookupTables.into());
        }
        let message = Self {
            version,
            signers,
            readonly_signers,
            readonly_others,
            keys,
            recent_blockhash,
            instructions,
        };
        message.check(&reader)?;
        reader.finish()?;
        Ok(message)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_WIRE);
        if self.version == MessageVersion::V0 {
            out.push(VERSION_BIT);
        }
        out.extend([self.signers, self.readonly_signers, self.readonly_others]);
        push_short_len(&mut out, self.keys.len());
        out.extend(self.keys.as_flattened());
        out.extend(self.recent_blockhash);
        push_short_len(&mut out, self.instructions.len());
        for instruction in &self.instructions {
            instruction.write(&mut out);
        }
        if self.version == MessageVersion::V0 {
            push_short_len(&mut out, 0);
        }
        out
    }

    /// Returns the key at a place.
    pub(super) fn key(&self, place: u8) -> Result<[u8; 32], ChainError> {
        self.keys.get(usize::from(place)).copied().ok_or(ChainError::Malformed { what: WHAT })
    }

    pub(super) fn is_writable(&self, place: u8) -> bool {
        let (place, signers) = (usize::from(place), usize::from(self.signers));
        if place < signers {
            place < signers.saturating_sub(self.readonly_signers.into())
        } else {
            place < self.keys.len().saturating_sub(self.readonly_others.into())
        }
    }

    /// What the chain itself checks before it runs anything.
    fn check(&self, reader: &Reader<'_>) -> Result<(), ChainError> {
        let signers = usize::from(self.signers);
        let others = self.keys.len().checked_sub(signers).ok_or(reader.malformed())?;
        let in_range = |place: u8| usize::from(place) < self.keys.len();
        let programs_in_range = self.instructions.iter().all(|i| i.program != 0 && in_range(i.program));
        let accounts_in_range = self.instructions.iter().flat_map(|i| &i.accounts).all(|a| in_range(*a));
        if self.readonly_signers >= self.signers
            || usize::from(self.readonly_others) > others
            || !programs_in_range
            || !accounts_in_range
        {
            return Err(reader.malformed());
        }
        let mut sorted = self.keys.clone();
        sorted.sort_unstable();
        let twice = sorted.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(a),
            _ => None,
        });
        match twice {
            Some(key) => Err(SolanaRefusal::DuplicateAccount { account: base58(key) }.into()),
            None => Ok(()),
        }
    }
}

impl Instruction {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ChainError> {
        let program = reader.byte()?;
        let accounts = short_len(reader)?;
        let accounts = reader.take(accounts)?.to_vec();
        let data = short_len(reader)?;
        Ok(Self { program, accounts, data: reader.take(data)?.to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.program);
        push_short_len(out, self.accounts.len());
        out.extend(&self.accounts);
        push_short_len(out, self.data.len());
        out.extend(&self.data);
    }
}

/// Reads a length of one to three bytes, seven bits each, the shortest way only.
fn short_len(reader: &mut Reader<'_>) -> Result<usize, ChainError> {
    let mut len = 0_usize;
    for shift in [0, 7, 14] {
        let byte = reader.byte()?;
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let is_shortest = byte != 0 || shift == 0;
            let is_short = len <= usize::from(u16::MAX);
            return if is_shortest && is_short { Ok(len) } else { Err(reader.malformed()) };
        }
    }
    Err(reader.malformed())
}

/// Writes a length. Whatever is longer than 16 bits can say is longer than a message, which decoding refuses.
fn push_short_len(out: &mut Vec<u8>, len: usize) {
    let mut rest = len;
    loop {
        let [low, ..] = (rest & 0x7f).to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_spelling() {
        for (bytes, len) in [
            (&[0][..], 0),
            (&[0x7f], 127),
            (&[0x80, 1], 128),
            (&[0xff, 0x7f], 16383),
            (&[0x80, 0x80, 1], 16384),
            (&[0xff, 0xff, 3], 65535),
        ] {
            let mut reader = Reader::new(WHAT, bytes);
            assert_eq!(short_len(&mut reader), Ok(len));
            let mut out = Vec::new();
            push_short_len(&mut out, len);
            assert_eq!(out, bytes);
        }
        for bytes in
            [&[0x80, 0][..], &[0x80, 0x80, 0], &[0x80, 0x80, 4], &[0x80, 0x80, 0x80, 1], &[0x80], &[]]
        {
            let mut reader = Reader::new(WHAT, bytes);
            assert_eq!(short_len(&mut reader), Err(ChainError::Malformed { what: WHAT }), "{bytes:?}");
        }
    }
}
