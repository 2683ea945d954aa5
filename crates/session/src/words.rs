//! Safety words: what people compare aloud so that a relay can not stand between them.
//!
//! Eight words of the BIP-39 English list (88 bits) from the hash of the roster, stretched 2^14 times. Whoever
//! swaps an identity has another roster on each side and must find two with the same words: a collision of 88
//! bits at 2^14 hashes a try, about 2^58 hashes while the people wait.

use quorate_primitives::Transcript;

/// How many words there are.
pub const COUNT: usize = 8;

const STRETCH: u32 = 1 << 14;

/// Returns the words for a roster hash.
pub fn safety_words(roster_hash: &[u8; 32]) -> [&'static str; COUNT] {
    let mut hash = Transcript::new("safety-words").field("roster", roster_hash).finish();
    for _ in 0..STRETCH {
        hash = Transcript::new("safety-words/stretch").field("hash", &hash).finish();
    }
    let list = bip39::Language::English.word_list();
    core::array::from_fn(|index| {
        let bits = eleven_bits(&hash, index * 11);
        list.get(usize::from(bits)).copied().unwrap_or_default()
    })
}

fn eleven_bits(hash: &[u8; 32], from: usize) -> u16 {
    (from..from + 11).fold(0, |bits, position| {
        let byte = hash.get(position / 8).copied().unwrap_or_default();
        bits << 1 | u16::from(byte >> (7 - position % 8) & 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_cut_from_the_front() {
        let mut hash = [0; 32];
        (hash[0], hash[1], hash[2]) = (0b1000_0000, 0b0010_0000, 0b0100_0000);
        assert_eq!(eleven_bits(&hash, 0), 0b100_0000_0001);
        assert_eq!(eleven_bits(&hash, 11), 0b000_0001_0000);
    }

    #[test]
    fn other_rosters_have_other_words() {
        assert_ne!(safety_words(&[1; 32]), safety_words(&[2; 32]));
        assert!(safety_words(&[1; 32]).iter().all(|word| word.len() >= 3));
    }
}
