//! Wallets and what they are made from.

use quorate_wallet::{Address, InviteView, KeyPurpose, MemberView, Timestamp, WalletView};

use super::{names, plain, short, table, until};
use crate::screen::Ink;

/// Returns one line per wallet and per open lobby.
pub fn wallets(wallets: &[WalletView], invites: &[InviteView], now: Timestamp) -> String {
    let none = "No wallets yet. Make one with `quorate wallet create`.".to_owned();
    match (wallets.is_empty(), invites.is_empty()) {
        (true, true) => none,
        (true, false) => lobbies(invites, now),
        (false, true) => ready_or_not(wallets),
        (false, false) => format!("{}\n\n{}", ready_or_not(wallets), lobbies(invites, now)),
    }
}

fn lobbies(invites: &[InviteView], now: Timestamp) -> String {
    let header = ["INVITE", "ID", "SIGN", "HERE", "ENDS"].map(str::to_owned);
    let row = |invite: &InviteView| {
        let threshold = invite.threshold;
        let state = if invite.complete { "words to compare".to_owned() } else { until(invite.expires, now) };
        [
            invite.wallet.as_deref().map_or_else(|| "joining".to_owned(), plain),
            short(&invite.id).to_owned(),
            format!("{} of {}", threshold.min_signers(), threshold.max_signers()),
            invite.present.to_string(),
            state,
        ]
    };
    let rows: Vec<[String; 5]> = [header].into_iter().chain(invites.iter().map(row)).collect();
    let hint = "`quorate wallet resume` goes on, `quorate wallet abandon` leaves.";
    format!("{}\n\n{hint}", table("", &rows))
}

fn ready_or_not(wallets: &[WalletView]) -> String {
    let header = ["NAME", "ID", "SIGN", "STATE", "MEMBERS"].map(str::to_owned);
    let row = |wallet: &WalletView| {
        let members: Vec<String> = wallet.members.iter().map(|member| member.name.clone()).collect();
        [
            plain(&wallet.name),
            short(&wallet.id).to_owned(),
            sign(wallet),
            wallet.state.clone(),
            names(&members),
        ]
    };
    let rows: Vec<[String; 5]> = [header].into_iter().chain(wallets.iter().map(row)).collect();
    table("", &rows)
}

/// Returns everything about one wallet.
pub fn wallet(wallet: &WalletView, ink: Ink) -> String {
    let mut parts = vec![format!(
        "{} ({}): {} sign, {}",
        ink.bold(&plain(&wallet.name)),
        short(&wallet.id),
        sign(wallet),
        wallet.state
    )];
    let member = |member: &MemberView| {
        let here = if member.this_device { "this device" } else { "" };
        [member.participant.to_string(), plain(&member.name), grouped(&member.fingerprint), here.to_owned()]
    };
    parts.push(section("Members", &wallet.members.iter().map(member).collect::<Vec<_>>(), ink));
    if !wallet.keys.is_empty() {
        let keys = wallet.keys.iter().map(|key| [purpose(key.purpose).to_owned(), key.public_key.clone()]);
        // An account signs with a child of these, which `verify` wants.
        parts.push(section(ROOT_KEYS, &keys.collect::<Vec<_>>(), ink));
    }
    let (ready, of) = wallet.pairs;
    if of > 0 {
        let held = match wallet.presignatures {
            0 => String::new(),
            held => format!("{held} presignatures held"),
        };
        parts.push(section("ECDSA", &[[format!("{ready} of {of} pairs set up"), held]], ink));
    }
    if !wallet.addresses.is_empty() {
        parts.push(section("Addresses", &address_rows(&wallet.addresses), ink));
    }
    parts.join("\n")
}

/// Returns addresses, networks with the same one on one line.
pub fn addresses(addresses: &[Address]) -> String {
    table("", &address_rows(addresses))
}

/// Returns addresses with the keys that they are of, which `verify` takes.
pub fn addresses_and_keys(addresses: &[Address]) -> String {
    let key = |[chain, networks, text]: [String; 3]| {
        let key = addresses.iter().find(|address| address.chain.name() == chain && address.address == text);
        let key = key.map(|address| address.public_key.clone()).unwrap_or_default();
        [chain, networks, text, key]
    };
    table("", &address_rows(addresses).into_iter().map(key).collect::<Vec<_>>())
}

/// Returns the words in two rows of four.
pub fn safety_words(words: &[String], ink: Ink) -> String {
    let rows: Vec<[String; 4]> = words
        .chunks(4)
        .map(|row| core::array::from_fn(|column| row.get(column).cloned().unwrap_or_default()))
        .collect();
    table("    ", &rows).lines().map(|line| ink.bold(line)).collect::<Vec<_>>().join("\n")
}

/// Returns how far a key ceremony is.
pub fn progress(done: u8, of: u8, phase: &str, awaiting: &[String]) -> String {
    let waiting =
        if awaiting.is_empty() { String::new() } else { format!(", waiting for {}", names(awaiting)) };
    format!("[{done}/{of}] {phase}{waiting}")
}

const ROOT_KEYS: &str = "Root keys (those of accounts are in `quorate wallet addresses`)";

fn section<const N: usize>(title: &str, rows: &[[String; N]], ink: Ink) -> String {
    format!("\n{}\n{}", ink.bold(title), table("  ", rows))
}

fn sign(wallet: &WalletView) -> String {
    format!("{} of {}", wallet.threshold.min_signers(), wallet.threshold.max_signers())
}

const fn purpose(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::EcdsaSecp256k1 => "ECDSA secp256k1",
        KeyPurpose::Bip340Secp256k1 => "BIP-340 secp256k1",
        KeyPurpose::Ed25519 => "Ed25519",
    }
}

/// Returns hexadecimal in groups of eight, which people can compare.
fn grouped(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(8).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn address_rows(addresses: &[Address]) -> Vec<[String; 3]> {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for address in addresses {
        let chain = address.chain.name();
        let network = &address.network;
        let same = rows.iter_mut().find(|[of, _, text]| of == chain && *text == address.address);
        match same {
            Some([_, networks, _]) => *networks = format!("{networks}, {network}"),
            None => rows.push([chain.to_owned(), network.to_string(), address.address.clone()]),
        }
    }
    for [_, networks, _] in &mut rows {
        if networks == "mainnet, testnet, regtest" {
            "all networks".clone_into(networks);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_two_rows_of_four() {
        let words = ["a", "bb", "ccc", "d", "eeee", "f", "g", "h"].map(str::to_owned);
        assert_eq!(safety_words(&words, Ink::NONE), "    a     bb  ccc  d\n    eeee  f   g    h");
    }

    #[test]
    fn fingerprints_are_grouped() {
        assert_eq!(grouped("0011223344556677889"), "00112233 44556677 889");
    }
}
