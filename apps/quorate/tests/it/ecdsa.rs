//! `quorate sign` and `verify` on the chains of ECDSA keys: one wallet, every kind of thing, and what is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_wallet::chains::{Chain, Network, Utxo, sample_utxo, transaction_id};
use serde_json::Value;

use crate::sign::{sign, value, verify};
use crate::stage::{Ended, Stage};

const TO_ETHEREUM: &str = "0x52908400098527886E0F7030069857D2E4169EE7";
const TOKEN: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const TO_BITCOIN: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const TO_DOGECOIN: &str = "DFpN6QqFfUm3gKNaxN6tNcab1FArL9cZLE";
const TO_COSMOS: &str = "cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu";
const TO_XRP: &str = "rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe";

const ORDER: &str = r#"{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"chainId","type":"uint256"}],
"Order":[{"name":"maker","type":"address"},{"name":"amount","type":"uint256"}]},"primaryType":"Order",
"domain":{"name":"Exchange","chainId":8453},
"message":{"maker":"0x52908400098527886E0F7030069857D2E4169EE7","amount":"1000"}}"#;

const CONTEXT: &str = r#"{
  "ethereum": { "nonce": 14, "gas_limit": 65000, "fee": { "gas_price": "20" },
    "tokens": [{ "address": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "symbol": "USDC", "decimals": 6 }] },
  "cosmos": { "chain_id": "osmosis-1", "prefix": "osmo", "account_number": 7, "sequence": 3,
    "denom": "uosmo", "fee": [], "gas": 100000 },
  "xrp": { "sequence": 9, "last_ledger_sequence": 90000020, "fee": 12 }
}"#;

const FEE: [&str; 4] = ["--max-fee", "0.2", "--priority-fee", "0.01"];

#[test]
fn every_chain_of_ecdsa_keys_is_signed_on() {
    let mut stage = Stage::with_relay();
    stage.make_wallet("treasury", "2", &["laptop", "phone"]);
    let own = own_addresses(&mut stage);
    stage.write("context.json", CONTEXT);
    stage.write("words.txt", "I own this account since 2024.");
    stage.write("order.json", ORDER);

    stage.note("an account has one address on all networks of Ethereum's machine");
    for args in [
        &["wallet", "addresses", "--network", "base"][..],
        &["--json", "wallet", "addresses", "--network", "evm:5000"],
    ] {
        assert_eq!(stage.run("phone", args).code, 0);
    }
    signs_transfers(&mut stage, &own);
    signs_words_and_typed_data(&mut stage);
    signs_what_other_programs_made(&mut stage, &own);
    stage.compare("sign-ecdsa");

    stage.turn_page();
    refuses_on_ethereum(&mut stage);
    refuses_elsewhere(&mut stage);
    stage.compare("sign-ecdsa-refused");
}

fn signs_transfers(stage: &mut Stage, own: &Own) {
    stage.note("transfers");
    let ethereum = ["sign", "ethereum", "--to", TO_ETHEREUM, "--amount"];
    let coins = [&ethereum[..], &["0.5", "--network", "base", "--nonce", "12"], &FEE].concat();
    let (_, unsigned) = signed(stage, &coins, "ethereum", "base");
    stage.write("ethereum.bin", unsigned);
    let token = ["25", "--token", TOKEN, "--symbol", "USDC", "--decimals", "6", "--gas-limit", "65000"];
    let tokens = [&ethereum[..], &token, &["--nonce", "13"], &FEE].concat();
    signed(stage, &tokens, "ethereum", "mainnet");
    let context = ["--context", "context.json"];
    let claimed = [&ethereum[..], &["25", "--token", TOKEN, "--network", "polygon"], &context].concat();
    signed(stage, &claimed, "ethereum", "polygon");

    let (segwit, dogecoin) = (own.utxo(stage, Chain::BitcoinSegwit), own.utxo(stage, Chain::Dogecoin));
    let spent = segwit.transaction.clone().unwrap();
    stage.write("previous.hex", &spent);
    let utxo = shown(&segwit);
    let bitcoin = ["sign", "bitcoin-segwit", "--to", TO_BITCOIN, "--amount", "0.1", "--network", "regtest"];
    let bitcoin =
        [&bitcoin[..], &["--utxo", &utxo, "--previous", "previous.hex", "--fee-rate", "2"]].concat();
    signed(stage, &bitcoin, "bitcoin-segwit", "regtest");
    let (utxo, spent) = (shown(&dogecoin), dogecoin.transaction.clone().unwrap());
    let to_dogecoin = ["sign", "dogecoin", "--to", TO_DOGECOIN, "--amount", "1.5", "--fee-rate", "1000"];
    let to_dogecoin = [&to_dogecoin[..], &["--utxo", &utxo, "--previous", &spent]].concat();
    let (_, unsigned) = signed(stage, &to_dogecoin, "dogecoin", "mainnet");
    stage.write("dogecoin.psbt", STANDARD.encode(unsigned));

    let cosmos = ["sign", "cosmos", "--to", TO_COSMOS, "--amount", "1.5", "--memo", "invoice 7"];
    let facts =
        ["--chain-id", "cosmoshub-4", "--prefix", "cosmos", "--account-number", "7", "--sequence", "3"];
    let gas = ["--denom", "uatom", "--fee", "2000uatom", "--gas", "100000"];
    signed(stage, &[&cosmos[..], &facts, &gas].concat(), "cosmos", "mainnet");
    let amino = [&cosmos[..], &facts, &gas, &["--mode", "amino", "--timeout-height", "9"]].concat();
    signed(stage, &amino, "cosmos", "mainnet");

    let xrp = ["sign", "xrp", "--to", TO_XRP, "--amount", "25"];
    let facts = ["--sequence", "8", "--last-ledger", "90000020", "--fee", "12", "--tag", "501"];
    signed(stage, &[&xrp[..], &facts].concat(), "xrp", "mainnet");
    signed(stage, &[&xrp[..], &context].concat(), "xrp", "mainnet");
}

fn signs_words_and_typed_data(stage: &mut Stage) {
    stage.note("words and typed data");
    signed(stage, &["sign", "typed-data", "order.json", "--network", "base"], "ethereum", "base");
    for chain in ["ethereum", "cosmos", "bitcoin-segwit"] {
        signed(stage, &["sign", "message", "words.txt", "--chain", chain], chain, "mainnet");
    }
    let osmosis = ["sign", "message", "words.txt", "--chain", "cosmos", "--context", "context.json"];
    signed(stage, &osmosis, "cosmos", "mainnet");
}

fn signs_what_other_programs_made(stage: &mut Stage, own: &Own) {
    stage.note("what other programs made; a PSBT may spend from both of the account's addresses on Bitcoin");
    let base = ["sign", "raw-tx", "ethereum.bin", "--chain", "ethereum", "--network", "base", "--plain"];
    signed(stage, &base, "ethereum", "base");
    signed(stage, &["sign", "psbt", "dogecoin.psbt", "--chain", "dogecoin"], "dogecoin", "mainnet");
    let spent = [own.utxo(stage, Chain::Bitcoin), own.utxo(stage, Chain::BitcoinSegwit)];
    stage.write("both.psbt", psbt(&spent));
    let (ended, _) = sign(stage, &["sign", "psbt", "both.psbt", "--network", "regtest"]);
    let (key, bytes) = (value(&ended, "Key"), value(&ended, "Signed"));
    let other = &own.of(Chain::BitcoinSegwit, Network::Regtest).public_key;
    let alone = ["verify", "--chain", "bitcoin", "--network", "regtest", "--key", &key, &bytes];
    assert_eq!(stage.run("phone", &alone).code, 1);
    assert_eq!(stage.run("phone", &[&alone[..], &["--other-key", other]].concat()).code, 0);
    let one_key = ["verify", "--chain", "xrp", "--network", "mainnet", "--key", other, "--other-key", &key];
    assert_eq!(stage.run("phone", &[&one_key[..], &["00"]].concat()).code, 2);
}

fn refuses_on_ethereum(stage: &mut Stage) {
    let ethereum = ["sign", "ethereum", "--to", TO_ETHEREUM, "--amount", "0.5"];
    let nonce = ["--nonce", "12"];
    let token = ["--token", TOKEN, "--nonce", "12"];
    let claim = ["--symbol", "USDC", "--decimals", "6"];
    let context = ["--context", "context.json"];
    for (args, code) in [
        (ethereum.to_vec(), 1),
        ([&ethereum[..], &FEE].concat(), 2),
        ([&ethereum[..], &nonce].concat(), 2),
        ([&ethereum[..], &nonce, &["--max-fee", "1"]].concat(), 2),
        ([&ethereum[..], &nonce, &["--max-fee", "1", "--priority-fee", "2"]].concat(), 1),
        ([&ethereum[..], &nonce, &["--gas-price", "50000"]].concat(), 1),
        ([&ethereum[..], &nonce, &["--gas-price", "1", "--gas-limit", "20999"]].concat(), 1),
        ([&ethereum[..], &nonce, &FEE, &["--gas-price", "1"]].concat(), 2),
        ([&ethereum[..], &nonce, &FEE, &["--network", "mars"]].concat(), 2),
        ([&ethereum[..], &nonce, &FEE, &["--network", "evm:0"]].concat(), 2),
        ([&ethereum[..], &nonce, &FEE, &["--network", "evm:18446744073709551615"]].concat(), 1),
        ([&ethereum[..], &nonce, &FEE, &context].concat(), 2),
        ([&ethereum[..], &token, &FEE].concat(), 2),
        ([&ethereum[..], &token, &claim, &FEE].concat(), 2),
        ([&ethereum[..], &nonce, &claim, &FEE].concat(), 2),
        ([&ethereum[..], &["--token", TO_ETHEREUM], &context].concat(), 1),
        ([&ethereum[..], &["--token", "0xa0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"], &context].concat(), 1),
        (
            vec![
                "sign", "ethereum", "--to", TOKEN, "--amount", "1", "--token", TOKEN, context[0], context[1],
            ],
            1,
        ),
        (vec!["sign", "typed-data", "order.json"], 1),
        (vec!["--json", "sign", "typed-data", "order.json", "--network", "arbitrum"], 1),
        (vec!["sign", "typed-data", "context.json"], 1),
        (vec!["sign", "raw-tx", "ethereum.bin", "--chain", "ethereum"], 1),
        (vec!["sign", "raw-tx", "order.json", "--chain", "ethereum", "--network", "evm:5000"], 1),
        (vec!["wallet", "addresses", "--network", "evm:18446744073709551615"], 1),
        (vec!["sign", "message", "words.txt", "--chain", "ethereum", "--context", "context.json"], 2),
    ] {
        assert_eq!(stage.run("laptop", &args).code, code, "{args:?}");
    }
}

fn refuses_elsewhere(stage: &mut Stage) {
    const ID: &str = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0:200000000";
    let dogecoin = ["sign", "dogecoin", "--to", TO_DOGECOIN, "--amount", "1", "--utxo", ID];
    let fee = ["--fee", "1000000"];
    let cosmos = ["sign", "cosmos", "--to", TO_COSMOS, "--amount", "1"];
    let xrp = ["sign", "xrp", "--to", TO_XRP, "--amount", "1"];
    for (args, code) in [
        (dogecoin.to_vec(), 2),
        ([&dogecoin[..], &fee].concat(), 2),
        ([&dogecoin[..], &fee, &["--previous", "words.txt"]].concat(), 1),
        ([&dogecoin[..], &fee, &["--previous", "previous.hex"]].concat(), 2),
        ([&dogecoin[..], &fee, &["--network", "base"]].concat(), 2),
        (vec!["sign", "bitcoin-segwit", "--to", TO_BITCOIN, "--amount", "1", "--network", "regtest"], 1),
        (vec!["sign", "psbt", "dogecoin.psbt"], 1),
        (vec!["sign", "psbt", "dogecoin.psbt", "--chain", "solana"], 2),
        (vec!["sign", "message", "words.txt", "--chain", "xrp"], 2),
        (vec!["sign", "message", "words.txt", "--chain", "dogecoin"], 2),
        (cosmos.to_vec(), 1),
        ([&cosmos[..], &["--chain-id", "cosmoshub-4", "--sequence", "3"]].concat(), 2),
        ([&cosmos[..], &["--fee", "2000"]].concat(), 2),
        ([&cosmos[..], &["--context", "context.json"]].concat(), 1),
        (xrp.to_vec(), 1),
        ([&xrp[..], &["--sequence", "8"]].concat(), 2),
        ([&xrp[..], &["--sequence", "8", "--last-ledger", "9", "--fee", "100001"]].concat(), 1),
        ([&xrp[..], &["--context", "context.json", "--network", "base"]].concat(), 1),
        (vec!["wallet", "addresses", "--network", "evm:08453"], 2),
    ] {
        assert_eq!(stage.run("laptop", &args).code, code, "{args:?}");
    }
}

/// Signs, and verifies what came out.
fn signed(stage: &mut Stage, args: &[&str], chain: &str, network: &str) -> (Ended, Vec<u8>) {
    let (ended, unsigned) = sign(stage, args);
    verify(stage, &ended, chain, network);
    (ended, unsigned)
}

/// The account's addresses.
struct Own(Vec<Address>);

#[derive(serde::Deserialize)]
struct Address {
    chain: Chain,
    network: Network,
    address: String,
    public_key: String,
}

impl Own {
    fn of(&self, chain: Chain, network: Network) -> &Address {
        self.0.iter().find(|address| address.chain == chain && address.network == network).unwrap()
    }

    /// Makes up an output at one of the addresses, whose id the transcript shows by a name.
    fn utxo(&self, stage: &mut Stage, chain: Chain) -> Utxo {
        let network = if chain == Chain::Dogecoin { Network::Mainnet } else { Network::Regtest };
        let utxo = sample_utxo(chain, network, &self.of(chain, network).address, 200_000_000).unwrap();
        stage.call(&utxo.txid, &format!("<spent {chain}>"));
        utxo
    }
}

fn own_addresses(stage: &mut Stage) -> Own {
    let output = stage.command("laptop", &["--json", "wallet", "addresses"]).output().unwrap();
    let view: Value = serde_json::from_slice(&output.stdout).unwrap();
    let own: Vec<Address> = serde_json::from_value(view["addresses"].clone()).unwrap();
    for Address { chain, network, address, public_key } in &own {
        stage.call(address, &format!("<{chain} {network}>"));
        let key = STANDARD.encode(hex::decode(public_key).unwrap());
        stage.call(&format!("\"{key}\""), &format!("\"<key {chain}>\""));
    }
    Own(own)
}

fn shown(utxo: &Utxo) -> String {
    format!("{}:{}:{}", utxo.txid, utxo.vout, utxo.value)
}

/// A PSBT with an input for each output, in full, and one output.
fn psbt(spent: &[Utxo; 2]) -> Vec<u8> {
    let spent = spent.each_ref().map(|utxo| hex::decode(utxo.transaction.as_ref().unwrap()).unwrap());
    let field = |value: &[u8]| [&[1, 0, u8::try_from(value.len()).unwrap()][..], value].concat();
    let mut unsigned = vec![2, 0, 0, 0, 2];
    for transaction in &spent {
        unsigned.extend(hex::decode(transaction_id(transaction).unwrap()).unwrap().iter().rev());
        unsigned.extend([0, 0, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff]);
    }
    unsigned.extend([&[1][..], &399_990_000_u64.to_le_bytes(), &[22, 0, 20], &[9; 20], &[0; 4]].concat());
    let inputs = spent.map(|transaction| [&field(&transaction)[..], &[0]].concat());
    [&b"psbt\xff"[..], &field(&unsigned), &[0], &inputs[0], &inputs[1], &[0]].concat()
}
