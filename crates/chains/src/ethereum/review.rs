//! Judging a transaction and putting it into words.

use super::EthereumRefusal;
use super::address::{self, AddressBytes, is_nobodys};
use super::call::{Call, Permit};
use super::date;
use super::model::{Fee, Transaction};
use super::uint::Uint256;
use crate::amount::format_amount;
use crate::chain::Chain;
use crate::context::TokenClaim;
use crate::error::ChainError;
use crate::network::Network;
use crate::review::Review;

/// What every warning about handing over power begins with.
pub(super) const HIGH_RISK: &str = "HIGH RISK";

/// No transaction uses less.
const MIN_GAS: u64 = 21_000;

/// No transaction can use more, since EIP-7825.
const MAX_GAS: u64 = 1 << 24;

/// The most that is paid for gas: one whole coin.
const MAX_FEE: u128 = 1_000_000_000_000_000_000;

/// The most entries of an access list, keys included.
const MAX_ACCESSES: usize = 64;

/// Allowances of so many bits are more than there is of any token.
const UNLIMITED_BITS: usize = 95;

const DECIMALS: u8 = Chain::Ethereum.decimals();

pub(super) fn of_words(network: Network, own: &AddressBytes, words: &str) -> Review {
    let mut review = Review::new(Chain::Ethereum, network, "Sign words; nothing is paid");
    review.line("Account", address::show(own));
    review.words("Words", words);
    review.line("Form", "EIP-191, the same on every network");
    review
}

pub(super) fn of_transaction(
    network: Network,
    own: &AddressBytes,
    transaction: &Transaction,
) -> Result<Review, ChainError> {
    let fee = check(network, transaction)?;
    let to = receiver(transaction)?;
    let value = transaction.value.to_u128().ok_or(ChainError::Overflow { chain: Chain::Ethereum })?;
    let mut review = Review::new(Chain::Ethereum, network, "");
    review.line("From", address::show(own));
    if transaction.data.is_empty() {
        payment(&mut review, own, &to, value);
    } else {
        if value != 0 {
            return Err(EthereumRefusal::PaidCall { wei: value }.into());
        }
        call(&mut review, own, &to, &Call::parse(&transaction.data)?)?;
    }
    network_line(&mut review, network);
    review.line("Nonce", transaction.nonce.to_string());
    fee_lines(&mut review, transaction, fee);
    Ok(review)
}

/// Checks what does not depend on what the transaction does, and returns the most that it pays for gas.
fn check(network: Network, transaction: &Transaction) -> Result<u128, ChainError> {
    let expected = network.chain_id();
    if transaction.chain_id != expected {
        return Err(EthereumRefusal::ChainId { found: transaction.chain_id, expected }.into());
    }
    if transaction.nonce == u64::MAX {
        return Err(EthereumRefusal::Nonce { nonce: transaction.nonce }.into());
    }
    let gas = transaction.gas_limit;
    if !(MIN_GAS..=MAX_GAS).contains(&gas) {
        return Err(EthereumRefusal::Gas { gas, min: MIN_GAS, max: MAX_GAS }.into());
    }
    let max = transaction.fee.max();
    if let Fee::TwoFees { priority, .. } = &transaction.fee
        && *priority > max
    {
        return Err(EthereumRefusal::PriorityFee.into());
    }
    let accesses = transaction.fee.accesses();
    let entries = accesses.iter().fold(accesses.len(), |sum, access| sum.saturating_add(access.keys.len()));
    if entries > MAX_ACCESSES {
        return Err(EthereumRefusal::AccessList { entries, max: MAX_ACCESSES }.into());
    }
    let fee = max.to_u128().and_then(|max| max.checked_mul(gas.into())).filter(|fee| *fee <= MAX_FEE);
    fee.ok_or(EthereumRefusal::Fee { price: max.to_amount(9), gas, max: MAX_FEE }.into())
}

/// Returns whom the transaction calls, unless it makes a contract or calls the machine.
fn receiver(transaction: &Transaction) -> Result<AddressBytes, ChainError> {
    let to = transaction.to.ok_or(EthereumRefusal::ContractCreation)?;
    held(&to)
}

/// Refuses an address that nobody holds.
fn held(to: &AddressBytes) -> Result<AddressBytes, ChainError> {
    if is_nobodys(to) {
        Err(EthereumRefusal::NobodysAddress { address: address::show(to) }.into())
    } else {
        Ok(*to)
    }
}

fn payment(review: &mut Review, own: &AddressBytes, to: &AddressBytes, value: u128) {
    let amount = coins(review.network, value);
    review.title = format!("Send {amount} to {}", address::show(to));
    review.line("To", address::show(to));
    review.line("Amount", &amount);
    review.line("Amount in wei", value.to_string());
    if value == 0 {
        review.warn("nothing is paid");
    }
    look_alike(review, own, to, "the receiver");
}

/// Puts a call of a token's contract into words.
fn call(
    review: &mut Review,
    own: &AddressBytes,
    token: &AddressBytes,
    call: &Call,
) -> Result<(), ChainError> {
    let contract = address::show(token);
    review.line("Contract", &contract);
    match call {
        Call::Transfer { to, amount } => {
            token_receiver(token, to)?;
            review.title = format!(
                "Send {} units of the token {contract} to {}",
                amount.to_decimal(),
                address::show(to)
            );
            review.line("To", address::show(to));
            units(review, *amount);
            look_alike(review, own, to, "the receiver");
        }
        Call::TransferFrom { from, to, amount } => {
            token_receiver(token, to)?;
            review.title = format!(
                "Send {} units, or number, of the token {contract} from {} to {}",
                amount.to_decimal(),
                address::show(from),
                address::show(to)
            );
            review.line("Taken from", address::show(from));
            review.line("To", address::show(to));
            units(review, *amount);
            review
                .warn("of a token with numbers (ERC-721), the units are the number of the one that is sent");
            look_alike(review, own, to, "the receiver");
        }
        Call::Approve { spender, amount } => {
            review.title = format!(
                "Let {} take {} units of the token {contract}",
                address::show(spender),
                amount.to_decimal()
            );
            allowance(review, spender, *amount, "take tokens without asking again");
            review.warn(
                "of a token with numbers (ERC-721), the units are the number of the one that may be taken",
            );
        }
        Call::IncreaseAllowance { spender, amount } => {
            review.title = format!(
                "Let {} take {} more units of the token {contract}",
                address::show(spender),
                amount.to_decimal()
            );
            allowance(review, spender, *amount, "take more tokens without asking again");
        }
        Call::DecreaseAllowance { spender, amount } => {
            review.title = format!(
                "Let {} take {} fewer units of the token {contract}",
                address::show(spender),
                amount.to_decimal()
            );
            review.line("Spender", address::show(spender));
            units(review, *amount);
        }
        Call::SetApprovalForAll { operator, approved } => {
            approval_for_all(review, &contract, operator, *approved)
        }
        Call::Permit(permit) => permit_lines(review, own, &contract, permit),
    }
    Ok(())
}

/// Refuses receivers with whom tokens would be lost.
fn token_receiver(token: &AddressBytes, to: &AddressBytes) -> Result<(), ChainError> {
    if to == token {
        return Err(EthereumRefusal::TokenToItself { address: address::show(to) }.into());
    }
    held(to).map(drop)
}

fn units(review: &mut Review, amount: Uint256) {
    review.line("Units of the token", amount.to_decimal());
    if amount == Uint256::ZERO {
        review.warn("the amount is zero");
    }
}

/// Says who may take what. To allow zero is to take an allowance back.
fn allowance(review: &mut Review, spender: &AddressBytes, amount: Uint256, what: &str) {
    review.line("Spender", address::show(spender));
    review.line("Units of the token", amount.to_decimal());
    if amount != Uint256::ZERO {
        review.warn(format!("{HIGH_RISK}: the spender can {what}"));
    }
    if is_unlimited(amount) {
        review.warn(format!("{HIGH_RISK}: the allowance is practically without limit"));
    }
}

fn approval_for_all(review: &mut Review, contract: &str, operator: &AddressBytes, approved: bool) {
    let shown = address::show(operator);
    review.line("Operator", &shown);
    review.line("Allowed", if approved { "yes" } else { "no" });
    if approved {
        review.title = format!("Let {shown} take everything of {contract}");
        review
            .warn(format!("{HIGH_RISK}: the operator can take every token of this contract, now and later"));
    } else {
        review.title = format!("Let {shown} take nothing of {contract} any more");
    }
}

fn permit_lines(review: &mut Review, own: &AddressBytes, contract: &str, permit: &Permit) {
    let (owner, spender) = (address::show(&permit.owner), address::show(&permit.spender));
    review.title = format!("Hand in {owner}'s permission for {spender} at the token {contract}");
    review.line("Owner", &owner);
    allowance(review, &permit.spender, permit.amount, "take tokens of the owner without asking again");
    let seconds = permit.deadline.to_decimal();
    review.line(
        "Deadline",
        date::show(permit.deadline).map_or(seconds.clone(), |date| format!("{seconds} ({date})")),
    );
    let [v, r, s] = permit.signature;
    review.line("Signature", format!("0x{}{}{}", hex::encode(r.0), hex::encode(s.0), hex::encode(v.0)));
    if permit.owner == *own {
        review.warn(format!("{HIGH_RISK}: the owner is this account"));
    }
}

/// Whether an allowance is more than there is of any token.
pub(super) fn is_unlimited(amount: Uint256) -> bool {
    amount.bits() > UNLIMITED_BITS
}

/// Warns of an address that looks like the account's own where people look: at the ends.
fn look_alike(review: &mut Review, own: &AddressBytes, to: &AddressBytes, who: &str) {
    if own == to {
        review.warn(format!("{who} is the account itself"));
    } else if own.first_chunk::<2>() == to.first_chunk::<2>() && own.last_chunk::<2>() == to.last_chunk::<2>()
    {
        review.warn(format!("{who} looks like the account itself and is another: compare every character"));
    }
}

pub(super) fn network_line(review: &mut Review, network: Network) {
    review.line("Network", format!("{network}, chain id {}", network.chain_id()));
}

fn fee_lines(review: &mut Review, transaction: &Transaction, fee: u128) {
    let amount = coins(review.network, fee);
    let more = if matches!(review.network, Network::Evm(_)) {
        "; the network may charge for data on top"
    } else {
        ""
    };
    let most = format!("at most {amount}{more}");
    review.line("Fee", &most);
    review.fee = Some(most);
    let gwei = |price: Uint256| format!("{} gwei", price.to_amount(9));
    review.line("Gas", format!("at most {}", transaction.gas_limit));
    match &transaction.fee {
        Fee::Legacy { price } => review.line("Price of gas", format!("{}, paid in full", gwei(*price))),
        Fee::AccessList { price, .. } => {
            review.line("Price of gas", format!("{}, paid in full", gwei(*price)));
            review.line("Form", "with an access list, EIP-2930");
        }
        Fee::TwoFees { priority, max, .. } => {
            review.line(
                "Price of gas",
                format!("at most {}, of which {} go to the block's maker", gwei(*max), gwei(*priority)),
            );
        }
    }
    for (index, access) in (1..).zip(transaction.fee.accesses()) {
        let keys: Vec<_> = access.keys.iter().map(hex::encode).collect();
        let keys = if keys.is_empty() { "no keys".to_owned() } else { keys.join(", ") };
        review.line(&format!("Access {index}"), format!("{}: {keys}", address::show(&access.address)));
    }
}

fn coins(network: Network, wei: u128) -> String {
    format!("{} {}", format_amount(wei, DECIMALS), unit(network))
}

/// Returns what a network's coin is called.
const fn unit(network: Network) -> &'static str {
    match network.chain_id() {
        1 | 10 | 324 | 8_453 | 42_161 | 59_144 | 534_352 => "ETH",
        31_337 | 84_532 | 421_614 | 11_155_111 | 11_155_420 => "test ETH",
        56 => "BNB",
        97 => "test BNB",
        100 => "xDAI",
        137 => "POL",
        80_002 => "test POL",
        42_220 => "CELO",
        43_114 => "AVAX",
        43_113 => "test AVAX",
        _ => "of the network's coin",
    }
}

/// Adds what a context claims about the token that a call is about.
pub(super) fn claim(
    review: &mut Review,
    tokens: &[TokenClaim],
    transaction: &Transaction,
) -> Result<(), ChainError> {
    let Some(to) = transaction.to.filter(|_| !transaction.data.is_empty()) else { return Ok(()) };
    let Some((claim, _)) = find_claim(tokens, &to)? else { return Ok(()) };
    let amount = match Call::parse(&transaction.data)? {
        Call::Transfer { amount, .. }
        | Call::Approve { amount, .. }
        | Call::IncreaseAllowance { amount, .. }
        | Call::DecreaseAllowance { amount, .. }
        | Call::TransferFrom { amount, .. } => Some(amount),
        Call::Permit(permit) => Some(permit.amount),
        Call::SetApprovalForAll { .. } => None,
    };
    review.line("Token, as the context claims", &claim.symbol);
    review.line("Decimals, as the context claims", claim.decimals.to_string());
    if let Some(amount) = amount {
        let claimed = format!("{} {}", amount.to_amount(claim.decimals), claim.symbol);
        review.line("Amount, as the context claims", claimed);
    }
    Ok(())
}

/// Finds the one claim about a token.
pub(super) fn find_claim<'a>(
    tokens: &'a [TokenClaim],
    token: &AddressBytes,
) -> Result<Option<(&'a TokenClaim, AddressBytes)>, ChainError> {
    let mut found = None;
    for claim in tokens {
        let about = address::parse(&claim.address)
            .map_err(|_| ChainError::InvalidField { field: "tokens[].address", expected: "an address" })?;
        check_claim(claim)?;
        if about == *token && found.replace((claim, about)).is_some() {
            return Err(ChainError::InvalidField { field: "tokens", expected: "one claim per token" });
        }
    }
    Ok(found)
}

fn check_claim(claim: &TokenClaim) -> Result<(), ChainError> {
    let is_symbol =
        (1..=16).contains(&claim.symbol.len()) && claim.symbol.bytes().all(|b| b.is_ascii_graphic());
    if !is_symbol {
        return Err(ChainError::InvalidField {
            field: "tokens[].symbol",
            expected: "1 to 16 letters, digits and marks of ASCII",
        });
    }
    if claim.decimals > 36 {
        return Err(ChainError::InvalidField { field: "tokens[].decimals", expected: "at most 36" });
    }
    Ok(())
}
