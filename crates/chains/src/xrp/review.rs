//! Judging a payment and putting it into words.

use super::XrpRefusal;
use super::account::{self, NOBODY};
use super::model::Payment;
use crate::adapter::Account;
use crate::amount::format_amount;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::review::Review;

/// The most that is paid for processing: 0.1 XRP, ten thousand times what is usual.
const MAX_FEE: u64 = 100_000;
/// The least that the ledger takes when it is idle.
const MIN_FEE: u64 = 10;
/// Above this share of what is paid, in percent, a fee is pointed out.
const HIGH_FEE_PERCENT: u64 = 10;

pub(super) fn of_payment(account: Account<'_>, payment: &Payment) -> Result<Review, ChainError> {
    let key = account.key.secp256k1(Chain::Xrp)?;
    if account.key.as_bytes() != payment.key {
        return Err(XrpRefusal::ForeignKey.into());
    }
    if payment.account != account::of_key(&key) {
        return Err(XrpRefusal::ForeignAccount.into());
    }
    if payment.destination == payment.account {
        return Err(XrpRefusal::ToSelf.into());
    }
    if NOBODY.contains(&payment.destination) {
        return Err(XrpRefusal::Burns.into());
    }
    if payment.fee > MAX_FEE {
        return Err(XrpRefusal::Fee { fee: payment.fee, max: MAX_FEE }.into());
    }
    Ok(describe(account, payment))
}

fn describe(account: Account<'_>, payment: &Payment) -> Review {
    let (to, fee) = (account::address(&payment.destination), xrp(payment.fee));
    let title = format!("Send {} to {to}", xrp(payment.amount));
    let mut review = Review::new(Chain::Xrp, account.network, &title);
    review.line("From", account::address(&payment.account).as_str());
    review.line("To", to.as_str());
    review.line("Pay", xrp(payment.amount));
    match payment.destination_tag {
        Some(tag) => review.line("Destination tag", tag.to_string()),
        None => {
            review.line("Destination tag", "none");
            review.warn("no destination tag: an exchange cannot tell whose payment this is");
        }
    }
    review.line("Fee", &fee);
    review.line("Sequence", payment.sequence.to_string());
    review.line("Valid", format!("up to ledger {}, on every network of XRP", payment.last_ledger));
    if payment.fee < MIN_FEE {
        review.warn("the fee is so low that it may never be processed");
    }
    let percent = payment.fee.saturating_mul(100).checked_div(payment.amount).unwrap_or(0);
    if percent >= HIGH_FEE_PERCENT {
        review.warn(format!("the fee is {percent} % of what is paid"));
    }
    review.fee = Some(fee);
    review
}

fn xrp(drops: u64) -> String {
    format!("{} {}", format_amount(drops.into(), Chain::Xrp.decimals()), Chain::Xrp.unit())
}
