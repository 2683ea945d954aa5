//! From an intent to a document.

use k256::elliptic_curve::sec1::ToEncodedPoint;

use super::account::{self, KeyOf};
use super::model::{self, Coin, Transaction};
use super::words::Words;
use super::{Document, registry};
use crate::adapter::Account;
use crate::amount::{AmountFault, parse_amount};
use crate::chain::Chain;
use crate::context::{Context, CosmosCoin, CosmosContext, CosmosKey, CosmosMode};
use crate::error::ChainError;
use crate::intent::Intent;

const CHAIN: Chain = Chain::Cosmos;

pub(super) fn build(
    account: Account<'_>,
    intent: &Intent,
    context: &Context,
) -> Result<Document, ChainError> {
    let kind = intent.kind();
    match (intent, context) {
        (Intent::Transfer { to, amount, memo }, Context::Cosmos(facts)) => {
            let memo = memo.clone().unwrap_or_default();
            pay(account, to, amount, memo, facts).map(Document::Transaction)
        }
        (Intent::Transfer { .. }, _) => Err(ChainError::MissingContext { chain: CHAIN, intent: kind }),
        (Intent::Message { text, recipient: None, nonce: None, callback_url: None }, _) => {
            let (prefix, key_type) = match context {
                Context::Cosmos(facts) => (facts.prefix.as_str(), facts.key_type),
                _ => (registry::DEFAULT_PREFIX, CosmosKey::Secp256k1),
            };
            let signer = own_address(account, prefix, key_type)?;
            Words::new(text.clone(), signer, key_type).map(Document::Words)
        }
        (Intent::Message { recipient, nonce, .. }, _) => {
            let field = match (recipient, nonce) {
                (Some(_), _) => "recipient",
                (None, Some(_)) => "nonce",
                (None, None) => "callback_url",
            };
            Err(ChainError::UnknownField { chain: CHAIN, intent: kind, field })
        }
        (Intent::NearFunctionCall { .. } | Intent::TokenTransfer { .. } | Intent::TypedData { .. }, _) => {
            Err(ChainError::UnknownIntent { chain: CHAIN, intent: kind })
        }
    }
}

fn pay(
    account: Account<'_>,
    to: &str,
    amount: &str,
    memo: String,
    facts: &CosmosContext,
) -> Result<Transaction, ChainError> {
    let fault = |fault| ChainError::Address { chain: CHAIN, network: account.network, fault };
    let (prefix, receiver) = account::parse(to).map_err(fault)?;
    let to = account::encode(&prefix, &receiver).ok_or(fault(crate::error::AddressFault::UnknownKind))?;
    let key = account.key.secp256k1(CHAIN)?.to_encoded_point(true);
    let key = key.as_bytes().try_into().map_err(|_| ChainError::InvalidKey { chain: CHAIN })?;
    let amount = match parse_amount(amount, decimals(facts)?)? {
        0 => return Err(AmountFault::Zero.into()),
        amount => amount,
    };
    Ok(Transaction {
        chain_id: facts.chain_id.clone(),
        account_number: facts.account_number,
        sequence: facts.sequence,
        from: own_address(account, &facts.prefix, facts.key_type)?,
        to,
        amount: vec![Coin { denom: facts.denom.clone(), amount }],
        memo,
        timeout_height: facts.timeout_height.unwrap_or_default(),
        fee: facts.fee.iter().map(coin).collect::<Result<_, _>>()?,
        gas: facts.gas,
        key_type: facts.key_type,
        key: match facts.mode {
            CosmosMode::Direct => Some(key),
            CosmosMode::Amino => None,
        },
    })
}

/// Returns how many decimal places the denomination has, which the chain itself does not say.
fn decimals(facts: &CosmosContext) -> Result<u8, ChainError> {
    let known = registry::known(&facts.chain_id).filter(|known| known.denom == facts.denom);
    match (known.map(|known| known.decimals), facts.decimals) {
        (Some(known), None) => Ok(known),
        (Some(known), Some(given)) if given == known => Ok(known),
        (None, Some(given @ 0..=30)) => Ok(given),
        (_, Some(_)) => {
            Err(ChainError::InvalidField { field: "decimals", expected: "what the denomination has" })
        }
        (None, None) => Err(ChainError::InvalidField {
            field: "decimals",
            expected: "given, which a denomination that is not known here needs",
        }),
    }
}

fn coin(coin: &CosmosCoin) -> Result<Coin, ChainError> {
    let amount = model::amount(&coin.amount);
    let amount =
        amount.ok_or(ChainError::InvalidField { field: "fee", expected: "amounts of base units" })?;
    Ok(Coin { denom: coin.denom.clone(), amount })
}

fn own_address(account: Account<'_>, prefix: &str, key_type: CosmosKey) -> Result<String, ChainError> {
    let key = account.key.secp256k1(CHAIN)?;
    let address = account::encode(prefix, &key_type.account(&key));
    address.ok_or(ChainError::InvalidField { field: "prefix", expected: "what addresses begin with" })
}
