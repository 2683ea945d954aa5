//! Account names.

use super::NearRefusal;
use crate::chain::Chain;
use crate::error::{AddressFault, ChainError};
use crate::network::Network;
use crate::text::escape;

const MIN_LEN: usize = 2;
const MAX_LEN: usize = 64;

/// The account that exists without a name: the key in hexadecimal.
pub(super) fn implicit(key: &[u8; 32]) -> String {
    hex::encode(key)
}

/// Whether an account is named after an Ed25519 key.
pub(super) fn is_implicit(account: &str) -> bool {
    account.len() == 64 && account.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Checks the spelling of an account name, and that it is not known to be of another network.
pub(super) fn check(network: Network, account: &str) -> Result<(), ChainError> {
    if let Some(fault) = fault(account) {
        return Err(ChainError::Address { chain: Chain::Near, network, fault });
    }
    let foreign = match network {
        Network::Mainnet => account == "testnet" || account.ends_with(".testnet"),
        Network::Testnet => account == "near" || account.ends_with(".near"),
        // `Chain::check` has refused what NEAR has not.
        Network::Regtest | Network::Evm(_) => false,
    };
    if foreign {
        return Err(NearRefusal::ForeignNetwork { account: escape(account), network }.into());
    }
    Ok(())
}

/// Parts of lower-case letters and digits, each joined by one of `-`, `_` and `.`.
fn fault(account: &str) -> Option<AddressFault> {
    if !(MIN_LEN..=MAX_LEN).contains(&account.len()) {
        return Some(AddressFault::Length);
    }
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
    let is_name = account.split(['-', '_', '.']).all(is_part);
    if is_name { None } else { Some(AddressFault::Characters) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_names_of_the_protocol() {
        for name in [
            "aa",
            "a-a",
            "a-aa",
            "100",
            "0o",
            "com",
            "near",
            "bowen",
            "b-o_w_e-n",
            "b.owen",
            "bro.wen",
            "a.ha",
            "a.b-a.ra",
            "system",
            "over.9000",
            "google.com",
            "illia.cheapaccounts.near",
            "0o0ooo00oo00o",
            "alex-skidanov",
            "10-4.8-2",
            "no_lols",
            "0123456789012345678901234567890123456789012345678901234567890123",
            "near.a",
        ] {
            assert_eq!(fault(name), None, "{name}");
        }
    }

    #[test]
    fn refuses_every_other_spelling() {
        for (name, expected) in [
            ("", AddressFault::Length),
            ("a", AddressFault::Length),
            (&"a".repeat(65), AddressFault::Length),
            ("A", AddressFault::Length),
            ("Abc", AddressFault::Characters),
            ("-near", AddressFault::Characters),
            ("near-", AddressFault::Characters),
            ("-near-", AddressFault::Characters),
            ("near.", AddressFault::Characters),
            (".near", AddressFault::Characters),
            ("near@", AddressFault::Characters),
            ("a__ha", AddressFault::Characters),
            ("a..near", AddressFault::Characters),
            ("a.-near", AddressFault::Characters),
            ("hello world", AddressFault::Characters),
            ("hello\u{430}", AddressFault::Characters),
            ("abc\n", AddressFault::Characters),
        ] {
            assert_eq!(fault(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_name_of_another_network_is_refused() {
        assert!(check(Network::Mainnet, "alice.near").is_ok());
        assert!(check(Network::Testnet, "alice.testnet").is_ok());
        assert!(check(Network::Regtest, "test.near").is_ok());
        for (network, account) in [(Network::Mainnet, "alice.testnet"), (Network::Testnet, "alice.near")] {
            let refusal = NearRefusal::ForeignNetwork { account: account.to_owned(), network };
            assert_eq!(check(network, account), Err(refusal.into()));
        }
    }
}
