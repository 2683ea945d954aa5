//! From an intent to a message.

use super::instruction::{
    ADVANCE_NONCE, COMPUTE_BUDGET, MEMO, RECENT_BLOCKHASHES, SYSTEM, TRANSFER, UNIT_LIMIT, UNIT_PRICE,
};
use super::message::{Instruction, Message};
use super::offchain::OffchainMessage;
use super::{address_bytes, key_bytes};
use crate::adapter::Account;
use crate::amount::parse_amount_u64;
use crate::chain::Chain;
use crate::context::{Context, SolanaContext};
use crate::error::ChainError;
use crate::intent::Intent;
use crate::text::base58_32;

const CHAIN: Chain = Chain::Solana;

pub(super) fn build(account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
    let key = key_bytes(account.key)?;
    let kind = intent.kind();
    match intent {
        Intent::Transfer { to, amount, memo } => {
            let Context::Solana(context) = context else {
                return Err(ChainError::MissingContext { chain: CHAIN, intent: kind });
            };
            let to = address_bytes(account.network, to)?;
            let lamports = parse_amount_u64(amount, CHAIN.decimals())?;
            let calls = transfer(&key, to, lamports, memo.as_deref(), context)?;
            Ok(compile(key, &calls, context)?.encode())
        }
        Intent::Message { text, recipient, nonce, callback_url } => {
            for (field, given) in [
                ("recipient", recipient.is_some()),
                ("nonce", nonce.is_some()),
                ("callback_url", callback_url.is_some()),
            ] {
                if given {
                    return Err(ChainError::UnknownField { chain: CHAIN, intent: kind, field });
                }
            }
            Ok(OffchainMessage { signer: key, text: text.clone() }.encode())
        }
        Intent::NearFunctionCall { .. } | Intent::TokenTransfer { .. } | Intent::TypedData { .. } => {
            Err(ChainError::UnknownIntent { chain: CHAIN, intent: kind })
        }
    }
}

/// A call of a program by addresses, before addresses are places.
struct Call {
    program: [u8; 32],
    /// The accounts, and whether each is written to.
    accounts: Vec<([u8; 32], bool)>,
    data: Vec<u8>,
}

fn transfer(
    from: &[u8; 32],
    to: [u8; 32],
    lamports: u64,
    memo: Option<&str>,
    context: &SolanaContext,
) -> Result<Vec<Call>, ChainError> {
    let mut calls = Vec::new();
    if let Some(nonce_account) = &context.nonce_account {
        let nonce_account = base58_32("nonce_account", nonce_account)?;
        calls.push(Call {
            program: SYSTEM,
            accounts: vec![(nonce_account, true), (RECENT_BLOCKHASHES, false), (*from, true)],
            data: ADVANCE_NONCE.to_le_bytes().to_vec(),
        });
    }
    if let Some(limit) = context.compute_unit_limit {
        calls.push(budget(UNIT_LIMIT, &limit.to_le_bytes()));
    }
    if let Some(price) = context.compute_unit_price {
        if context.compute_unit_limit.is_none() {
            let field = "compute_unit_limit";
            return Err(ChainError::MissingField { chain: CHAIN, intent: "priority fee", field });
        }
        calls.push(budget(UNIT_PRICE, &price.to_le_bytes()));
    }
    calls.push(Call {
        program: SYSTEM,
        accounts: vec![(*from, true), (to, true)],
        data: [&TRANSFER.to_le_bytes()[..], &lamports.to_le_bytes()].concat(),
    });
    if let Some(memo) = memo {
        calls.push(Call { program: MEMO, accounts: Vec::new(), data: memo.as_bytes().to_vec() });
    }
    Ok(calls)
}

fn budget(setting: u8, value: &[u8]) -> Call {
    Call { program: COMPUTE_BUDGET, accounts: Vec::new(), data: [&[setting], value].concat() }
}

/// Puts the payer first, then what is written to, then what is read, each in the order of first use.
fn compile(payer: [u8; 32], calls: &[Call], context: &SolanaContext) -> Result<Message, ChainError> {
    let used: Vec<([u8; 32], bool)> = calls
        .iter()
        .flat_map(|call| call.accounts.iter().copied().chain([(call.program, false)]))
        .filter(|(key, _)| *key != payer)
        .collect();
    let mut keys = vec![payer];
    for (key, _) in used.iter().filter(|(_, written)| *written) {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    let written = keys.len();
    for (key, _) in &used {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    let readonly_others = keys.len() - written;
    let too_many = ChainError::Malformed { what: "solana message" };
    let place = |key: &[u8; 32]| {
        let place = keys.iter().position(|known| known == key);
        place.and_then(|place| u8::try_from(place).ok()).ok_or(too_many.clone())
    };
    let instructions = calls
        .iter()
        .map(|call| {
            Ok(Instruction {
                program: place(&call.program)?,
                accounts: call.accounts.iter().map(|(key, _)| place(key)).collect::<Result<_, _>>()?,
                data: call.data.clone(),
            })
        })
        .collect::<Result<_, ChainError>>()?;
    Ok(Message {
        version: context.version,
        signers: 1,
        readonly_signers: 0,
        readonly_others: u8::try_from(readonly_others).map_err(|_| too_many.clone())?,
        recent_blockhash: base58_32("recent_blockhash", &context.recent_blockhash)?,
        instructions,
        keys,
    })
}
