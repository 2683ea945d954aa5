//! From options to what the device is asked to sign.

mod cosmos;
mod ethereum;
mod utxo;

use std::path::Path;

use quorate_wallet::chains::{
    Chain, Context, ContextFile, Intent, MessageVersion, NearContext, SolanaContext, XrpContext,
};
use quorate_wallet::{Content, Request};
use rand_core::{OsRng, RngCore};

pub use self::cosmos::cosmos;
pub use self::ethereum::{ethereum, typed_data};
pub use self::utxo::{bitcoin, bitcoin_segwit, dogecoin, psbt};
use crate::cli::{
    MessageArgs, NearArgs, NearCallArgs, NearChain, Payment, RawTxArgs, SignArgs, SolanaArgs, SolanaChain,
    XrpArgs, XrpChain,
};
use crate::commands::files;
use crate::error::{CliError, Kind};

type Made = Result<(SignArgs, Request), CliError>;

pub fn solana(args: SolanaArgs) -> Made {
    let intent = transfer(args.payment, args.memo);
    let context = match &args.chain.context {
        Some(file) => read_context(file, Chain::Solana)?,
        None => solana_context(args.chain),
    };
    Ok(built(args.sign, Chain::Solana, intent, context))
}

pub fn near(args: NearArgs) -> Made {
    let intent = transfer(args.payment, None);
    near_intent(args.sign, args.chain, intent)
}

pub fn near_call(args: NearCallArgs) -> Made {
    let NearCallArgs { contract, method, args, gas, deposit, chain, sign } = args;
    near_intent(sign, chain, Intent::NearFunctionCall { contract, method, args, tera_gas: gas, deposit })
}

pub fn xrp(args: XrpArgs) -> Made {
    let intent = transfer(args.payment, None);
    let context = match &args.chain.context {
        Some(file) => read_context(file, Chain::Xrp)?,
        None => xrp_context(&args.chain),
    };
    Ok(built(args.sign, Chain::Xrp, intent, context))
}

pub fn message(args: MessageArgs) -> Made {
    let text = files::read_text(&args.file)?;
    let nonce = match args.nonce {
        None if args.chain == Chain::Near => Some(hex::encode(random()?)),
        nonce => nonce,
    };
    let intent = Intent::Message { text, recipient: args.recipient, nonce, callback_url: args.callback_url };
    let context = match args.context {
        None => Context::None,
        Some(file) if args.chain == Chain::Cosmos => read_context(&file, Chain::Cosmos)?,
        Some(_) => {
            let text = format!("words on {} depend on nothing that a context says", args.chain);
            return Err(CliError::new(Kind::Usage, text).hint("leave --context out"));
        }
    };
    Ok(built(args.sign, args.chain, intent, context))
}

pub fn raw_tx(args: RawTxArgs) -> Made {
    imported(args.sign, args.chain, &args.file)
}

fn transfer(payment: Payment, memo: Option<String>) -> Intent {
    Intent::Transfer { to: payment.to, amount: payment.amount, memo }
}

fn near_intent(sign: SignArgs, chain: NearChain, intent: Intent) -> Made {
    let context = match &chain.context {
        Some(file) => read_context(file, Chain::Near)?,
        None => near_context(chain),
    };
    Ok(built(sign, Chain::Near, intent, context))
}

fn built(sign: SignArgs, chain: Chain, intent: Intent, context: Context) -> (SignArgs, Request) {
    let content = Content::Build { intent, context };
    let request = Request { chain, network: sign.network, account: sign.account, plain: sign.plain, content };
    (sign, request)
}

fn imported(sign: SignArgs, chain: Chain, file: &Path) -> Made {
    let bytes = files::read(file)?;
    let bytes = files::from_hex(&bytes).unwrap_or(bytes);
    let content = Content::Import { bytes: hex::encode(bytes) };
    let request = Request { chain, network: sign.network, account: sign.account, plain: sign.plain, content };
    Ok((sign, request))
}

fn read_context(file: &Path, chain: Chain) -> Result<Context, CliError> {
    match ContextFile::from_json(&files::read(file)?)?.context(chain) {
        Context::None => {
            Err(CliError::new(Kind::Invalid, format!("{} says nothing about {chain}", file.display())))
        }
        context => Ok(context),
    }
}

fn solana_context(options: SolanaChain) -> Context {
    let Some(recent_blockhash) = options.blockhash else { return Context::None };
    Context::Solana(SolanaContext {
        recent_blockhash,
        version: if options.legacy { MessageVersion::Legacy } else { MessageVersion::V0 },
        compute_unit_limit: options.compute_units,
        compute_unit_price: options.compute_price,
        nonce_account: options.nonce_account,
    })
}

fn near_context(options: NearChain) -> Context {
    let Some((nonce, block_hash)) = options.nonce.zip(options.block_hash) else { return Context::None };
    Context::Near(NearContext { nonce, block_hash, signer_id: options.signer_id })
}

fn xrp_context(options: &XrpChain) -> Context {
    let (Some(sequence), Some(last_ledger_sequence), Some(fee)) =
        (options.sequence, options.last_ledger, options.fee)
    else {
        return Context::None;
    };
    Context::Xrp(XrpContext { sequence, last_ledger_sequence, fee, destination_tag: options.tag })
}

fn random() -> Result<[u8; 32], CliError> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| CliError::internal(&error))?;
    Ok(bytes)
}
