//! Payments on Cosmos chains.

use quorate_wallet::chains::{Chain, Context, CosmosContext};

use super::{Made, built, read_context, transfer};
use crate::cli::{CosmosArgs, CosmosChain};

pub fn cosmos(args: CosmosArgs) -> Made {
    let intent = transfer(args.payment, args.memo);
    let context = match &args.chain.context {
        Some(file) => read_context(file, Chain::Cosmos)?,
        None => context(args.chain).map_or(Context::None, |facts| Context::Cosmos(Box::new(facts))),
    };
    Ok(built(args.sign, Chain::Cosmos, intent, context))
}

fn context(options: CosmosChain) -> Option<CosmosContext> {
    Some(CosmosContext {
        chain_id: options.chain_id?,
        prefix: options.prefix?,
        account_number: options.account_number?,
        sequence: options.sequence?,
        denom: options.denom?,
        decimals: options.decimals,
        fee: options.fee,
        gas: options.gas?,
        timeout_height: options.timeout_height,
        mode: options.mode.unwrap_or_default(),
        key_type: options.key_type.unwrap_or_default(),
    })
}
