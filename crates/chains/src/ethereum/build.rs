//! From an intent to a transaction or message.

use super::address;
use super::call::Call;
use super::message::Message;
use super::model::{Access, Fee, Transaction};
use super::review::find_claim;
use super::typed_data::TypedData;
use super::uint::Uint256;
use crate::adapter::Account;
use crate::amount::{AmountFault, parse_amount};
use crate::chain::Chain;
use crate::context::{Context, EthereumAccess, EthereumContext, EthereumFee};
use crate::error::ChainError;
use crate::intent::Intent;
use crate::network::Network;
use crate::text::hex_32;

const CHAIN: Chain = Chain::Ethereum;

/// Decimal places between wei and the unit in which gas is priced.
const GWEI: u8 = 9;

pub(super) fn build(account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError> {
    let kind = intent.kind();
    let unknown = |field| Err(ChainError::UnknownField { chain: CHAIN, intent: kind, field });
    let facts = || match context {
        Context::Ethereum(facts) => Ok(facts),
        _ => Err(ChainError::MissingContext { chain: CHAIN, intent: kind }),
    };
    match intent {
        Intent::Transfer { memo: Some(_), .. } => unknown("memo"),
        Intent::Transfer { to, amount, memo: None } => {
            let to = parse(account.network, to)?;
            let value = positive(amount, CHAIN.decimals())?;
            transaction(account.network, facts()?, to, value, Vec::new())
        }
        Intent::TokenTransfer { token, to, amount } => {
            let (token, to) = (parse(account.network, token)?, parse(account.network, to)?);
            let facts = facts()?;
            let missing = ChainError::MissingField { chain: CHAIN, intent: kind, field: "tokens" };
            let (claim, _) = find_claim(&facts.tokens, &token)?.ok_or(missing)?;
            let amount = positive(amount, claim.decimals)?;
            transaction(account.network, facts, token, 0, Call::transfer(&to, amount.into()))
        }
        Intent::Message { recipient: Some(_), .. } => unknown("recipient"),
        Intent::Message { nonce: Some(_), .. } => unknown("nonce"),
        Intent::Message { callback_url: Some(_), .. } => unknown("callback_url"),
        Intent::Message { text, .. } => Ok(Message::words(text)?.encode()),
        Intent::TypedData { json } => Ok(Message::Typed(TypedData::parse(json.as_bytes())?).encode()),
        Intent::NearFunctionCall { .. } => Err(ChainError::UnknownIntent { chain: CHAIN, intent: kind }),
    }
}

fn transaction(
    network: Network,
    facts: &EthereumContext,
    to: address::AddressBytes,
    value: u128,
    data: Vec<u8>,
) -> Result<Vec<u8>, ChainError> {
    let transaction = Transaction {
        chain_id: network.chain_id(),
        nonce: facts.nonce,
        fee: fee(network, facts)?,
        gas_limit: facts.gas_limit,
        to: Some(to),
        value: value.into(),
        data,
    };
    Ok(transaction.encode())
}

/// Returns the fee, and with it the kind of the transaction.
fn fee(network: Network, facts: &EthereumContext) -> Result<Fee, ChainError> {
    let list = facts.access_list.iter().map(|entry| access(network, entry)).collect::<Result<Vec<_>, _>>()?;
    let price = |gwei: &str| parse_amount(gwei, GWEI).map(Uint256::from);
    Ok(match &facts.fee {
        EthereumFee::GasPrice(gwei) if list.is_empty() => Fee::Legacy { price: price(gwei)? },
        EthereumFee::GasPrice(gwei) => Fee::AccessList { price: price(gwei)?, list },
        EthereumFee::Dynamic { max, priority } => {
            Fee::TwoFees { priority: price(priority)?, max: price(max)?, list }
        }
    })
}

fn access(network: Network, entry: &EthereumAccess) -> Result<Access, ChainError> {
    let expected = "64 hexadecimal digits after 0x";
    let key = |text: &String| {
        let digits = text.strip_prefix("0x");
        let digits = digits.ok_or(ChainError::InvalidField { field: "storage_keys", expected })?;
        hex_32("storage_keys", digits)
    };
    let keys = entry.storage_keys.iter().map(key).collect::<Result<_, _>>()?;
    Ok(Access { address: parse(network, &entry.address)?, keys })
}

fn positive(amount: &str, decimals: u8) -> Result<u128, AmountFault> {
    match parse_amount(amount, decimals)? {
        0 => Err(AmountFault::Zero),
        amount => Ok(amount),
    }
}

fn parse(network: Network, text: &str) -> Result<address::AddressBytes, ChainError> {
    address::parse(text).map_err(|fault| ChainError::Address { chain: CHAIN, network, fault })
}
