//! Bitcoin and Dogecoin: payments from unspent outputs, PSBTs.

use std::collections::BTreeMap;

use quorate_wallet::chains::{BitcoinContext, BitcoinFee, Chain, Context, Intent, Utxo, transaction_id};

use super::{Made, built, imported, read_context, transfer};
use crate::cli::{
    BitcoinArgs, BitcoinChain, BitcoinSegwitArgs, DogecoinArgs, PsbtArgs, SignArgs, SpentChain,
};
use crate::commands::files;
use crate::error::{CliError, Kind};

pub fn bitcoin(args: BitcoinArgs) -> Made {
    let BitcoinArgs { payment, memo, chain, sign } = args;
    let intent = transfer(payment, memo);
    let context = match &chain.context {
        Some(file) => read_context(file, Chain::Bitcoin)?,
        None => facts(Chain::Bitcoin, chain)?.map_or(Context::None, Context::Bitcoin),
    };
    Ok(built(sign, Chain::Bitcoin, intent, context))
}

pub fn bitcoin_segwit(args: BitcoinSegwitArgs) -> Made {
    let intent = transfer(args.payment, args.memo);
    proven(Chain::BitcoinSegwit, Context::BitcoinSegwit, intent, args.chain, args.sign)
}

pub fn dogecoin(args: DogecoinArgs) -> Made {
    let intent = transfer(args.payment, None);
    proven(Chain::Dogecoin, Context::Dogecoin, intent, args.chain, args.sign)
}

pub fn psbt(args: PsbtArgs) -> Made {
    imported(args.sign, args.chain, &args.file)
}

/// Builds from outputs that the transactions they are outputs of prove.
fn proven(
    chain: Chain,
    wrap: fn(BitcoinContext) -> Context,
    intent: Intent,
    options: SpentChain,
    sign: SignArgs,
) -> Made {
    let context = match &options.chain.context {
        Some(file) => read_context(file, chain)?,
        None => match facts(chain, options.chain)? {
            None => Context::None,
            Some(mut facts) => {
                prove(&mut facts.utxos, &options.previous)?;
                wrap(facts)
            }
        },
    };
    Ok(built(sign, chain, intent, context))
}

fn facts(chain: Chain, options: BitcoinChain) -> Result<Option<BitcoinContext>, CliError> {
    let BitcoinChain { utxos, fee, fee_rate, .. } = options;
    if utxos.is_empty() {
        return Ok(None);
    }
    let unit = if chain == Chain::Dogecoin { "koinu" } else { "satoshi" };
    let fee = match (fee, fee_rate) {
        (Some(total), _) => BitcoinFee::Total(total),
        (None, Some(rate)) => BitcoinFee::Rate(rate),
        (None, None) => {
            return Err(CliError::new(Kind::Usage, format!("a transfer on {chain} needs a fee"))
                .hint(format!("give --fee in {unit}, or --fee-rate in {unit} per virtual byte")));
        }
    };
    Ok(Some(BitcoinContext { utxos, fee }))
}

/// Gives every output the transaction that it is an output of, found by its id.
fn prove(utxos: &mut [Utxo], previous: &[String]) -> Result<(), CliError> {
    let mut by_id = BTreeMap::new();
    for named in previous {
        let bytes = files::hex_or_file(named)?;
        by_id.insert(transaction_id(&bytes)?, hex::encode(bytes));
    }
    for utxo in utxos.iter_mut() {
        let Some(transaction) = by_id.get(&utxo.txid.to_ascii_lowercase()) else {
            let text = format!("no --previous is the transaction {}", utxo.txid);
            return Err(CliError::new(Kind::Usage, text)
                .hint("`getrawtransaction` prints it; it proves the value, which is not signed otherwise"));
        };
        utxo.transaction = Some(transaction.clone());
    }
    let is_spent = |id: &&String| utxos.iter().any(|utxo| utxo.txid.eq_ignore_ascii_case(id));
    match by_id.keys().find(|id| !is_spent(id)) {
        None => Ok(()),
        Some(id) => {
            let text = format!("a --previous is the transaction {id}, which no --utxo names");
            Err(CliError::new(Kind::Usage, text).hint("compare it with the ids of the outputs"))
        }
    }
}
