//! Sample values for chains that are not asked: a blockhash, a nonce, an unspent output.

use quorate_primitives::KeyPurpose;
use quorate_wallet::chains::{
    BitcoinContext, BitcoinFee, Chain, ContextFile, EthereumContext, EthereumFee, Intent, MessageVersion,
    NearContext, Network, SolanaContext, Utxo,
};
use quorate_wallet::{Content, Request};

/// Whether the demo signs on a chain: its ceremony makes the keys of Ed25519 and BIP-340.
pub(super) const fn is_shown(chain: Chain) -> bool {
    matches!(chain.purpose(), KeyPurpose::Ed25519 | KeyPurpose::Bip340Secp256k1)
}

/// Returns the network that the demo signs for.
pub(super) const fn network(chain: Chain) -> Network {
    match chain {
        Chain::Solana | Chain::Near => Network::Testnet,
        Chain::Bitcoin
        | Chain::BitcoinSegwit
        | Chain::Dogecoin
        | Chain::Cosmos
        | Chain::Xrp
        | Chain::Ethereum => Network::Regtest,
    }
}

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
        ..ContextFile::default()
    }
}

/// Returns what is signed on a chain: a transfer, and on Solana a message too.
pub(super) fn requests(chain: Chain, recipient: &str, context: &ContextFile) -> Vec<(&'static str, Request)> {
    let network = network(chain);
    let transfer =
        Intent::Transfer { to: recipient.to_owned(), amount: amount(chain).to_owned(), memo: None };
    let message = Intent::Message {
        text: "Quorate demo: two of three devices agreed to sign this.".to_owned(),
        recipient: None,
        nonce: None,
        callback_url: None,
    };
    let request = |kind, intent| {
        let content = Content::Build { intent, context: context.context(chain) };
        (kind, Request { chain, network, account: 0, content })
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
        Chain::Bitcoin
        | Chain::BitcoinSegwit
        | Chain::Dogecoin
        | Chain::Cosmos
        | Chain::Xrp
        | Chain::Ethereum => "0.1",
    }
}
