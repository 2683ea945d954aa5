//! The output scripts that are known.

use super::taproot::lift_x;

const OP_0: u8 = 0x00;
const OP_1: u8 = 0x51;
const OP_PUSHDATA1: u8 = 0x4c;
const OP_RETURN: u8 = 0x6a;
const OP_DUP: u8 = 0x76;
const OP_EQUAL: u8 = 0x87;
const OP_EQUALVERIFY: u8 = 0x88;
const OP_HASH160: u8 = 0xa9;
const OP_CHECKSIG: u8 = 0xac;

/// The longest output of data, script and all, that nodes pass on.
const MAX_DATA_SCRIPT: usize = 83;

/// What an output script asks of the one who spends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScriptKind<'a> {
    /// A signature of the key with this hash.
    P2pkh(&'a [u8; 20]),
    /// The script with this hash.
    P2sh(&'a [u8; 20]),
    /// A witness signature of the key with this hash.
    P2wpkh(&'a [u8; 20]),
    /// The witness script with this hash.
    P2wsh(&'a [u8; 32]),
    /// A signature of this key, or a script that it commits to.
    P2tr(&'a [u8; 32]),
    /// Nothing can spend it; it only carries data.
    Data(&'a [u8]),
}

impl<'a> ScriptKind<'a> {
    /// Recognises a script; `None` for every other, and for a Taproot key that is no key.
    pub(super) fn of(script: &'a [u8]) -> Option<Self> {
        match script {
            [OP_DUP, OP_HASH160, 20, hash @ .., OP_EQUALVERIFY, OP_CHECKSIG] => {
                hash.try_into().ok().map(Self::P2pkh)
            }
            [OP_HASH160, 20, hash @ .., OP_EQUAL] => hash.try_into().ok().map(Self::P2sh),
            [OP_0, 20, hash @ ..] => hash.try_into().ok().map(Self::P2wpkh),
            [OP_0, 32, hash @ ..] => hash.try_into().ok().map(Self::P2wsh),
            [OP_1, 32, key @ ..] => {
                let key: &[u8; 32] = key.try_into().ok()?;
                lift_x(key).map(|_| Self::P2tr(key))
            }
            [OP_RETURN, OP_PUSHDATA1, len, data @ ..] if *len >= OP_PUSHDATA1 => Self::data(*len, data),
            [OP_RETURN, len, data @ ..] if (1..OP_PUSHDATA1).contains(len) => Self::data(*len, data),
            _ => None,
        }
    }

    fn data(len: u8, data: &'a [u8]) -> Option<Self> {
        (usize::from(len) == data.len()).then_some(Self::Data(data))
    }

    /// The least satoshi that nodes pass on in such an output.
    pub(super) const fn dust(self) -> u64 {
        match self {
            Self::P2pkh(_) => 546,
            Self::P2sh(_) => 540,
            Self::P2wpkh(_) => 294,
            Self::P2wsh(_) | Self::P2tr(_) => 330,
            Self::Data(_) => 0,
        }
    }
}

/// Whether a data output is one that nodes pass on.
pub(super) const fn is_relayed_data(script: &[u8]) -> bool {
    script.len() <= MAX_DATA_SCRIPT
}

pub(super) fn p2pkh(hash: &[u8; 20]) -> Vec<u8> {
    [&[OP_DUP, OP_HASH160, 20], hash.as_slice(), &[OP_EQUALVERIFY, OP_CHECKSIG]].concat()
}

pub(super) fn p2sh(hash: &[u8; 20]) -> Vec<u8> {
    [&[OP_HASH160, 20], hash.as_slice(), &[OP_EQUAL]].concat()
}

pub(super) fn p2wpkh(hash: &[u8; 20]) -> Vec<u8> {
    [&[OP_0, 20], hash.as_slice()].concat()
}

/// A witness program of version 0.
pub(super) fn witness_v0(program: &[u8]) -> Option<Vec<u8>> {
    let len = u8::try_from(program.len()).ok().filter(|len| matches!(len, 20 | 32))?;
    Some([&[OP_0, len], program].concat())
}

pub(super) fn p2tr(key: &[u8; 32]) -> Vec<u8> {
    [&[OP_1, 32], key.as_slice()].concat()
}

/// What a P2WPKH output stands for in the hash that spends it: P2PKH with the same hash. Empty for other scripts.
pub(super) fn behind_p2wpkh(script: &[u8]) -> Vec<u8> {
    match ScriptKind::of(script) {
        Some(ScriptKind::P2wpkh(hash)) => p2pkh(hash),
        _ => Vec::new(),
    }
}

/// Pushes of at most 75 bytes each.
pub(super) fn pushes(elements: &[Vec<u8>]) -> Vec<u8> {
    let push = |element: &Vec<u8>| {
        let len = u8::try_from(element.len()).unwrap_or(u8::MAX);
        [&[len], element.as_slice()].concat()
    };
    elements.iter().flat_map(push).collect()
}

/// An output of data; `None` when nodes would not pass it on.
pub(super) fn data(data: &[u8]) -> Option<Vec<u8>> {
    let len = u8::try_from(data.len()).ok().filter(|len| *len > 0)?;
    let push = if len < OP_PUSHDATA1 { vec![OP_RETURN, len] } else { vec![OP_RETURN, OP_PUSHDATA1, len] };
    Some([push.as_slice(), data].concat()).filter(|script| is_relayed_data(script))
}

/// The script of BIP-322's second transaction: no data at all.
pub(super) fn nothing() -> Vec<u8> {
    vec![OP_RETURN]
}

/// A push of 32 bytes after an empty one, as BIP-322's first transaction has it.
pub(super) fn empty_then(hash: &[u8; 32]) -> Vec<u8> {
    [&[OP_0, 32], hash.as_slice()].concat()
}
