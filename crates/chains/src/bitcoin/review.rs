//! Judging a PSBT and putting it into words.

use std::collections::BTreeSet;

use super::model::{Output, display_txid};
use super::psbt::{Psbt, Sighash};
use super::rules::Rules;
use super::script::{ScriptKind, is_relayed_data};
use super::select::virtual_size;
use super::spend::{Own, Spend};
use super::{BitcoinRefusal, address};
use crate::amount::format_amount;
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;

/// Above this share of what is paid, in percent, a fee is pointed out.
const HIGH_FEE_PERCENT: u64 = 10;

/// Relative locks are off in sequences with this bit.
const NO_RELATIVE_LOCK: u32 = 1 << 31;
/// Sequences below this say that the transaction may be replaced.
const FINAL: u32 = 0xffff_fffe;
/// Lock times from here on are seconds, below it heights.
const LOCK_TIME_SECONDS: u32 = 500_000_000;

pub(super) fn of_words(
    rules: &Rules,
    network: Network,
    own: &Own,
    words: &str,
) -> Result<Review, ChainError> {
    let mut review = Review::new(rules.chain, network, "Sign words; nothing is paid");
    review.line("Account", address_of(rules, network, &own.script)?);
    review.words("Words", words);
    review.line("Form", "BIP-322, simple");
    Ok(review)
}

pub(super) fn of_psbt(rules: &Rules, network: Network, own: &Own, psbt: &Psbt) -> Result<Review, ChainError> {
    let spends = check_inputs(rules, own, psbt)?;
    let paid = check_outputs(rules, own, psbt)?;
    let fee = Fee::new(rules, psbt, &spends, paid.all)?;

    let outputs = output_lines(rules, network, own, psbt)?;
    let title = match outputs.iter().filter(|line| line.kind == Kind::Pay).collect::<Vec<_>>().as_slice() {
        [] => "Move coins within the account".to_owned(),
        [one] => format!("Send {}", one.text),
        several => format!("Send {} to {} receivers", coins(rules, paid.others), several.len()),
    };
    let mut review = Review::new(rules.chain, network, &title);
    let scripts: BTreeSet<&[u8]> = psbt.inputs.iter().map(|input| input.spent.script.as_slice()).collect();
    for script in scripts {
        review.line("From", address_of(rules, network, script)?);
    }
    for (index, (input, known)) in psbt.transaction.inputs.iter().zip(&psbt.inputs).enumerate() {
        let previous = &input.previous;
        let source = format!("{}:{}", display_txid(previous.txid), previous.vout);
        review.line(&format!("Input {index}"), format!("{} from {source}", coins(rules, known.spent.value)));
    }
    for (index, line) in outputs.iter().enumerate() {
        match line.kind {
            Kind::Pay => review.line(&format!("Output {index}, paid"), &line.text),
            Kind::Change => review.line(&format!("Output {index}, change"), &line.text),
            Kind::Words => review.words(&format!("Output {index}, data"), &line.text),
            Kind::Bytes => review.line(&format!("Output {index}, data"), &line.text),
        }
    }
    fee.describe(rules, &mut review, paid.others);
    describe_validity(&mut review, psbt);
    Ok(review)
}

/// What the inputs spend, and how.
struct Spent {
    all: u64,
    /// One per input.
    spends: Vec<Spend>,
}

/// Every input is the account's, spends something, once, now, and signs everything.
fn check_inputs(rules: &Rules, own: &Own, psbt: &Psbt) -> Result<Spent, ChainError> {
    let mut spent = Spent { all: 0, spends: Vec::new() };
    let mut seen = BTreeSet::new();
    for (index, (input, known)) in psbt.transaction.inputs.iter().zip(&psbt.inputs).enumerate() {
        let spend = own.spends(&known.spent.script).filter(|_| known.spent.value > 0);
        let spend = spend.ok_or(BitcoinRefusal::ForeignInput { index })?;
        let internal = own.internal_key().filter(|_| spend == Spend::Taproot);
        if known.internal_key.is_some_and(|named| Some(named) != internal) {
            return Err(BitcoinRefusal::ForeignKey { index }.into());
        }
        if spend.needs_previous() && known.previous.is_none() {
            return Err(BitcoinRefusal::MissingPrevious { index }.into());
        }
        if !seen.insert(input.previous) {
            return Err(BitcoinRefusal::DuplicateInput { index }.into());
        }
        if input.sequence & NO_RELATIVE_LOCK == 0 {
            return Err(BitcoinRefusal::Sequence { index, sequence: input.sequence }.into());
        }
        spent.all = add(rules, spent.all, known.spent.value)?;
        spent.spends.push(spend);
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
fn check_outputs(rules: &Rules, own: &Own, psbt: &Psbt) -> Result<Paid, ChainError> {
    let mut paid = Paid { all: 0, others: 0 };
    let mut has_data = false;
    for (index, output) in psbt.transaction.outputs.iter().enumerate() {
        let value = output.value;
        let kind = ScriptKind::of(&output.script).filter(|kind| rules.pays_to(*kind));
        let kind = kind.ok_or(BitcoinRefusal::UnknownScript { index })?;
        if matches!(kind, ScriptKind::Data(_)) {
            if value != 0 {
                return Err(BitcoinRefusal::Burns { index, value }.into());
            }
            if has_data || !is_relayed_data(&output.script) {
                return Err(BitcoinRefusal::Data { index }.into());
            }
            has_data = true;
        }
        let min = rules.dust(kind);
        if value < min {
            return Err(BitcoinRefusal::Dust { index, value, min }.into());
        }
        paid.all = add(rules, paid.all, value)?;
        if own.spends(&output.script).is_none() {
            paid.others = add(rules, paid.others, value)?;
        }
    }
    Ok(paid)
}

/// Adds base units that exist.
fn add(rules: &Rules, sum: u64, value: u64) -> Result<u64, ChainError> {
    let overflow = ChainError::Overflow { chain: rules.chain };
    sum.checked_add(value).filter(|sum| *sum <= rules.max_money).ok_or(overflow)
}

/// What miners get.
struct Fee {
    units: u64,
    size: u64,
}

impl Fee {
    /// The difference between what is spent and what is paid, if it is sane.
    fn new(rules: &Rules, psbt: &Psbt, spent: &Spent, outputs: u64) -> Result<Self, ChainError> {
        let inputs = spent.all;
        let units = inputs.checked_sub(outputs).ok_or(BitcoinRefusal::NegativeFee { inputs, outputs })?;
        if units > rules.max_fee {
            return Err(BitcoinRefusal::Fee { fee: units, max: rules.max_fee }.into());
        }
        let outputs: Vec<&Output> = psbt.transaction.outputs.iter().collect();
        let size = virtual_size(spent.spends.iter().copied(), &outputs).max(1);
        let rate = units.div_ceil(size);
        if rate > rules.max_fee_rate {
            return Err(BitcoinRefusal::FeeRate { rate, max: rules.max_fee_rate }.into());
        }
        Ok(Self { units, size })
    }

    fn describe(&self, rules: &Rules, review: &mut Review, paid: u64) {
        let milli = u128::from(self.units).saturating_mul(1000).div_ceil(u128::from(self.size));
        let rate = format_amount(milli, 3);
        let fee = coins(rules, self.units);
        review.line("Fee", format!("{fee}, {rate} {} per virtual byte", rules.base_unit));
        if self.units < self.size.saturating_mul(rules.low_fee_rate) {
            review.warn("the fee is so low that it may never be mined");
        }
        let percent = self.units.saturating_mul(100).checked_div(paid).unwrap_or(0);
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
    let every = |sighash| psbt.inputs.iter().all(|input| input.sighash == sighash);
    let sighash = match (every(Sighash::Default), every(Sighash::All)) {
        (true, _) => "DEFAULT",
        (_, true) => "ALL",
        (false, false) => "DEFAULT and ALL",
    };
    review.line("Form", format!("PSBT, signature hash {sighash}"));
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

fn output_lines(
    rules: &Rules,
    network: Network,
    own: &Own,
    psbt: &Psbt,
) -> Result<Vec<OutputLine>, ChainError> {
    let lines = psbt.transaction.outputs.iter().enumerate().map(|(index, output)| {
        let unknown = BitcoinRefusal::UnknownScript { index };
        match ScriptKind::of(&output.script) {
            Some(ScriptKind::Data(data)) => Ok(match core::str::from_utf8(data) {
                Ok(words) => OutputLine { kind: Kind::Words, text: words.to_owned() },
                Err(_) => OutputLine { kind: Kind::Bytes, text: format!("bytes {}", hex::encode(data)) },
            }),
            _ => {
                let address = address::of_script(rules, network, &output.script).ok_or(unknown)?;
                let text = format!("{} to {address}", coins(rules, output.value));
                let kind = if own.spends(&output.script).is_some() { Kind::Change } else { Kind::Pay };
                Ok(OutputLine { kind, text })
            }
        }
    });
    lines.collect()
}

/// Returns an address of the account's own.
fn address_of(rules: &Rules, network: Network, script: &[u8]) -> Result<String, ChainError> {
    let address = address::of_script(rules, network, script);
    address.map(|address| address.to_string()).ok_or(ChainError::InvalidKey { chain: rules.chain })
}

fn coins(rules: &Rules, units: u64) -> String {
    format!("{} {}", format_amount(units.into(), rules.chain.decimals()), rules.chain.unit())
}
