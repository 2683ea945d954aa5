//! Ethereum: payments of coins and tokens, typed data.

use quorate_wallet::chains::{Chain, Context, EthereumContext, EthereumFee, Intent, TokenClaim};

use super::{Made, built, read_context, transfer};
use crate::cli::{EthereumArgs, EthereumChain, TypedDataArgs};
use crate::commands::files;
use crate::error::{CliError, Kind};

/// What a payment of coins to a person uses, and the least that any transaction does.
const GAS_OF_PAYMENT: u64 = 21_000;

pub fn ethereum(args: EthereumArgs) -> Made {
    let EthereumArgs { payment, chain, sign } = args;
    let token = chain.token.clone();
    let context = match &chain.context {
        Some(file) => read_context(file, Chain::Ethereum)?,
        None => context(chain)?,
    };
    let intent = match token {
        Some(token) => Intent::TokenTransfer { token, to: payment.to, amount: payment.amount },
        None => transfer(payment, None),
    };
    Ok(built(sign, Chain::Ethereum, intent, context))
}

pub fn typed_data(args: TypedDataArgs) -> Made {
    let intent = Intent::TypedData { json: files::read_text(&args.file)? };
    Ok(built(args.sign, Chain::Ethereum, intent, Context::None))
}

fn context(options: EthereumChain) -> Result<Context, CliError> {
    let Some(nonce) = options.nonce else { return Ok(Context::None) };
    let fee = match (options.max_fee, options.priority_fee, options.gas_price) {
        (Some(max), Some(priority), _) => EthereumFee::Dynamic { max, priority },
        (_, _, Some(price)) => EthereumFee::GasPrice(price),
        _ => {
            return Err(CliError::new(Kind::Usage, "a transfer on ethereum needs a fee")
                .hint("give --max-fee and --priority-fee, or --gas-price, in gwei per unit of gas"));
        }
    };
    let tokens = match options.token {
        None => Vec::new(),
        Some(address) => vec![claim(address, options.symbol, options.decimals)?],
    };
    let gas_limit = match options.gas_limit {
        Some(limit) => limit,
        None if tokens.is_empty() => GAS_OF_PAYMENT,
        None => {
            return Err(CliError::new(Kind::Usage, "a transfer of tokens needs --gas-limit")
                .hint("`eth_estimateGas` says how much; about 65000 is usual"));
        }
    };
    let access_list = Vec::new();
    Ok(Context::Ethereum(Box::new(EthereumContext { nonce, gas_limit, fee, access_list, tokens })))
}

fn claim(address: String, symbol: Option<String>, decimals: Option<u8>) -> Result<TokenClaim, CliError> {
    let Some((symbol, decimals)) = symbol.zip(decimals) else {
        return Err(CliError::new(Kind::Usage, "a transfer of tokens needs --symbol and --decimals")
            .hint("the token's contract says them: `symbol()` and `decimals()`"));
    };
    Ok(TokenClaim { address, symbol, decimals })
}
