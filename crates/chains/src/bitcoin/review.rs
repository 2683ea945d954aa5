//! Judging a PSBT and putting it into words.

use std::collections::BTreeSet;

use super::model::{Output, display_txid};
use super::psbt::{Psbt, Sighash};
use super::script::{ScriptKind, is_relayed_data};
use super::select::virtual_size;
use super::taproot::AccountKey;
use super::{BitcoinRefusal, MAX_MONEY, address};
use crate::amount::format_amount;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;

/// The most that is paid to miners: 0.01 BTC.
const MAX_FEE: u64 = 1_000_000;
/// The most that is paid to miners for a virtual byte, in satoshi.
const MAX_FEE_RATE: u64 = 1_000;
/// Above this share of what is paid, in percent, a fee is pointed out.
const HIGH_FEE_PERCENT: u64 = 10;

/// Relative locks are off in sequences with this bit.
const NO_RELATIVE_LOCK: u32 = 1 << 31;
/// Sequences below this say that the transaction may be replaced.
const FINAL: u32 = 0xffff_fffe;
/// Lock times from here on are seconds, below it heights.
const LOCK_TIME_SECONDS: u32 = 500_000_000;

pub(super) fn of_words(network: Network, key: &AccountKey, words: &str) -> Result<Review, ChainError> {
    let mut review = Review::new(Chain::Bitcoin, network, "Sign words; nothing is paid");
    review.line("Account", own_address(network, key)?);
    review.words("Words", words);
    review.line("Form", "BIP-322, simple");
    Ok(review)
}

pub(super) fn of_psbt(network: Network, key: &AccountKey, psbt: &Psbt) -> Result<Review, ChainError> {
    let spent = check_inputs(key, psbt)?;
    let paid = check_outputs(key, psbt)?;
    let fee = Fee::new(psbt, spent, paid.all)?;
    let own = own_address(network, key)?;

    let outputs = output_lines(network, key, psbt)?;
    let title = match outputs.iter().filter(|line| line.kind == Kind::Pay).collect::<Vec<_>>().as_slice() {
        [] => "Move coins within the account".to_owned(),
        [one] => format!("Send {}", one.text),
        several => format!("Send {} to {} receivers", btc(paid.others), several.len()),
    };
    let mut review = Review::new(Chain::Bitcoin, network, &title);
    review.line("From", own);
    for (index, (input, known)) in psbt.transaction.inputs.iter().zip(&psbt.inputs).enumerate() {
        let previous = &input.previous;
        let source = format!("{}:{}", display_txid(previous.txid), previous.vout);
        review.line(&format!("Input {index}"), format!("{} from {source}", btc(known.spent.value)));
    }
    for (index, line) in outputs.iter().enumerate() {
        match line.kind {
            Kind::Pay => review.line(&format!("Output {index}, paid"), &line.text),
            Kind::Change => review.line(&format!("Output {index}, change"), &line.text),
            Kind::Words => review.words(&format!("Output {index}, data"), &line.text),
            Kind::Bytes => review.line(&format!("Output {index}, data"), &line.text),
        }
    }
    fee.describe(&mut review, paid.others);
    describe_validity(&mut review, psbt);
    Ok(review)
}

/// Every input is the account's, spends something, once, now, and signs everything. Returns their sum.
fn check_inputs(key: &AccountKey, psbt: &Psbt) -> Result<u64, ChainError> {
    let mut spent = 0_u64;
    let mut seen = BTreeSet::new();
    for (index, (input, known)) in psbt.transaction.inputs.iter().zip(&psbt.inputs).enumerate() {
        if known.spent.script != key.script || known.spent.value == 0 {
            return Err(BitcoinRefusal::ForeignInput { index }.into());
        }
        if known.internal_key.is_some_and(|internal| internal != key.internal) {
            return Err(BitcoinRefusal::ForeignKey { index }.into());
        }
        if !seen.insert(input.previous) {
            return Err(BitcoinRefusal::DuplicateInput { index }.into());
        }
        if input.sequence & NO_RELATIVE_LOCK == 0 {
            return Err(BitcoinRefusal::Sequence { index, sequence: input.sequence }.into());
        }
        spent = add(spent, known.spent.value)?;
    }
    if seen.is_empty() || psbt.transaction.outputs.is_empty() {
        return Err(BitcoinRefusal::Empty.into());
    }
    Ok(spent)
}

/// What the outputs hold.
struct Paid {
    /// All of them.
    all: u64,
    /// Those that are not the account's.
    others: u64,
}

/// Every output is of a known kind and one that nodes pass on.
fn check_outputs(key: &AccountKey, psbt: &Psbt) -> Result<Paid, ChainError> {
    let mut paid = Paid { all: 0, others: 0 };
    let mut has_data = false;
    for (index, output) in psbt.transaction.outputs.iter().enumerate() {
        let value = output.value;
        let kind = ScriptKind::of(&output.script).ok_or(BitcoinRefusal::UnknownScript { index })?;
        if matches!(kind, ScriptKind::Data(_)) {
            if value != 0 {
                return Err(BitcoinRefusal::Burns { index, value }.into());
            }
            if has_data || !is_relayed_data(&output.script) {
                return Err(BitcoinRefusal::Data { index }.into());
            }
            has_data = true;
        }
        if value < kind.dust() {
            return Err(BitcoinRefusal::Dust { index, value, min: kind.dust() }.into());
        }
        paid.all = add(paid.all, value)?;
        if output.script != key.script {
            paid.others = add(paid.others, value)?;
        }
    }
    Ok(paid)
}

/// Adds satoshi that exist.
fn add(sum: u64, value: u64) -> Result<u64, ChainError> {
    let overflow = ChainError::Overflow { chain: Chain::Bitcoin };
    sum.checked_add(value).filter(|sum| *sum <= MAX_MONEY).ok_or(overflow)
}

/// What miners get.
struct Fee {
    satoshi: u64,
    size: u64,
}

impl Fee {
    /// The difference between what is spent and what is paid, if it is sane.
    fn new(psbt: &Psbt, inputs: u64, outputs: u64) -> Result<Self, ChainError> {
        let satoshi = inputs.checked_sub(outputs).ok_or(BitcoinRefusal::NegativeFee { inputs, outputs })?;
        if satoshi > MAX_FEE {
            return Err(BitcoinRefusal::Fee { fee: satoshi, max: MAX_FEE }.into());
        }
        let outputs: Vec<&Output> = psbt.transaction.outputs.iter().collect();
        let size = virtual_size(psbt.inputs.len(), &outputs).max(1);
        let rate = satoshi.div_ceil(size);
        if rate > MAX_FEE_RATE {
            return Err(BitcoinRefusal::FeeRate { rate, max: MAX_FEE_RATE }.into());
        }
        Ok(Self { satoshi, size })
    }

    fn describe(&self, review: &mut Review, paid: u64) {
        let milli = u128::from(self.satoshi).saturating_mul(1000).div_ceil(u128::from(self.size));
        let rate = format_amount(milli, 3);
        let fee = btc(self.satoshi);
        review.line("Fee", format!("{fee}, {rate} satoshi per virtual byte"));
        if self.satoshi < self.size {
            review.warn("the fee is so low that it may never be mined");
        }
        let percent = self.satoshi.saturating_mul(100).checked_div(paid).unwrap_or(0);
        if percent >= HIGH_FEE_PERCENT {
            review.warn(format!("the fee is {percent} % of what is paid"));
        }
        review.fee = Some(fee);
    }
}

fn describe_validity(review: &mut Review, psbt: &Psbt) {
    let transaction = &psbt.transaction;
    let replaceable = transaction.inputs.iter().any(|input| input.sequence < FINAL);
    review.line("Replaceable", if replaceable { "yes, by one with a higher fee" } else { "no" });
    let locks = transaction.inputs.iter().any(|input| input.sequence != u32::MAX);
    match transaction.lock_time {
        0 => {}
        time if !locks => review.line("Lock time", format!("{time}, without effect")),
        time => {
            let unit = if time < LOCK_TIME_SECONDS { "block" } else { "second (Unix time)" };
            review.line("Lock time", format!("not before {unit} {time}"));
            review.warn(format!("cannot be mined before {unit} {time}"));
        }
    }
    let every = psbt.inputs.iter().all(|input| input.sighash == Sighash::Default);
    review
        .line("Form", format!("PSBT, signature hash {}", if every { "DEFAULT" } else { "DEFAULT and ALL" }));
}

/// An output in words.
struct OutputLine {
    kind: Kind,
    text: String,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Pay,
    Change,
    Words,
    Bytes,
}

fn output_lines(network: Network, key: &AccountKey, psbt: &Psbt) -> Result<Vec<OutputLine>, ChainError> {
    let lines = psbt.transaction.outputs.iter().enumerate().map(|(index, output)| {
        let unknown = BitcoinRefusal::UnknownScript { index };
        match ScriptKind::of(&output.script) {
            Some(ScriptKind::Data(data)) => Ok(match core::str::from_utf8(data) {
                Ok(words) => OutputLine { kind: Kind::Words, text: words.to_owned() },
                Err(_) => OutputLine { kind: Kind::Bytes, text: format!("bytes {}", hex::encode(data)) },
            }),
            _ => {
                let address = address::of_script(network, &output.script).ok_or(unknown)?;
                let text = format!("{} to {address}", btc(output.value));
                let kind = if output.script == key.script { Kind::Change } else { Kind::Pay };
                Ok(OutputLine { kind, text })
            }
        }
    });
    lines.collect()
}

fn own_address(network: Network, key: &AccountKey) -> Result<String, ChainError> {
    let address = address::of_script(network, &key.script);
    address.map(|address| address.to_string()).ok_or(ChainError::InvalidKey { chain: Chain::Bitcoin })
}

fn btc(satoshi: u64) -> String {
    format!("{} {}", format_amount(satoshi.into(), Chain::Bitcoin.decimals()), Chain::Bitcoin.unit())
}
