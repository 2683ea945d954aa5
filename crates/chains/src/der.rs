//! ECDSA signatures as Bitcoin and XRP carry them: DER in its one strict spelling (BIP-66).
//!
//! [`decode`] reads only what [`encode`] writes, whatever the values; that r and s are in range and s is low is for the
//! verifier to say.

use crate::error::ChainError;
use crate::reader::Reader;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The longest signature: r with a zero in front of its first bit, s without.
pub(crate) const MAX_LEN: u64 = 71;

/// Returns the DER of r and s, which follow each other in `signature`.
pub(crate) fn encode(signature: &[u8; 64]) -> Vec<u8> {
    let (r, s) = signature.split_at(32);
    let body = [integer(r), integer(s)].concat();
    [&[SEQUENCE, short(body.len())], body.as_slice()].concat()
}

/// Reads the DER of a signature.
pub(crate) fn decode(what: &'static str, bytes: &[u8]) -> Result<[u8; 64], ChainError> {
    let mut reader = Reader::new(what, bytes);
    let mut signature = Vec::with_capacity(64);
    if reader.byte()? != SEQUENCE || usize::from(reader.byte()?) != reader.rest().len() {
        return Err(reader.malformed());
    }
    for _ in 0..2 {
        if reader.byte()? != INTEGER {
            return Err(reader.malformed());
        }
        let len = usize::from(reader.byte()?);
        let value = match reader.take(len)? {
            [0, value @ ..] | value => value,
        };
        let padding = 32_usize.checked_sub(value.len()).ok_or(reader.malformed())?;
        signature.extend(core::iter::repeat_n(0, padding));
        signature.extend(value);
    }
    let signature = signature.try_into().map_err(|_| reader.malformed())?;
    if encode(&signature) == bytes { Ok(signature) } else { Err(reader.malformed()) }
}

/// A positive integer in as few bytes as it needs.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = bytes.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if digits.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    let len = sign.len().saturating_add(digits.len());
    [&[INTEGER, short(len)], sign, digits].concat()
}

/// Lengths here are at most 70.
fn short(len: usize) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The two signatures of BIP-143's first example and of `cosmjs`, and what is wrong with others.
    #[test]
    fn g11_der_has_one_spelling() {
        let good = hex::decode(
            "3044022045c0b7f8c09a9e1f1cea0c25785594427b6bf8f9f878a8af0b1abbb48e16d0920220\
             0d8becd0c220f67c51217eecfd7184ef0732481c843857e6bc7fc095c4f6b788",
        )
        .unwrap();
        let signature = decode("signature", &good).unwrap();
        assert_eq!(encode(&signature), good);
        let malformed = Err(ChainError::Malformed { what: "signature" });
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let inserted = |at: usize| {
            let mut bytes = good.clone();
            bytes.insert(at, 0);
            bytes[1] += 1;
            bytes[3] += 1;
            bytes
        };
        for bad in [
            Vec::new(),
            good[..69].to_vec(),
            [good.as_slice(), &[0]].concat(),
            with(0, 0x31),
            with(1, 0x45),
            with(2, 0x03),
            with(3, 0x21),
            with(36, 0x00),
            with(4, 0x80), // negative
            inserted(4),   // a zero too many
            [&[0x30, 0x81, 0x44], &good[2..]].concat(),
        ] {
            assert_eq!(decode("signature", &bad), malformed, "{}", hex::encode(bad));
        }
        let zero = [0x30, 6, 2, 1, 0, 2, 1, 0];
        assert_eq!(decode("signature", &zero), Ok([0; 64]));
        assert_eq!(decode("signature", &[0x30, 4, 2, 0, 2, 0]), malformed);
    }

    #[test]
    fn the_longest_signature_has_a_bound() {
        let mut signature = [0xff; 64];
        signature[32] = 0x7f;
        assert_eq!(u64::try_from(encode(&signature).len()).unwrap(), MAX_LEN);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(r: [u8; 32], s: [u8; 32], zeros in 0_usize..34) {
            let mut signature: [u8; 64] = [r, s].concat().try_into().unwrap();
            signature[..zeros.min(32)].fill(0);
            prop_assert_eq!(decode("signature", &encode(&signature)), Ok(signature));
        }

        #[test]
        fn what_reads_is_what_is_written(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(signature) = decode("signature", &bytes) {
                prop_assert_eq!(encode(&signature), bytes);
            }
        }
    }
}
