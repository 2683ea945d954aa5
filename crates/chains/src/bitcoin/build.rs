//! From an intent to a PSBT.

use super::address;
use super::model::{Input, OutPoint, Output, Transaction};
use super::psbt::{Psbt, PsbtInput, Sighash};
use super::select::{Fee, select};
use super::taproot::AccountKey;
use super::{BitcoinRefusal, MAX_MONEY, message, script};
use crate::adapter::Account;
use crate::amount::{AmountFault, parse_amount_u64};
use crate::chain::Chain;
use crate::context::{BitcoinContext, Context, Utxo};
use crate::error::ChainError;
use crate::intent::Intent;
use crate::text::hex_32;

const CHAIN: Chain = Chain::Bitcoin;

/// May be replaced by one with a higher fee, and begins no relative lock.
const REPLACEABLE: u32 = 0xffff_fffd;

pub(super) fn build(account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
    let key = AccountKey::new(&account.key.secp256k1(CHAIN)?)?;
    let kind = intent.kind();
    match intent {
        Intent::Transfer { to, amount, memo } => {
            let Context::Bitcoin(context) = context else {
                return Err(ChainError::MissingContext { chain: CHAIN, intent: kind });
            };
            let script = address::script_of(account.network, to).map_err(|fault| ChainError::Address {
                chain: CHAIN,
                network: account.network,
                fault,
            })?;
            let value = parse_amount_u64(amount, CHAIN.decimals())?;
            if value > MAX_MONEY {
                return Err(AmountFault::TooLarge.into());
            }
            let mut outputs = vec![Output { value, script }];
            if let Some(memo) = memo {
                let script = script::data(memo.as_bytes()).ok_or(BitcoinRefusal::Data { index: 1 })?;
                outputs.push(Output { value: 0, script });
            }
            Ok(pay(&key, outputs, context)?.encode())
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
            Ok(message::encode(text))
        }
        Intent::NearFunctionCall { .. } | Intent::TokenTransfer { .. } | Intent::TypedData { .. } => {
            Err(ChainError::UnknownIntent { chain: CHAIN, intent: kind })
        }
    }
}

/// Spends the largest outputs first; inputs and outputs are then ordered as BIP-69 says, so that the same facts always
/// give the same bytes.
fn pay(key: &AccountKey, mut outputs: Vec<Output>, context: &BitcoinContext) -> Result<Psbt, ChainError> {
    let mut utxos = context.utxos.iter().map(unspent).collect::<Result<Vec<_>, _>>()?;
    utxos.sort_by(|(a, a_value), (b, b_value)| b_value.cmp(a_value).then(a.cmp(b)));
    let values: Vec<u64> = utxos.iter().map(|(_, value)| *value).collect();
    let change = Output { value: 0, script: key.script.clone() };
    let selection = select(&values, &outputs, &change, Fee::new(&context.fee)?)?;
    utxos.truncate(selection.spent);
    utxos.sort_by_key(|(previous, _)| {
        let mut shown = previous.txid;
        shown.reverse();
        (shown, previous.vout)
    });
    if let Some(value) = selection.change {
        outputs.push(Output { value, ..change });
    }
    outputs.sort_by(|a, b| a.value.cmp(&b.value).then_with(|| a.script.cmp(&b.script)));
    let inputs = utxos
        .iter()
        .map(|(_, value)| PsbtInput {
            spent: Output { value: *value, script: key.script.clone() },
            sighash: Sighash::Default,
            internal_key: Some(key.internal),
        })
        .collect();
    let spends = utxos.iter().map(|(previous, _)| Input { previous: *previous, sequence: REPLACEABLE });
    let transaction = Transaction { version: 2, inputs: spends.collect(), outputs, lock_time: 0 };
    Ok(Psbt { transaction, inputs })
}

fn unspent(utxo: &Utxo) -> Result<(OutPoint, u64), ChainError> {
    let mut txid = hex_32("txid", &utxo.txid)?;
    txid.reverse();
    if utxo.value == 0 || utxo.value > MAX_MONEY {
        return Err(ChainError::InvalidField { field: "value", expected: "a number of satoshi" });
    }
    Ok((OutPoint { txid, vout: utxo.vout }, utxo.value))
}
