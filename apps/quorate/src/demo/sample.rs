//! Sample values for chains that are not asked: a blockhash, a nonce, an unspent output.

use quorate_wallet::chains::{
    BitcoinContext, BitcoinFee, Chain, ChainError, Context, ContextFile, CosmosCoin, CosmosContext,
    CosmosKey, CosmosMode, EthereumContext, EthereumFee, Intent, MessageVersion, NearContext, Network,
    SolanaContext, Utxo, XrpContext, sample_utxo,
};
use quorate_wallet::{Content, Request};

/// What the demo signs, in order: every chain, Ethereum's twice because its networks share a key and no signature.
pub(super) const SHOWN: [(Chain, Network); 9] = [
    (Chain::Ethereum, Network::Mainnet),
    (Chain::Ethereum, Network::Evm(8453)),
    (Chain::Bitcoin, Network::Regtest),
    (Chain::BitcoinSegwit, Network::Regtest),
    (Chain::Solana, Network::Testnet),
    (Chain::Near, Network::Testnet),
    (Chain::Cosmos, Network::Mainnet),
    (Chain::Xrp, Network::Testnet),
    (Chain::Dogecoin, Network::Testnet),
];

/// Returns what the chains would say. The genesis hashes of Solana's devnet and of an empty NEAR block are public.
pub(super) fn context() -> ContextFile {
    ContextFile {
        solana: Some(SolanaContext {
            recent_blockhash: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG".to_owned(),
            version: MessageVersion::V0,
            compute_unit_limit: None,
            compute_unit_price: None,
            nonce_account: None,
        }),
        near: Some(NearContext {
            nonce: 1,
            block_hash: "11111111111111111111111111111111".to_owned(),
            signer_id: None,
        }),
        bitcoin: Some(BitcoinContext {
            utxos: vec![Utxo {
                txid: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b".to_owned(),
                vout: 0,
                value: 100_000_000,
                transaction: None,
            }],
            fee: BitcoinFee::Rate("2".to_owned()),
        }),
        ethereum: Some(EthereumContext {
            nonce: 0,
            gas_limit: 21_000,
            fee: EthereumFee::Dynamic { max: "30".to_owned(), priority: "1".to_owned() },
            access_list: Vec::new(),
            tokens: Vec::new(),
        }),
        cosmos: Some(CosmosContext {
            chain_id: "cosmoshub-4".to_owned(),
            prefix: "cosmos".to_owned(),
            account_number: 1,
            sequence: 0,
            denom: "uatom".to_owned(),
            decimals: None,
            fee: vec![CosmosCoin { amount: "2000".to_owned(), denom: "uatom".to_owned() }],
            gas: 100_000,
            timeout_height: None,
            mode: CosmosMode::Direct,
            key_type: CosmosKey::Secp256k1,
        }),
        xrp: Some(XrpContext {
            sequence: 1,
            last_ledger_sequence: 1_000_000,
            fee: 12,
            destination_tag: Some(7),
        }),
        ..ContextFile::default()
    }
}

/// Returns what the chain would say of an account: for outputs that have to be proven, made-up ones at its address.
pub(super) fn context_of(
    file: &ContextFile,
    chain: Chain,
    network: Network,
    own: &str,
) -> Result<Context, ChainError> {
    let given = file.context(chain);
    let known = if given == Context::None { context().context(chain) } else { given };
    if known != Context::None {
        return Ok(known);
    }
    let (value, rate) = if chain == Chain::Dogecoin { (50_000_000_000, "1000") } else { (100_000_000, "2") };
    let paid_by = |utxo| BitcoinContext { utxos: vec![utxo], fee: BitcoinFee::Rate(rate.to_owned()) };
    Ok(match chain {
        Chain::BitcoinSegwit => Context::BitcoinSegwit(paid_by(sample_utxo(chain, network, own, value)?)),
        Chain::Dogecoin => Context::Dogecoin(paid_by(sample_utxo(chain, network, own, value)?)),
        Chain::Solana | Chain::Near | Chain::Bitcoin | Chain::Ethereum | Chain::Cosmos | Chain::Xrp => known,
    })
}

/// Returns what is signed on a chain: a transfer, and on Solana a message too.
pub(super) fn requests(
    (chain, network): (Chain, Network),
    recipient: &str,
    context: &Context,
) -> Vec<(&'static str, Request)> {
    let transfer =
        Intent::Transfer { to: recipient.to_owned(), amount: amount(chain).to_owned(), memo: None };
    let message = Intent::Message {
        text: "Quorate demo: two of three devices agreed to sign this.".to_owned(),
        recipient: None,
        nonce: None,
        callback_url: None,
    };
    let request = |kind, intent| {
        let content = Content::Build { intent, context: context.clone() };
        (kind, Request { chain, network, account: 0, plain: false, content })
    };
    match chain {
        Chain::Solana => vec![request("transfer", transfer), request("message", message)],
        Chain::Near
        | Chain::Bitcoin
        | Chain::BitcoinSegwit
        | Chain::Dogecoin
        | Chain::Cosmos
        | Chain::Xrp
        | Chain::Ethereum => vec![request("transfer", transfer)],
    }
}

const fn amount(chain: Chain) -> &'static str {
    match chain {
        Chain::Solana => "0.25",
        Chain::Near => "1.5",
        Chain::Xrp | Chain::Cosmos => "2.5",
        Chain::Dogecoin => "120",
        Chain::Bitcoin | Chain::BitcoinSegwit | Chain::Ethereum => "0.1",
    }
}
