//! From an intent to a transaction.

use super::account;
use super::key_bytes;
use super::message::Nep413;
use super::model::{Action, FunctionCall, Transaction};
use crate::adapter::Account;
use crate::amount::{AmountFault, parse_amount};
use crate::chain::Chain;
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::text::{base58_32, hex_32};

const CHAIN: Chain = Chain::Near;

/// Decimal places between gas and the unit that people use.
const TERA: u8 = 12;

pub(super) fn build(account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
    let key = key_bytes(account.key)?;
    let kind = intent.kind();
    let transaction = |receiver: &str, action: Action| {
        account::check(account.network, receiver)?;
        let Context::Near(context) = context else {
            return Err(ChainError::MissingContext { chain: CHAIN, intent: kind });
        };
        let transaction = Transaction {
            signer_id: context.signer_id.clone().unwrap_or_else(|| account::implicit(&key)),
            public_key: key,
            nonce: context.nonce,
            receiver_id: receiver.to_owned(),
            block_hash: base58_32("block_hash", &context.block_hash)?,
            actions: vec![action],
        };
        Ok(transaction.encode())
    };
    match intent {
        Intent::Transfer { memo: Some(_), .. } => {
            Err(ChainError::UnknownField { chain: CHAIN, intent: kind, field: "memo" })
        }
        Intent::Transfer { to, amount, memo: None } => {
            let deposit = parse_amount(amount, CHAIN.decimals())?;
            if deposit == 0 {
                return Err(AmountFault::Zero.into());
            }
            transaction(to, Action::Transfer(deposit))
        }
        Intent::NearFunctionCall { contract, method, args, tera_gas, deposit } => {
            let gas = u64::try_from(parse_amount(tera_gas, TERA)?).map_err(|_| AmountFault::TooLarge)?;
            let call = FunctionCall {
                method_name: method.clone(),
                args: args.as_bytes().to_vec(),
                gas,
                deposit: parse_amount(deposit, CHAIN.decimals())?,
            };
            transaction(contract, Action::FunctionCall(call))
        }
        Intent::TokenTransfer { .. } | Intent::TypedData { .. } => {
            Err(ChainError::UnknownIntent { chain: CHAIN, intent: kind })
        }
        Intent::Message { text, recipient, nonce, callback_url } => {
            let missing = |field| ChainError::MissingField { chain: CHAIN, intent: kind, field };
            let nonce = nonce.as_deref().ok_or(missing("nonce"))?;
            let message = Nep413 {
                message: text.clone(),
                nonce: hex_32("nonce", nonce)?,
                recipient: recipient.clone().ok_or(missing("recipient"))?,
                callback_url: callback_url.clone(),
            };
            Ok(message.encode())
        }
    }
}
