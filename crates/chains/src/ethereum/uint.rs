//! Numbers of 256 bits, exactly, in the two spellings that people and programs use.

/// A number of 256 bits, most significant byte first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Uint256(pub(super) [u8; 32]);

impl Uint256 {
    pub(super) const ZERO: Self = Self([0; 32]);

    /// Takes at most 32 bytes, most significant first.
    pub(super) fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let mut word = [0; 32];
        let start = word.len().checked_sub(bytes.len())?;
        word.get_mut(start..)?.copy_from_slice(bytes);
        Some(Self(word))
    }

    /// Reads decimal digits without needless zeros.
    pub(super) fn from_decimal(text: &str) -> Option<Self> {
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_plain || (text.len() > 1 && text.starts_with('0')) || text.len() > 78 {
            return None;
        }
        text.bytes().try_fold(Self::ZERO, |number, digit| number.shifted_in(digit - b'0'))
    }

    /// Reads 1 to 64 hexadecimal digits.
    pub(super) fn from_hex(digits: &str) -> Option<Self> {
        if !(1..=64).contains(&digits.len()) {
            return None;
        }
        let mut word = [0; 32];
        hex::decode_to_slice(format!("{digits:0>64}"), &mut word).ok()?;
        Some(Self(word))
    }

    /// Returns ten times the number and a digit.
    fn shifted_in(self, digit: u8) -> Option<Self> {
        let mut word = self.0;
        let mut carry = u16::from(digit);
        for byte in word.iter_mut().rev() {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        (carry == 0).then_some(Self(word))
    }

    /// Returns a tenth of the number, rounded down, and the digit that is left.
    fn shifted_out(self) -> (Self, u8) {
        let mut word = self.0;
        let mut rest = 0_u16;
        for byte in &mut word {
            let number = rest * 256 + u16::from(*byte);
            let [_, quotient] = (number / 10).to_be_bytes();
            *byte = quotient;
            rest = number % 10;
        }
        let [_, digit] = rest.to_be_bytes();
        (Self(word), digit)
    }

    /// Writes the decimal digits.
    pub(super) fn to_decimal(self) -> String {
        let (mut number, mut digits) = (self, Vec::new());
        loop {
            let (rest, digit) = number.shifted_out();
            digits.push(char::from(b'0' + digit));
            number = rest;
            if number == Self::ZERO {
                return digits.iter().rev().collect();
            }
        }
    }

    /// Writes the number as an amount with decimal places, without zeros at the end.
    pub(super) fn to_amount(self, decimals: u8) -> String {
        crate::amount::place_point(&self.to_decimal(), decimals)
    }

    pub(super) fn to_u128(self) -> Option<u128> {
        let (high, low) = self.0.split_first_chunk::<16>()?;
        let low: [u8; 16] = low.try_into().ok()?;
        (*high == [0; 16]).then_some(u128::from_be_bytes(low))
    }

    pub(super) fn to_u64(self) -> Option<u64> {
        self.to_u128().and_then(|number| u64::try_from(number).ok())
    }

    /// Returns how many bits the number needs.
    pub(super) fn bits(self) -> usize {
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        let first = self.0.get(zeros).map_or(0, |byte| 8 - byte.leading_zeros());
        (32_usize.saturating_sub(zeros).saturating_sub(1) * 8)
            .saturating_add(usize::try_from(first).unwrap_or(8))
    }

    /// Returns 2²⁵⁶ minus the number, or zero for zero.
    pub(super) fn negated(self) -> Self {
        let mut word = self.0;
        let mut carry = 1_u16;
        for byte in word.iter_mut().rev() {
            let [high, low] = (u16::from(!*byte) + carry).to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        Self(word)
    }
}

impl From<u128> for Uint256 {
    fn from(number: u128) -> Self {
        let mut word = [0; 32];
        for (byte, of_number) in word.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte = of_number;
        }
        Self(word)
    }
}

impl From<u64> for Uint256 {
    fn from(number: u64) -> Self {
        u128::from(number).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HIGHEST: Uint256 = Uint256([0xff; 32]);

    const MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    #[test]
    fn the_largest_number_and_what_is_beyond_it() {
        assert_eq!(HIGHEST.to_decimal(), MAX);
        assert_eq!(Uint256::from_decimal(MAX), Some(HIGHEST));
        assert_eq!(Uint256::from_decimal(&MAX.replace("935", "936")), None);
        assert_eq!(Uint256::from_decimal(&format!("{MAX}0")), None);
        for text in ["", "00", "01", "-1", "+1", "1 ", "0x1", "1.0", "٣"] {
            assert_eq!(Uint256::from_decimal(text), None, "{text}");
        }
        assert_eq!(Uint256::from_hex(&"f".repeat(64)), Some(HIGHEST));
        assert_eq!(Uint256::from_hex(&"0".repeat(65)), None);
        assert_eq!(Uint256::from_hex(""), None);
        assert_eq!(Uint256::from_hex("g"), None);
        assert_eq!(Uint256::from_hex("a"), Some(Uint256::from(10_u64)));
        assert_eq!(HIGHEST.to_u128(), None);
        assert_eq!(HIGHEST.bits(), 256);
        assert_eq!(Uint256::ZERO.bits(), 0);
        assert_eq!(Uint256::from(256_u64).bits(), 9);
        assert_eq!(Uint256::from(1_u64).negated(), HIGHEST);
        assert_eq!(Uint256::ZERO.negated(), Uint256::ZERO);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(word: [u8; 32], small: u128) {
            let number = Uint256(word);
            prop_assert_eq!(Uint256::from_decimal(&number.to_decimal()), Some(number));
            prop_assert_eq!(Uint256::from_hex(&hex::encode(word)), Some(number));
            prop_assert_eq!(number.negated().negated(), number);
            let number = Uint256::from(small);
            prop_assert_eq!(number.to_decimal(), small.to_string());
            prop_assert_eq!(number.to_u128(), Some(small));
            prop_assert_eq!(number.bits(), 128 - usize::try_from(small.leading_zeros()).unwrap());
            prop_assert_eq!(number.to_amount(6), crate::format_amount(small, 6));
        }
    }
}
