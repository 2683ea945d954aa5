//! Addresses: base58 with a checksum, bech32 and bech32m.

use bech32::primitives::decode::{SegwitHrpstring, SegwitHrpstringError};
use bech32::{Fe32, Hrp, segwit};

use super::rules::{Marks, Rules};
use super::script::{self, ScriptKind};
use crate::error::AddressFault;
use crate::network::Network;
use crate::transaction::Address;

/// Longer addresses do not exist.
const MAX_LEN: usize = 90;

/// Returns the address of a script; `None` for scripts that have none.
pub(super) fn of_script(rules: &Rules, network: Network, script: &[u8]) -> Option<Address> {
    let marks = rules.marks(network);
    let base58 =
        |version: u8, hash: &[u8]| Some(bs58::encode([&[version], hash].concat()).with_check().into_string());
    let bech32 = |version: Fe32, program: &[u8]| {
        segwit::encode(Hrp::parse_unchecked(marks.hrp?), version, program).ok()
    };
    let kind = ScriptKind::of(script).filter(|kind| rules.pays_to(*kind))?;
    let text = match kind {
        ScriptKind::P2pkh(hash) => base58(marks.p2pkh, hash),
        ScriptKind::P2sh(hash) => base58(marks.p2sh, hash),
        ScriptKind::P2wpkh(hash) => bech32(segwit::VERSION_0, hash),
        ScriptKind::P2wsh(hash) => bech32(segwit::VERSION_0, hash),
        ScriptKind::P2tr(key) => bech32(segwit::VERSION_1, key),
        ScriptKind::Data(_) => None,
    };
    text.map(Address::new)
}

/// Returns the script that an address of this network stands for.
pub(super) fn script_of(rules: &Rules, network: Network, text: &str) -> Result<Vec<u8>, AddressFault> {
    if text.is_empty() || text.len() > MAX_LEN {
        return Err(AddressFault::Length);
    }
    let lower = text.to_ascii_lowercase();
    let is_bech32 = ["bc1", "tb1", "bcrt1"].iter().any(|prefix| lower.starts_with(prefix));
    match (is_bech32, rules.marks(network).hrp) {
        (true, Some(hrp)) => bech32_script(hrp, text),
        (true, None) => Err(AddressFault::UnknownKind),
        (false, _) => base58_script(rules, network, text),
    }
}

fn bech32_script(hrp: &str, text: &str) -> Result<Vec<u8>, AddressFault> {
    let parsed = SegwitHrpstring::new(text).map_err(|error| match error {
        SegwitHrpstringError::Unchecked(_) => AddressFault::Characters,
        SegwitHrpstringError::Checksum(_) => AddressFault::Checksum,
        _ => AddressFault::UnknownKind,
    })?;
    if parsed.hrp().to_lowercase() != hrp {
        return Err(AddressFault::Network);
    }
    let program: Vec<u8> = parsed.byte_iter().collect();
    let script = match parsed.witness_version() {
        segwit::VERSION_0 => script::witness_v0(&program),
        segwit::VERSION_1 => program.try_into().ok().map(|key| script::p2tr(&key)),
        _ => None,
    };
    // A Taproot address whose key is no point can be written and never spent.
    script.filter(|script| ScriptKind::of(script).is_some()).ok_or(AddressFault::UnknownKind)
}

fn base58_script(rules: &Rules, network: Network, text: &str) -> Result<Vec<u8>, AddressFault> {
    let bytes = bs58::decode(text).with_check(None).into_vec().map_err(|error| match error {
        bs58::decode::Error::InvalidChecksum { .. } | bs58::decode::Error::NoChecksum => {
            AddressFault::Checksum
        }
        _ => AddressFault::Characters,
    })?;
    let (version, hash) = bytes.split_first().ok_or(AddressFault::Length)?;
    let hash: &[u8; 20] = hash.try_into().map_err(|_| AddressFault::Length)?;
    let ours = rules.marks(network);
    if *version == ours.p2pkh {
        return Ok(script::p2pkh(hash));
    }
    if *version == ours.p2sh {
        return Ok(script::p2sh(hash));
    }
    let is_of = |marks: Marks| *version == marks.p2pkh || *version == marks.p2sh;
    let elsewhere = [Network::Mainnet, Network::Testnet, Network::Regtest]
        .into_iter()
        .any(|other| is_of(rules.marks(other)));
    Err(if elsewhere { AddressFault::Network } else { AddressFault::UnknownKind })
}
