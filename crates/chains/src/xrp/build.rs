//! From an intent to a payment.

use k256::elliptic_curve::sec1::ToEncodedPoint;

use super::account;
use super::model::{FULLY_CANONICAL, MAX_DROPS, Payment};
use crate::adapter::Account;
use crate::amount::{AmountFault, parse_amount_u64};
use crate::chain::Chain;
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;

const CHAIN: Chain = Chain::Xrp;

pub(super) fn build(account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
    let key = account.key.secp256k1(CHAIN)?;
    let kind = intent.kind();
    let Intent::Transfer { to, amount, memo } = intent else {
        return Err(ChainError::UnknownIntent { chain: CHAIN, intent: kind });
    };
    if memo.is_some() {
        return Err(ChainError::UnknownField { chain: CHAIN, intent: kind, field: "memo" });
    }
    let Context::Xrp(facts) = context else {
        return Err(ChainError::MissingContext { chain: CHAIN, intent: kind });
    };
    let destination = account::parse(to).map_err(|fault| ChainError::Address {
        chain: CHAIN,
        network: account.network,
        fault,
    })?;
    let amount = parse_amount_u64(amount, CHAIN.decimals())?;
    if amount > MAX_DROPS {
        return Err(AmountFault::TooLarge.into());
    }
    let encoded = key.to_encoded_point(true);
    let key_bytes = encoded.as_bytes().try_into().map_err(|_| ChainError::InvalidKey { chain: CHAIN })?;
    let payment = Payment {
        flags: Some(FULLY_CANONICAL),
        sequence: facts.sequence,
        destination_tag: facts.destination_tag,
        last_ledger: facts.last_ledger_sequence,
        amount,
        fee: facts.fee,
        key: key_bytes,
        account: account::of_key(&key),
        destination,
    };
    Ok(payment.encode(None))
}
