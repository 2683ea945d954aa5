//! From an intent to a PSBT.

use super::address;
use super::model::{Input, OutPoint, Output, Transaction, parse_previous};
use super::psbt::{Psbt, PsbtInput, Sighash};
use super::rules::Rules;
use super::select::{Fee, select};
use super::spend::{Own, Spend};
use super::{BitcoinRefusal, message, script};
use crate::adapter::Account;
use crate::amount::{AmountFault, parse_amount_u64};
use crate::context::{BitcoinContext, Context, Utxo};
use crate::error::ChainError;
use crate::intent::Intent;
use crate::text::hex_32;

pub(super) fn build(
    rules: &Rules,
    account: Account<'_>,
    intent: &Intent,
    context: &Context,
) -> Result<Vec<u8>, ChainError> {
    let chain = rules.chain;
    let own = Own::new(rules, account)?;
    let kind = intent.kind();
    match intent {
        Intent::Transfer { to, amount, memo } => {
            let context = rules.facts(context).ok_or(ChainError::MissingContext { chain, intent: kind })?;
            let script = address::script_of(rules, account.network, to)
                .map_err(|fault| ChainError::Address { chain, network: account.network, fault })?;
            let value = parse_amount_u64(amount, chain.decimals())?;
            if value > rules.max_money {
                return Err(AmountFault::TooLarge.into());
            }
            let mut outputs = vec![Output { value, script }];
            if let Some(memo) = memo {
                if rules.spend == Spend::Legacy {
                    return Err(ChainError::UnknownField { chain, intent: kind, field: "memo" });
                }
                let script = script::data(memo.as_bytes()).ok_or(BitcoinRefusal::Data { index: 1 })?;
                outputs.push(Output { value: 0, script });
            }
            Ok(pay(rules, &own, outputs, context)?.encode())
        }
        Intent::Message { text, recipient, nonce, callback_url } if rules.spend != Spend::Legacy => {
            for (field, given) in [
                ("recipient", recipient.is_some()),
                ("nonce", nonce.is_some()),
                ("callback_url", callback_url.is_some()),
            ] {
                if given {
                    return Err(ChainError::UnknownField { chain, intent: kind, field });
                }
            }
            Ok(message::encode(text))
        }
        Intent::Message { .. }
        | Intent::NearFunctionCall { .. }
        | Intent::TokenTransfer { .. }
        | Intent::TypedData { .. } => Err(ChainError::UnknownIntent { chain, intent: kind }),
    }
}

/// Spends the largest outputs first; inputs and outputs are then ordered as BIP-69 says, so that the same facts always
/// give the same bytes.
fn pay(
    rules: &Rules,
    own: &Own,
    mut outputs: Vec<Output>,
    context: &BitcoinContext,
) -> Result<Psbt, ChainError> {
    let mut utxos = context.utxos.iter().map(|utxo| unspent(rules, utxo)).collect::<Result<Vec<_>, _>>()?;
    utxos.sort_by(|a, b| b.value.cmp(&a.value).then(a.previous.cmp(&b.previous)));
    let values: Vec<u64> = utxos.iter().map(|utxo| utxo.value).collect();
    let change = Output { value: 0, script: own.script.clone() };
    let selection = select(rules, &values, &outputs, &change, Fee::new(rules, &context.fee)?)?;
    utxos.truncate(selection.spent);
    utxos.sort_by_key(|utxo| {
        let mut shown = utxo.previous.txid;
        shown.reverse();
        (shown, utxo.previous.vout)
    });
    if let Some(value) = selection.change {
        outputs.push(Output { value, ..change });
    }
    outputs.sort_by(|a, b| a.value.cmp(&b.value).then_with(|| a.script.cmp(&b.script)));
    let spends =
        utxos.iter().map(|utxo| Input { previous: utxo.previous, sequence: rules.sequence }).collect();
    let is_taproot = rules.spend == Spend::Taproot;
    let inputs = utxos
        .into_iter()
        .map(|utxo| PsbtInput {
            spent: Output { value: utxo.value, script: own.script.clone() },
            previous: utxo.transaction,
            sighash: if is_taproot { Sighash::Default } else { Sighash::All },
            internal_key: own.internal_key().filter(|_| is_taproot),
        })
        .collect();
    let transaction = Transaction { version: rules.version, inputs: spends, outputs, lock_time: 0 };
    Ok(Psbt { transaction, inputs })
}

/// An output that may be spent.
struct Unspent {
    previous: OutPoint,
    value: u64,
    /// The transaction that it is an output of, where the signature needs it.
    transaction: Option<Vec<u8>>,
}

fn unspent(rules: &Rules, utxo: &Utxo) -> Result<Unspent, ChainError> {
    let mut txid = hex_32("txid", &utxo.txid)?;
    txid.reverse();
    if utxo.value == 0 || utxo.value > rules.max_money {
        return Err(ChainError::InvalidField { field: "value", expected: "a number of base units" });
    }
    let invalid = ChainError::InvalidField {
        field: "transaction",
        expected: "the transaction with that id, in hexadecimal, with an output of that value",
    };
    let transaction = match &utxo.transaction {
        Some(transaction) if rules.spend.needs_previous() => {
            let previous = hex::decode(transaction).ok().and_then(|bytes| parse_previous(&bytes).ok());
            let previous = previous.filter(|previous| {
                let value = previous.output(utxo.vout).map(|output| output.value);
                previous.txid == txid && value == Some(utxo.value)
            });
            Some(previous.ok_or(invalid)?.bytes)
        }
        None if rules.spend.needs_previous() => return Err(invalid),
        Some(_) | None => None,
    };
    Ok(Unspent { previous: OutPoint { txid, vout: utxo.vout }, value: utxo.value, transaction })
}
