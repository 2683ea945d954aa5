//! Addresses: the last 20 bytes of a key's hash, with the checksum of EIP-55.

use k256::elliptic_curve::sec1::ToEncodedPoint;

use super::keccak;
use crate::error::AddressFault;
use crate::transaction::Address;

/// The bytes of an address.
pub(super) type AddressBytes = [u8; 20];

/// Returns the address of a key.
pub(super) fn of_key(key: &k256::PublicKey) -> AddressBytes {
    let point = key.to_encoded_point(false);
    let hash = keccak(&[point.as_bytes().get(1..).unwrap_or_default()]);
    let mut address = [0; 20];
    for (byte, of_hash) in address.iter_mut().rev().zip(hash.iter().rev()) {
        *byte = *of_hash;
    }
    address
}

/// Writes an address with its checksum: a letter is a capital where the digit of the hash in its place is above 7.
pub(super) fn show(address: &AddressBytes) -> String {
    let digits = hex::encode(address);
    let hash = hex::encode(keccak(&[digits.as_bytes()]));
    let spelled = digits.chars().zip(hash.chars()).map(|(digit, of_hash)| {
        if matches!(of_hash, '8'..='9' | 'a'..='f') { digit.to_ascii_uppercase() } else { digit }
    });
    "0x".chars().chain(spelled).collect()
}

/// Reads an address with its checksum, or all in lower case, which has none.
pub(super) fn parse(text: &str) -> Result<AddressBytes, AddressFault> {
    let digits = text.strip_prefix("0x").ok_or(AddressFault::Characters)?;
    if digits.len() != 40 {
        return Err(AddressFault::Length);
    }
    let mut address = [0; 20];
    hex::decode_to_slice(digits, &mut address).map_err(|_| AddressFault::Characters)?;
    let has_capitals = digits.bytes().any(|b| b.is_ascii_uppercase());
    if has_capitals && show(&address) != text {
        return Err(AddressFault::Checksum);
    }
    Ok(address)
}

/// Returns an address in its canonical spelling.
pub(super) fn canonical(address: &AddressBytes) -> Address {
    Address::new(show(address))
}

/// Whether nobody can have the key of an address: zero, and the first few, where the machine's own functions are.
pub(super) fn is_nobodys(address: &AddressBytes) -> bool {
    address.iter().rev().skip(2).all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn g8_the_checksums_of_eip_55() {
        for text in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let address = parse(text).unwrap();
            assert_eq!(show(&address), text);
            assert_eq!(parse(&text.to_lowercase()), Ok(address));
        }
    }

    #[test]
    fn g8_what_is_no_address_is_refused() {
        for (text, fault) in [
            ("0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed", AddressFault::Checksum),
            ("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", AddressFault::Checksum),
            ("0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", AddressFault::Characters),
            ("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", AddressFault::Characters),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", AddressFault::Length),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed0", AddressFault::Length),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", AddressFault::Characters),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beäe", AddressFault::Characters),
            ("", AddressFault::Characters),
            ("vitalik.eth", AddressFault::Characters),
        ] {
            assert_eq!(parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn addresses_that_nobody_holds_are_known() {
        let mut address = [0; 20];
        assert!(is_nobodys(&address));
        address[18..].copy_from_slice(&[1, 0]);
        assert!(is_nobodys(&address));
        address[0] = 1;
        assert!(!is_nobodys(&address));
    }

    proptest! {
        #[test]
        fn g8_one_letter_in_the_other_case_is_refused(address: [u8; 20], at in 0_usize..40) {
            let text = show(&address);
            prop_assert_eq!(parse(&text), Ok(address));
            let mut other = text.clone().into_bytes();
            let letter = &mut other[at + 2];
            *letter = if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() };
            let other = String::from_utf8(other).unwrap();
            if other != text && other != text.to_lowercase() {
                prop_assert_eq!(parse(&other), Err(AddressFault::Checksum));
            }
        }
    }
}
