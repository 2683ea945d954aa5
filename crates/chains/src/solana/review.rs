//! Judging a message and putting it into words.

use std::collections::BTreeSet;

use super::instruction::{Meaning, meaning};
use super::message::Message;
use super::offchain::OffchainMessage;
use super::{MAX_FEE, SolanaRefusal, is_key};
use crate::amount::format_amount;
use crate::chain::Chain;
use crate::context::MessageVersion;
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;
use crate::text::base58;

/// Lamports per signature.
const SIGNATURE_FEE: u64 = 5000;
/// The most compute units that any transaction gets.
const MAX_UNITS: u32 = 1_400_000;
/// The compute units that an instruction gets when no limit is set.
const DEFAULT_UNITS: u32 = 200_000;

pub(super) fn of_words(
    network: Network,
    key: &[u8; 32],
    message: &OffchainMessage,
) -> Result<Review, ChainError> {
    if message.signer != *key {
        return Err(SolanaRefusal::ForeignSigner { found: base58(&message.signer) }.into());
    }
    let mut review = Review::new(Chain::Solana, network, "Sign words; nothing is paid");
    review.line("Account", base58(key));
    review.words("Words", &message.text);
    review.line("Form", "off-chain message, version 1");
    Ok(review)
}

pub(super) fn of_transaction(
    network: Network,
    key: &[u8; 32],
    message: &Message,
) -> Result<Review, ChainError> {
    check_accounts(key, message)?;
    let mut facts = Facts::default();
    for (index, instruction) in (1..).zip(&message.instructions) {
        facts.add(index, meaning(message, index, instruction)?)?;
    }
    let fee = facts.fee()?;
    Ok(facts.review(network, key, message, fee))
}

/// One signer who pays the fee, and no account that no instruction uses.
fn check_accounts(key: &[u8; 32], message: &Message) -> Result<(), ChainError> {
    let payer = message.key(0)?;
    if payer != *key {
        return Err(SolanaRefusal::ForeignFeePayer { found: base58(&payer) }.into());
    }
    if message.signers != 1 {
        return Err(SolanaRefusal::ForeignSigner { found: base58(&message.key(1)?) }.into());
    }
    if message.instructions.is_empty() {
        return Err(SolanaRefusal::NoInstruction.into());
    }
    let used: BTreeSet<usize> = message
        .instructions
        .iter()
        .flat_map(|instruction| instruction.accounts.iter().chain([&instruction.program]))
        .map(|place| usize::from(*place))
        .collect();
    match (1..).zip(message.keys.iter().skip(1)).find(|(place, _)| !used.contains(place)) {
        Some((_, account)) => Err(SolanaRefusal::UnusedAccount { account: base58(account) }.into()),
        None => Ok(()),
    }
}

/// What the instructions say, together.
#[derive(Default)]
struct Facts {
    /// Number, receiver and lamports of each transfer.
    transfers: Vec<(usize, [u8; 32], u64)>,
    memos: Vec<(usize, String)>,
    nonce_account: Option<[u8; 32]>,
    unit_limit: Option<u32>,
    unit_price: Option<u64>,
    instructions: u32,
}

impl Facts {
    fn add(&mut self, index: usize, meaning: Meaning) -> Result<(), ChainError> {
        let repeated = |what| Err(SolanaRefusal::RepeatedSetting { index, what }.into());
        match meaning {
            Meaning::Transfer { to, lamports } => self.transfers.push((index, to, lamports)),
            Meaning::Memo(words) => self.memos.push((index, words)),
            Meaning::AdvanceNonce { account } => self.nonce_account = Some(account),
            Meaning::UnitLimit(_) if self.unit_limit.is_some() => return repeated("compute unit limit"),
            Meaning::UnitLimit(limit) => self.unit_limit = Some(limit),
            Meaning::UnitPrice(_) if self.unit_price.is_some() => return repeated("compute unit price"),
            Meaning::UnitPrice(price) => self.unit_price = Some(price),
        }
        self.instructions = self.instructions.saturating_add(1);
        Ok(())
    }

    /// The highest fee these instructions can cost, in lamports.
    fn fee(&self) -> Result<u64, ChainError> {
        let default = DEFAULT_UNITS.saturating_mul(self.instructions);
        let units = self.unit_limit.unwrap_or(default).min(MAX_UNITS);
        let micro_lamports = u128::from(self.unit_price.unwrap_or(0)) * u128::from(units);
        let priority = micro_lamports.div_ceil(1_000_000);
        let fee = u64::try_from(priority).ok().and_then(|priority| priority.checked_add(SIGNATURE_FEE));
        match fee.ok_or(ChainError::Overflow { chain: Chain::Solana })? {
            fee if fee > MAX_FEE => Err(SolanaRefusal::Fee { fee, max: MAX_FEE }.into()),
            fee => Ok(fee),
        }
    }

    fn review(&self, network: Network, key: &[u8; 32], message: &Message, fee: u64) -> Review {
        let title = match self.transfers.as_slice() {
            [] => "Sign a transaction that pays nobody".to_owned(),
            [(_, to, lamports)] => format!("Send {} to {}", sol(*lamports), base58(to)),
            several => format!("Send to {} receivers", several.len()),
        };
        let mut review = Review::new(Chain::Solana, network, &title);
        review.line("From", base58(key));
        for (index, to, lamports) in &self.transfers {
            review.line(&format!("{index}. Pay"), format!("{} to {}", sol(*lamports), base58(to)));
            if to == key {
                review.warn(format!("{index}. Pay: to the account itself"));
            } else if !is_key(to) {
                review.warn(format!(
                    "{index}. Pay: to an address that is no key; only a program can spend there"
                ));
            }
        }
        for (index, words) in &self.memos {
            review.words(&format!("{index}. Memo"), words);
        }
        let fee = sol(fee);
        review.line("Fee", if self.unit_price.is_some() { format!("at most {fee}") } else { fee.clone() });
        review.fee = Some(fee);
        self.validity(&mut review, message);
        let version = match message.version {
            MessageVersion::Legacy => "legacy",
            MessageVersion::V0 => "version 0",
        };
        review.line("Form", format!("{version} message, {} instructions", message.instructions.len()));
        review
    }

    fn validity(&self, review: &mut Review, message: &Message) {
        let hash = base58(&message.recent_blockhash);
        match &self.nonce_account {
            None => {
                review.line("Valid", format!("about a minute, on the network that has block hash {hash}"))
            }
            Some(account) => {
                let account = base58(account);
                review.line("Valid", format!("until nonce account {account} moves on from {hash}"));
                review.warn(format!(
                    "durable nonce {account}: once signed, this can be sent at any later time"
                ));
            }
        }
    }
}

fn sol(lamports: u64) -> String {
    format!("{} {}", format_amount(lamports.into(), Chain::Solana.decimals()), Chain::Solana.unit())
}
