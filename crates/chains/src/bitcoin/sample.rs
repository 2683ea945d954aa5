//! Made-up outputs, to show without a network how they are spent.

use super::model::{display_txid, double_sha256};
use super::{DOGECOIN, SEGWIT, TAPROOT, address};
use crate::chain::Chain;
use crate::context::Utxo;
use crate::error::ChainError;
use crate::network::Network;

/// Makes up an output that pays `value` to an address of Bitcoin or Dogecoin, with the transaction that holds it.
///
/// For demonstrations and tests: no network knows the transaction.
///
/// # Errors
/// An address that is none of the chain's, or a chain without outputs.
pub fn sample_utxo(chain: Chain, network: Network, to: &str, value: u64) -> Result<Utxo, ChainError> {
    let rules = match chain {
        Chain::Bitcoin => TAPROOT.0,
        Chain::BitcoinSegwit => SEGWIT.0,
        Chain::Dogecoin => DOGECOIN.0,
        Chain::Solana | Chain::Near | Chain::Ethereum | Chain::Cosmos | Chain::Xrp => {
            return Err(ChainError::NoSuchNetwork { chain, network });
        }
    };
    let script = address::script_of(rules, network, to).map_err(|fault| ChainError::Address {
        chain,
        network,
        fault,
    })?;
    let mut transaction = vec![1, 0, 0, 0, 1];
    transaction.extend([7; 32]);
    transaction.extend([0; 4 + 1 + 4]);
    transaction.push(1);
    transaction.extend(value.to_le_bytes());
    super::model::push_block(&mut transaction, &script);
    transaction.extend([0; 4]);
    let txid = display_txid(double_sha256(&transaction));
    Ok(Utxo { txid, vout: 0, value, transaction: Some(hex::encode(transaction)) })
}
