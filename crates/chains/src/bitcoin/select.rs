//! Which outputs to spend, what fee to pay, and what comes back.

use super::BitcoinRefusal;
use super::model::{Output, push_compact};
use super::rules::Rules;
use super::spend::{MAX_ECDSA, Spend};
use crate::amount::parse_amount;
use crate::context::BitcoinFee;
use crate::error::ChainError;

/// Weight units per virtual byte.
const SCALE: u64 = 4;
/// An input without witness: outpoint, empty script, sequence.
const INPUT_LEN: u64 = 41;
/// A witness of one signature of 64 bytes.
const TAPROOT_WITNESS: u64 = 66;
/// A longest ECDSA signature and a key, each behind its length.
const ECDSA_UNLOCK: u64 = 1 + MAX_ECDSA + 1 + 33;

/// How the fee follows from the size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fee {
    /// Thousandths of a base unit per virtual byte.
    Rate(u64),
    /// Base units in all.
    Total(u64),
}

impl Fee {
    pub(super) fn new(rules: &Rules, fee: &BitcoinFee) -> Result<Self, ChainError> {
        match fee {
            BitcoinFee::Total(total) => Ok(Self::Total(*total)),
            BitcoinFee::Rate(text) => {
                let rate = u64::try_from(parse_amount(text, 3)?);
                rate.map(Self::Rate).map_err(|_| ChainError::Overflow { chain: rules.chain })
            }
        }
    }

    fn of(self, rules: &Rules, size: u64) -> Result<u64, ChainError> {
        match self {
            Self::Total(total) => Ok(total),
            Self::Rate(rate) => {
                let fee = (u128::from(rate) * u128::from(size)).div_ceil(1000);
                u64::try_from(fee).map_err(|_| ChainError::Overflow { chain: rules.chain })
            }
        }
    }
}

/// What is spent and what comes back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// How many of the outputs are spent, from the first.
    pub(super) spent: usize,
    /// What comes back, if it is worth an output.
    pub(super) change: Option<u64>,
}

/// Takes outputs of the account in the order given, until they pay for `outputs` and the fee.
///
/// Change below the limit of dust is left to the fee.
pub(super) fn select(
    rules: &Rules,
    values: &[u64],
    outputs: &[Output],
    change: &Output,
    fee: Fee,
) -> Result<Selection, ChainError> {
    let overflow = ChainError::Overflow { chain: rules.chain };
    let sum = |mut values: &mut dyn Iterator<Item = u64>| {
        (&mut values).try_fold(0_u64, u64::checked_add).ok_or(overflow.clone())
    };
    let amount = sum(&mut outputs.iter().map(|output| output.value))?;
    let with_change: Vec<&Output> = outputs.iter().chain([change]).collect();
    let without_change: Vec<&Output> = outputs.iter().collect();
    let mut available = 0_u64;
    let mut needed = amount;
    let size = |spent, outputs: &[&Output]| virtual_size(core::iter::repeat_n(rules.spend, spent), outputs);
    for (spent, value) in (1..).zip(values) {
        available = available.checked_add(*value).ok_or(overflow.clone())?;
        let fee_with = fee.of(rules, size(spent, &with_change))?;
        let rest = amount.checked_add(fee_with).and_then(|needed| available.checked_sub(needed));
        if let Some(rest) = rest.filter(|rest| *rest >= rules.min_change) {
            return Ok(Selection { spent, change: Some(rest) });
        }
        needed = amount.checked_add(fee.of(rules, size(spent, &without_change))?).ok_or(overflow.clone())?;
        if available >= needed {
            return Ok(Selection { spent, change: None });
        }
    }
    Err(BitcoinRefusal::Funds { needed, available }.into())
}

/// Returns the virtual size of a transaction whose inputs are spent so, with the longest signatures that they can have.
pub(super) fn virtual_size(inputs: impl ExactSizeIterator<Item = Spend>, outputs: &[&Output]) -> u64 {
    let mut counts = Vec::new();
    push_compact(&mut counts, inputs.len());
    push_compact(&mut counts, outputs.len());
    let wide = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    let outputs = outputs.iter().fold(0, |sum: u64, output| sum.saturating_add(wide(output.len())));
    // Version and lock time are eight bytes, the marker of a witness is two weight units.
    let mut stripped = wide(counts.len()).saturating_add(8).saturating_add(outputs);
    let (mut witness, mut has_witness) = (0_u64, false);
    for spend in inputs {
        let (script, elements) = match spend {
            Spend::Taproot => (0, TAPROOT_WITNESS),
            Spend::Segwit => (0, 1 + ECDSA_UNLOCK),
            Spend::Legacy => (ECDSA_UNLOCK, 0),
        };
        stripped = stripped.saturating_add(INPUT_LEN).saturating_add(script);
        witness = witness.saturating_add(elements);
        has_witness |= elements > 0;
    }
    let marker = if has_witness { 2 } else { 0 };
    stripped.saturating_mul(SCALE).saturating_add(witness).saturating_add(marker).div_ceil(SCALE)
}
