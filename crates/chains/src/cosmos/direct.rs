//! SIGN_MODE_DIRECT: the protobuf that is signed, and the transaction that every mode is sent in.

use super::account::KeyOf;
use super::model::{self, Coin, Transaction};
use super::protobuf::{Message, each_field, once};
use super::{CosmosRefusal, WHAT};
use crate::context::CosmosKey;
use crate::error::ChainError;
use crate::text::escape;

const SEND: &str = "/cosmos.bank.v1beta1.MsgSend";

/// Sign modes, as the SDK numbers them.
const DIRECT: u64 = 1;
const LEGACY_AMINO_JSON: u64 = 127;

/// Returns the `SignDoc` of a transaction.
pub(super) fn sign_doc(transaction: &Transaction) -> Vec<u8> {
    let key = transaction.key.unwrap_or([0; 33]);
    Message::default()
        .bytes(1, body(transaction))
        .bytes(2, auth_info(transaction, &key, DIRECT))
        .bytes(3, &transaction.chain_id)
        .number(4, transaction.account_number)
        .finish()
}

/// Returns the `TxRaw` of a signed transaction.
pub(super) fn tx_raw(transaction: &Transaction, key: &[u8; 33], signature: &[u8; 64]) -> Vec<u8> {
    let mode = if transaction.key.is_some() { DIRECT } else { LEGACY_AMINO_JSON };
    Message::default()
        .bytes(1, body(transaction))
        .bytes(2, auth_info(transaction, key, mode))
        .bytes(3, signature)
        .finish()
}

fn body(transaction: &Transaction) -> Message {
    let send = Message::default()
        .bytes(1, &transaction.from)
        .bytes(2, &transaction.to)
        .repeated(3, transaction.amount.iter().map(coin));
    Message::default()
        .message(1, any(SEND, &send))
        .bytes(2, &transaction.memo)
        .number(3, transaction.timeout_height)
}

fn auth_info(transaction: &Transaction, key: &[u8; 33], mode: u64) -> Message {
    let public_key = any(transaction.key_type.type_url(), &Message::default().bytes(1, key));
    let single = Message::default().message(1, Message::default().number(1, mode));
    let signer = Message::default().message(1, public_key).message(2, single).number(3, transaction.sequence);
    let fee = Message::default().repeated(1, transaction.fee.iter().map(coin)).number(2, transaction.gas);
    Message::default().message(1, signer).message(2, fee)
}

fn any(type_url: &str, value: &Message) -> Message {
    Message::default().bytes(1, type_url).bytes(2, value)
}

fn coin(coin: &Coin) -> Message {
    Message::default().bytes(1, &coin.denom).bytes(2, coin.amount.to_string())
}

/// Reads a `SignDoc`.
pub(super) fn parse(bytes: &[u8]) -> Result<Transaction, ChainError> {
    let (mut body, mut auth_info, mut chain_id, mut account_number) = (None, None, None, None);
    each_field("SignDoc", &[], bytes, |field, value| match field {
        1 => once(&mut body, value.bytes()?),
        2 => once(&mut auth_info, value.bytes()?),
        3 => once(&mut chain_id, value.text()?),
        4 => once(&mut account_number, value.number()?),
        _ => Ok(false),
    })?;
    let body = Body::parse(body.unwrap_or_default())?;
    let auth_info = AuthInfo::parse(auth_info.unwrap_or_default())?;
    Ok(Transaction {
        chain_id: chain_id.unwrap_or_default(),
        account_number: account_number.unwrap_or_default(),
        sequence: auth_info.sequence,
        from: body.from,
        to: body.to,
        amount: body.amount,
        memo: body.memo,
        timeout_height: body.timeout_height,
        fee: auth_info.fee,
        gas: auth_info.gas,
        key_type: auth_info.key_type,
        key: Some(auth_info.key),
    })
}

#[derive(Default)]
struct Body {
    from: String,
    to: String,
    amount: Vec<Coin>,
    memo: String,
    timeout_height: u64,
}

impl Body {
    fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        const NAMES: [(u64, &str); 4] = [
            (4, "unordered"),
            (5, "timeout_timestamp"),
            (1023, "extension_options"),
            (2047, "non_critical_extension_options"),
        ];
        let (mut messages, mut memo, mut timeout_height) = (Vec::new(), None, None);
        each_field("TxBody", &NAMES, bytes, |field, value| match field {
            1 => {
                messages.push(value.bytes()?);
                Ok(true)
            }
            2 => once(&mut memo, value.text()?),
            3 => once(&mut timeout_height, value.number()?),
            _ => Ok(false),
        })?;
        let [message] = messages.as_slice() else {
            return Err(CosmosRefusal::MessageCount { count: messages.len() }.into());
        };
        let (type_url, send) = read_any(message)?;
        if type_url != SEND {
            return Err(CosmosRefusal::Message { kind: escape(&type_url) }.into());
        }
        let mut body = Self {
            memo: memo.unwrap_or_default(),
            timeout_height: timeout_height.unwrap_or_default(),
            ..Self::default()
        };
        let (mut from, mut to) = (None, None);
        each_field("MsgSend", &[], send, |field, value| match field {
            1 => once(&mut from, value.text()?),
            2 => once(&mut to, value.text()?),
            3 => {
                body.amount.push(read_coin("amount", value.bytes()?)?);
                Ok(true)
            }
            _ => Ok(false),
        })?;
        Ok(Self { from: from.unwrap_or_default(), to: to.unwrap_or_default(), ..body })
    }
}

struct AuthInfo {
    key_type: CosmosKey,
    key: [u8; 33],
    sequence: u64,
    fee: Vec<Coin>,
    gas: u64,
}

impl AuthInfo {
    fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let (mut signers, mut fee) = (Vec::new(), None);
        each_field("AuthInfo", &[(3, "tip")], bytes, |field, value| match field {
            1 => {
                signers.push(value.bytes()?);
                Ok(true)
            }
            2 => once(&mut fee, value.bytes()?),
            _ => Ok(false),
        })?;
        let [signer] = signers.as_slice() else {
            return Err(CosmosRefusal::SignerCount { count: signers.len() }.into());
        };
        let (mut public_key, mut mode, mut sequence) = (None, None, None);
        each_field("SignerInfo", &[], signer, |field, value| match field {
            1 => once(&mut public_key, value.bytes()?),
            2 => once(&mut mode, value.bytes()?),
            3 => once(&mut sequence, value.number()?),
            _ => Ok(false),
        })?;
        let (key_type, key) = read_key(public_key.unwrap_or_default())?;
        match read_mode(mode.unwrap_or_default())? {
            DIRECT => {}
            mode => return Err(CosmosRefusal::SignMode { mode }.into()),
        }
        let (fee, gas) = read_fee(fee.unwrap_or_default())?;
        Ok(Self { key_type, key, sequence: sequence.unwrap_or_default(), fee, gas })
    }
}

fn read_key(bytes: &[u8]) -> Result<(CosmosKey, [u8; 33]), ChainError> {
    let (type_url, value) = read_any(bytes)?;
    let key_type =
        CosmosKey::of_type_url(&type_url).ok_or(CosmosRefusal::KeyType { kind: escape(&type_url) })?;
    let mut key = None;
    each_field("PubKey", &[], value, |field, value| match field {
        1 => once(&mut key, value.bytes()?),
        _ => Ok(false),
    })?;
    let key = key.unwrap_or_default().try_into().map_err(|_| CosmosRefusal::ForeignKey)?;
    Ok((key_type, key))
}

fn read_mode(bytes: &[u8]) -> Result<u64, ChainError> {
    let (mut single, mut mode) = (None, None);
    each_field("ModeInfo", &[(2, "multi")], bytes, |field, value| match field {
        1 => once(&mut single, value.bytes()?),
        _ => Ok(false),
    })?;
    each_field("ModeInfo", &[], single.unwrap_or_default(), |field, value| match field {
        1 => once(&mut mode, value.number()?),
        _ => Ok(false),
    })?;
    Ok(mode.unwrap_or_default())
}

fn read_fee(bytes: &[u8]) -> Result<(Vec<Coin>, u64), ChainError> {
    let (mut coins, mut gas) = (Vec::new(), None);
    each_field("Fee", &[(3, "payer"), (4, "granter")], bytes, |field, value| match field {
        1 => {
            coins.push(read_coin("fee", value.bytes()?)?);
            Ok(true)
        }
        2 => once(&mut gas, value.number()?),
        _ => Ok(false),
    })?;
    Ok((coins, gas.unwrap_or_default()))
}

fn read_any(bytes: &[u8]) -> Result<(String, &[u8]), ChainError> {
    let (mut type_url, mut value) = (None, None);
    each_field("Any", &[], bytes, |field, found| match field {
        1 => once(&mut type_url, found.text()?),
        2 => once(&mut value, found.bytes()?),
        _ => Ok(false),
    })?;
    Ok((type_url.unwrap_or_default(), value.unwrap_or_default()))
}

fn read_coin(of: &'static str, bytes: &[u8]) -> Result<Coin, ChainError> {
    let (mut denom, mut amount) = (None, None);
    each_field("Coin", &[], bytes, |field, value| match field {
        1 => once(&mut denom, value.text()?),
        2 => once(&mut amount, value.text()?),
        _ => Ok(false),
    })?;
    let denom = denom.ok_or(ChainError::Malformed { what: WHAT })?;
    let amount = model::amount(&amount.unwrap_or_default()).ok_or(CosmosRefusal::Coins { field: of })?;
    Ok(Coin { denom, amount })
}
