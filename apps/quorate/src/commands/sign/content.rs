//! From options to what the device is asked to sign.

use std::path::Path;

use quorate_wallet::chains::{
    BitcoinContext, BitcoinFee, Chain, Context, ContextFile, Intent, MessageVersion, NearContext,
    SolanaContext,
};
use quorate_wallet::{Content, Request};
use rand_core::{OsRng, RngCore};

use crate::cli::{
    BitcoinArgs, BitcoinChain, MessageArgs, NearArgs, NearCallArgs, NearChain, Payment, PsbtArgs, RawTxArgs,
    SignArgs, SolanaArgs, SolanaChain,
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

pub fn bitcoin(args: BitcoinArgs) -> Made {
    let intent = transfer(args.payment, args.memo);
    let context = match &args.chain.context {
        Some(file) => read_context(file, Chain::Bitcoin)?,
        None => bitcoin_context(args.chain)?,
    };
    Ok(built(args.sign, Chain::Bitcoin, intent, context))
}

pub fn message(args: MessageArgs) -> Made {
    let text = files::read_text(&args.file)?;
    let nonce = match args.nonce {
        None if args.chain == Chain::Near => Some(hex::encode(random()?)),
        nonce => nonce,
    };
    let intent = Intent::Message { text, recipient: args.recipient, nonce, callback_url: args.callback_url };
    Ok(built(args.sign, args.chain, intent, Context::None))
}

pub fn psbt(args: PsbtArgs) -> Made {
    imported(args.sign, Chain::Bitcoin, &args.file)
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
    let request = Request { chain, network: sign.network, account: sign.account, content };
    (sign, request)
}

fn imported(sign: SignArgs, chain: Chain, file: &Path) -> Made {
    let bytes = files::read(file)?;
    let bytes = files::from_hex(&bytes).unwrap_or(bytes);
    let content = Content::Import { bytes: hex::encode(bytes) };
    let request = Request { chain, network: sign.network, account: sign.account, content };
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

fn bitcoin_context(options: BitcoinChain) -> Result<Context, CliError> {
    if options.utxos.is_empty() {
        return Ok(Context::None);
    }
    let fee = match (options.fee, options.fee_rate) {
        (Some(total), _) => BitcoinFee::Total(total),
        (None, Some(rate)) => BitcoinFee::Rate(rate),
        (None, None) => {
            return Err(CliError::new(Kind::Usage, "a transfer on bitcoin needs a fee")
                .hint("give --fee in satoshi, or --fee-rate in satoshi per virtual byte"));
        }
    };
    Ok(Context::Bitcoin(BitcoinContext { utxos: options.utxos, fee }))
}

fn random() -> Result<[u8; 32], CliError> {
    let mut bytes = [0; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| CliError::internal(&error))?;
    Ok(bytes)
}
