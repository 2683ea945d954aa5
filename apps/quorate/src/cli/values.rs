//! Values of options: durations, chains, networks, coins, unspent outputs.

use core::str::FromStr;

use clap::builder::RangedI64ValueParser;
use quorate_primitives::Millis;
use quorate_wallet::chains::{Chain, ChainError, CosmosCoin, CosmosKey, CosmosMode, Network, Utxo, escape};

const UNITS: [(&str, Millis); 4] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];

/// The longest time that can be named: a week.
const MAX: Millis = 7 * 86_400_000;

/// Reads a time: a number and a unit.
pub fn duration(text: &str) -> Result<Millis, String> {
    let malformed = || "a time is a number and one of s, m, h, d, such as 90s".to_owned();
    let (_, millis) = UNITS.iter().find(|(unit, _)| text.ends_with(unit)).ok_or_else(malformed)?;
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let number: u64 = digits.parse().map_err(|_| malformed())?;
    let time = number.checked_mul(*millis).filter(|time| *time <= MAX);
    time.ok_or_else(|| "at most 7d are possible".to_owned())
}

/// Writes a time for a person: the one or two largest units that say something.
pub fn show_duration(time: Millis) -> String {
    let mut rest = time;
    let mut parts = Vec::new();
    for (unit, (_, millis)) in ["d", "h", "min", "s"].into_iter().zip(UNITS) {
        let number = rest / millis;
        rest %= millis;
        if number > 0 {
            parts.push(format!("{number} {unit}"));
        } else if !parts.is_empty() {
            break;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "less than 1 s".to_owned() } else { parts.join(" ") }
}

/// Reads the number of an account: those from 2³¹ on would need a secret that nobody has.
pub fn account() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..1 << 31)
}

/// The longest name, in bytes.
const MAX_NAME: usize = 64;

/// Reads the name of a device or wallet: it must show as it is on every member's screen.
pub fn name(text: &str) -> Result<String, String> {
    let shows = escape(text) == text && text.trim() == text && !text.is_empty();
    if shows && text.len() <= MAX_NAME {
        return Ok(text.to_owned());
    }
    Err("a name has 1 to 64 visible characters, with spaces only between them".to_owned())
}

/// Reads a chain's name.
pub fn chain(name: &str) -> Result<Chain, ChainError> {
    Chain::from_str(name)
}

/// What can be said about a chain.
pub const CHAINS: &str =
    "The chain: ethereum, bitcoin, bitcoin-segwit, solana, near, cosmos, xrp or dogecoin";

/// What can be said about a network.
pub const NETWORKS: &str = "The network: mainnet, testnet or regtest; with Ethereum's machine also another by name or \
                            chain id: base, arbitrum, evm:5000";

/// Reads the name of a chain that has PSBTs.
pub fn chain_of_psbts(name: &str) -> Result<Chain, String> {
    match chain(name).map_err(|error| error.to_string())? {
        chain @ (Chain::Bitcoin | Chain::BitcoinSegwit | Chain::Dogecoin) => Ok(chain),
        chain @ (Chain::Ethereum | Chain::Solana | Chain::Near | Chain::Cosmos | Chain::Xrp) => {
            Err(format!("{chain} has no PSBTs: `quorate sign raw-tx` takes its transactions"))
        }
    }
}

/// Reads the name of a chain whose tools verify signed words.
pub fn chain_of_messages(name: &str) -> Result<Chain, String> {
    match chain(name).map_err(|error| error.to_string())? {
        chain @ (Chain::Dogecoin | Chain::Xrp) => {
            Err(format!("{chain} has no form of signed words that its tools verify safely"))
        }
        chain @ (Chain::Ethereum
        | Chain::Bitcoin
        | Chain::BitcoinSegwit
        | Chain::Solana
        | Chain::Near
        | Chain::Cosmos) => Ok(chain),
    }
}

/// Reads a network's name, or what a chain calls its own.
pub fn network(name: &str) -> Result<Network, ChainError> {
    Network::from_str(name)
}

/// Reads a coin of a Cosmos chain, as its tools write it: `2000uatom`.
pub fn coin(text: &str) -> Result<CosmosCoin, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.split_at_checked(digits) {
        Some((amount, denom)) if !amount.is_empty() && !denom.is_empty() => {
            Ok(CosmosCoin { amount: amount.to_owned(), denom: denom.to_owned() })
        }
        _ => Err("a coin is a whole number of base units and their name, such as 2000uatom".to_owned()),
    }
}

/// Reads the form in which a Cosmos chain's transaction is signed.
pub fn cosmos_mode(name: &str) -> Result<CosmosMode, String> {
    match name {
        "direct" => Ok(CosmosMode::Direct),
        "amino" => Ok(CosmosMode::Amino),
        _ => Err("the forms are direct and amino".to_owned()),
    }
}

/// Reads the type of a key on a Cosmos chain.
pub fn cosmos_key(name: &str) -> Result<CosmosKey, String> {
    match name {
        "secp256k1" => Ok(CosmosKey::Secp256k1),
        "ethermint" => Ok(CosmosKey::Ethermint),
        "cosmos-evm" => Ok(CosmosKey::CosmosEvm),
        "injective" => Ok(CosmosKey::Injective),
        _ => Err("the types are secp256k1, ethermint, cosmos-evm and injective".to_owned()),
    }
}

/// Reads an unspent output: `txid:vout:value`.
pub fn utxo(text: &str) -> Result<Utxo, String> {
    let malformed = || "an unspent output is txid:vout:value, the value in base units".to_owned();
    let mut parts = text.split(':');
    let (Some(txid), Some(vout), Some(value), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let (Ok(vout), Ok(value)) = (vout.parse(), value.parse()) else { return Err(malformed()) };
    Ok(Utxo { txid: txid.to_owned(), vout, value, transaction: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        for (text, millis) in [("0s", 0), ("30s", 30_000), ("10m", 600_000), ("24h", 86_400_000), ("7d", MAX)]
        {
            assert_eq!(duration(text), Ok(millis));
        }
        for text in ["", "s", "10", "+1s", "-1s", "1.5h", "1 s", "10ms", "8d", "99999999999999999999s", "٣s"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_shown_in_two_units_at_most() {
        for (millis, shown) in [
            (0, "less than 1 s"),
            (999, "less than 1 s"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h"),
            (3_601_000, "1 h"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(show_duration(millis), shown);
        }
    }

    #[test]
    fn names_are_what_they_look_like() {
        for text in ["a", "laptop 2", "größe", &"x".repeat(64)] {
            assert_eq!(name(text), Ok(text.to_owned()));
        }
        for text in ["", " ", " a", "a ", "a\nb", "a\u{202e}b", "a\u{200b}", "\u{1b}[2J", &"x".repeat(65)] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn outputs_have_three_parts() {
        assert_eq!(
            utxo("ab:1:5000"),
            Ok(Utxo { txid: "ab".to_owned(), vout: 1, value: 5000, transaction: None })
        );
        for text in ["", "ab", "ab:1", "ab:1:2:3", "ab:-1:2", "ab:1:x", "ab:4294967296:1"] {
            assert!(utxo(text).is_err(), "{text}");
        }
    }

    #[test]
    fn coins_are_a_number_and_a_name() {
        let read = |text| coin(text).map(|coin| (coin.amount, coin.denom));
        assert_eq!(read("2000uatom"), Ok(("2000".to_owned(), "uatom".to_owned())));
        assert_eq!(read("1ibc/27AB"), Ok(("1".to_owned(), "ibc/27AB".to_owned())));
        for text in ["", "2000", "uatom", "-1uatom", "٣uatom"] {
            assert!(coin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_chain_can_be_named_and_some_have_psbts() {
        let with_psbts = |chain: &Chain| chain_of_psbts(chain.name()) == Ok(*chain);
        let with_psbts: Vec<Chain> = Chain::ALL.into_iter().filter(with_psbts).collect();
        assert_eq!(with_psbts, [Chain::Bitcoin, Chain::BitcoinSegwit, Chain::Dogecoin]);
        assert!(chain_of_psbts("litecoin").is_err());
        let without_words = Chain::ALL.into_iter().filter(|chain| chain_of_messages(chain.name()).is_err());
        assert_eq!(without_words.collect::<Vec<_>>(), [Chain::Xrp, Chain::Dogecoin]);
        let named = CHAINS.replace(" or ", ", ");
        let named: Vec<&str> = named.trim_start_matches("The chain: ").split(", ").collect();
        assert_eq!(named, Chain::ALL.map(Chain::name));
    }

    #[test]
    fn types_of_keys_and_forms_are_named_as_in_context_files() {
        for name in ["secp256k1", "ethermint", "cosmos-evm", "injective"] {
            assert_eq!(serde_json::to_value(cosmos_key(name).unwrap()).unwrap(), name);
        }
        for name in ["direct", "amino"] {
            assert_eq!(serde_json::to_value(cosmos_mode(name).unwrap()).unwrap(), name);
        }
        assert!(cosmos_key("ed25519").is_err() && cosmos_mode("textual").is_err());
    }
}
