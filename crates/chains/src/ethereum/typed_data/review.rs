//! Typed data in words: every value in its place.

use super::super::address;
use super::super::date;
use super::super::review::{HIGH_RISK, is_unlimited, network_line};
use super::super::uint::Uint256;
use super::kind::Kind;
use super::{TypedData, Value};
use crate::chain::Chain;
use crate::network::Network;
use crate::review::Review;
use crate::text::escape;

/// Structs that contracts in wide use take as an order to move what the account has.
const ORDERS: [&str; 12] = [
    "Order",
    "OrderComponents",
    "BulkOrder",
    "MetaTransaction",
    "ForwardRequest",
    "SafeTx",
    "Delegation",
    "UserOperation",
    "PackedUserOperation",
    "TransferWithAuthorization",
    "ReceiveWithAuthorization",
    "Authorization",
];

/// Puts typed data into words.
pub(in super::super) fn review(network: Network, own: &str, data: &TypedData) -> Review {
    let domain = &data.domain;
    // The application's name for itself is no fact, and stays out of the title.
    let mut review = Review::new(Chain::Ethereum, network, &format!("Sign data of type {}", data.primary));
    review.line("Account", own);
    network_line(&mut review, network);
    match &domain.name {
        Some(name) => review.words("Application, by its own words", name),
        None => review.line("Application", "without a name"),
    }
    if let Some(version) = &domain.version {
        review.words("Version", version);
    }
    match &domain.contract {
        Some(contract) => review.line("Contract that will check it", address::show(contract)),
        None => review.warn("the data do not say which contract will check them"),
    }
    if let Some(salt) = &domain.salt {
        review.line("Salt", super::value::show_bytes(salt));
    }
    review.line("Type", &data.primary);
    warn(&mut review, data);
    lines(&mut review, data, &Kind::Struct(data.primary.clone()), &data.message, "");
    review.line("Form", "EIP-712");
    review
}

fn warn(review: &mut Review, data: &TypedData) {
    if is_permit(data) {
        review.warn(format!(
            "{HIGH_RISK}: whoever has this signature can let the spender take tokens of the account, without a transaction of the account's"
        ));
    } else if let Some(order) = data.types.names().find(|name| ORDERS.contains(name)) {
        review.warn(format!("{HIGH_RISK}: {order} is an order: it can move what the account has"));
    } else {
        review.warn("what the signature allows is the contract's business; it may move what the account has");
    }
}

/// Whether the message is, or contains, a permission to take tokens: of ERC-2612, of Permit2, or of a token's own kind.
fn is_permit(data: &TypedData) -> bool {
    let is_one = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("permit") || name.contains("permission")
    };
    data.types.names().any(is_one)
}

/// One line for every atomic value and every empty list.
fn lines(review: &mut Review, data: &TypedData, kind: &Kind, value: &Value, place: &str) {
    match (value, kind) {
        (Value::Many(values), Kind::List(..)) if values.is_empty() => review.line(place, "an empty list"),
        (Value::Many(values), Kind::List(of, _)) => {
            for (index, value) in values.iter().enumerate() {
                lines(review, data, of, value, &format!("{place}[{index}]"));
            }
        }
        (Value::Many(values), Kind::Struct(name)) => {
            let fields = data.types.fields(name);
            if fields.is_empty() {
                review.line(place, format!("{name}, which has no fields"));
            }
            for (field, value) in fields.iter().zip(values) {
                let place =
                    if place.is_empty() { field.name.clone() } else { format!("{place}.{}", field.name) };
                lines(review, data, &field.kind, value, &place);
            }
        }
        (Value::Text(text), _) => review.words(place, text),
        (Value::Number(number), Kind::Uint(_)) => {
            review.line(place, number_or_time(*number, place));
            number_warnings(review, data, *number, place);
        }
        (value, kind) => review.line(place, value.show(kind)),
    }
}

/// What fields are called that hold a time.
const TIMES: [&str; 12] = [
    "deadline",
    "sigdeadline",
    "expiry",
    "expiration",
    "expires",
    "expirationtime",
    "validafter",
    "validbefore",
    "validto",
    "validuntil",
    "starttime",
    "endtime",
];

/// Returns a number, with the date that it is where the field's name says that it is a time.
fn number_or_time(number: Uint256, place: &str) -> String {
    let name = place.rsplit('.').next().unwrap_or_default();
    let is_time = TIMES.iter().any(|time| name.eq_ignore_ascii_case(time));
    match date::show(number).filter(|_| is_time) {
        Some(date) => format!("{} ({date})", number.to_decimal()),
        None => number.to_decimal(),
    }
}

fn number_warnings(review: &mut Review, data: &TypedData, number: Uint256, place: &str) {
    let is_nonce = place.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case("nonce"));
    if is_permit(data) && !is_nonce && is_unlimited(number) {
        review.warn(format!("{HIGH_RISK}: {} is practically without limit", escape(place)));
    }
}
