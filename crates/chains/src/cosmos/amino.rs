//! SIGN_MODE_LEGACY_AMINO_JSON: the document that is signed, with sorted keys and Go's escapes.

use core::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use super::model::{self, Coin, Transaction};
use super::{CosmosRefusal, MAX_LEN};
use crate::context::CosmosKey;
use crate::error::ChainError;
use crate::text::{escape, from_json};

const SEND: &str = "cosmos-sdk/MsgSend";
const OF: &str = "the document";

/// Returns the document of a transaction.
pub(super) fn sign_doc(transaction: &Transaction) -> String {
    let timeout = match transaction.timeout_height {
        0 => String::new(),
        height => format!(r#","timeout_height":"{height}""#),
    };
    format!(
        r#"{{"account_number":"{}","chain_id":{},"fee":{{"amount":{},"gas":"{}"}},"memo":{},"msgs":[{{"type":"{SEND}","value":{{"amount":{},"from_address":{},"to_address":{}}}}}],"sequence":"{}"{timeout}}}"#,
        transaction.account_number,
        quoted(&transaction.chain_id),
        list(&transaction.fee),
        transaction.gas,
        quoted(&transaction.memo),
        list(&transaction.amount),
        quoted(&transaction.from),
        quoted(&transaction.to),
        transaction.sequence,
    )
}

/// Returns text as JSON, escaped as Go does for HTML.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(coins: &[Coin]) -> String {
    let coins: Vec<String> = coins
        .iter()
        .map(|coin| format!(r#"{{"amount":"{}","denom":{}}}"#, coin.amount, quoted(&coin.denom)))
        .collect();
    format!("[{}]", coins.join(","))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    account_number: String,
    chain_id: String,
    fee: Fee,
    memo: String,
    msgs: Vec<Message>,
    sequence: String,
    timeout_height: Option<String>,
    timeout_timestamp: Option<Value>,
    unordered: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fee {
    amount: Vec<JsonCoin>,
    gas: String,
    granter: Option<Value>,
    payer: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonCoin {
    amount: String,
    denom: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    amount: Vec<JsonCoin>,
    from_address: String,
    to_address: String,
}

/// Reads a document. What two documents could say alike is for the caller to compare.
pub(super) fn parse(key_type: CosmosKey, json: &[u8]) -> Result<Transaction, ChainError> {
    const WHAT: &str = "amino document";
    let document: Document = from_json(WHAT, json, MAX_LEN)?;
    for (field, given) in [
        ("timeout_timestamp", document.timeout_timestamp.is_some()),
        ("unordered", document.unordered.is_some()),
        ("granter", document.fee.granter.is_some()),
        ("payer", document.fee.payer.is_some()),
    ] {
        if given {
            return Err(CosmosRefusal::Field { of: OF, field: field.to_owned() }.into());
        }
    }
    let count = document.msgs.len();
    let [message] =
        <[Message; 1]>::try_from(document.msgs).map_err(|_| CosmosRefusal::MessageCount { count })?;
    if message.kind != SEND {
        return Err(CosmosRefusal::Message { kind: escape(&message.kind) }.into());
    }
    let malformed = ChainError::Malformed { what: WHAT };
    let send: Send = serde_json::from_value(message.value).map_err(|_| malformed.clone())?;
    let number = |text: &str| {
        let number = model::amount(text).and_then(|number| u64::try_from(number).ok());
        number.ok_or(malformed.clone())
    };
    Ok(Transaction {
        account_number: number(&document.account_number)?,
        sequence: number(&document.sequence)?,
        timeout_height: document.timeout_height.as_deref().map_or(Ok(0), number)?,
        gas: number(&document.fee.gas)?,
        chain_id: document.chain_id,
        from: send.from_address,
        to: send.to_address,
        amount: coins("amount", send.amount)?,
        memo: document.memo,
        fee: coins("fee", document.fee.amount)?,
        key_type,
        key: None,
    })
}

fn coins(field: &'static str, coins: Vec<JsonCoin>) -> Result<Vec<Coin>, ChainError> {
    let coin = |coin: JsonCoin| {
        let amount = model::amount(&coin.amount).ok_or(CosmosRefusal::Coins { field })?;
        Ok(Coin { denom: coin.denom, amount })
    };
    coins.into_iter().map(coin).collect()
}
