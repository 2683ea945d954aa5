//! The values of typed data, each of its type.

use super::super::address::{self, AddressBytes};
use super::super::keccak;
use super::super::uint::Uint256;
use super::fault::TypedDataFault;
use super::json::{Json, not, path};
use super::kind::{Kind, Types};

/// The most structs and lists within each other.
const MAX_DEPTH: usize = 16;

/// The most values, which is also the most lines of a review.
const MAX_VALUES: usize = 512;

/// A value. Which type it has is known from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A number without a sign, or below zero as its two's complement.
    Number(Uint256),
    Bool(bool),
    Address(AddressBytes),
    Bytes(Vec<u8>),
    Text(String),
    /// The elements of a list, or the fields of a struct in the order of its type.
    Many(Vec<Value>),
}

/// Reads values, and counts them.
pub(super) struct Reading<'a> {
    types: &'a Types,
    left: usize,
}

impl<'a> Reading<'a> {
    pub(super) const fn new(types: &'a Types) -> Self {
        Self { types, left: MAX_VALUES }
    }

    pub(super) fn value(
        &mut self,
        kind: &Kind,
        json: &Json,
        field: &str,
        depth: usize,
    ) -> Result<Value, TypedDataFault> {
        self.left =
            self.left.checked_sub(1).ok_or(TypedDataFault::TooMany { what: "values", max: MAX_VALUES })?;
        if depth > MAX_DEPTH {
            return Err(TypedDataFault::TooDeep { max: MAX_DEPTH });
        }
        let not_of_kind = || not(field, &kind.to_string());
        match (kind, json) {
            (Kind::Uint(bits), json) => {
                let number =
                    number(json).filter(|(number, is_negative)| !is_negative && number.bits() <= *bits);
                number.map(|(number, _)| Value::Number(number)).ok_or_else(not_of_kind)
            }
            (Kind::Int(bits), json) => number(json)
                .and_then(|number| signed(number, *bits))
                .map(Value::Number)
                .ok_or_else(not_of_kind),
            (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
            (Kind::Address, json) => address(json, field).map(Value::Address),
            (Kind::Text, Json::Text(text)) => Ok(Value::Text(text.clone())),
            (Kind::Bytes, json) => bytes(json, field).map(Value::Bytes),
            (Kind::Fixed(size), json) => {
                let bytes = bytes(json, field)?;
                if bytes.len() == *size { Ok(Value::Bytes(bytes)) } else { Err(not_of_kind()) }
            }
            (Kind::List(of, length), Json::List(list))
                if length.is_none_or(|length| length == list.len()) =>
            {
                let element = |(index, json)| self.value(of, json, &format!("{field}[{index}]"), depth + 1);
                list.iter().enumerate().map(element).collect::<Result<_, _>>().map(Value::Many)
            }
            (Kind::Struct(name), json) => self.fields(name, json, field, depth),
            _ => Err(not_of_kind()),
        }
    }

    fn fields(
        &mut self,
        name: &str,
        json: &Json,
        field: &str,
        depth: usize,
    ) -> Result<Value, TypedDataFault> {
        let fields = self.types.fields(name);
        let is_unknown = |member: &str| fields.iter().all(|field| field.name != member);
        if let Some((member, _)) = json.members(field)?.iter().find(|(member, _)| is_unknown(member)) {
            return Err(TypedDataFault::Unknown { field: path(field, member) });
        }
        let values = fields.iter().map(|inner| {
            let json = json.member(field, &inner.name)?;
            self.value(&inner.kind, json, &path(field, &inner.name), depth + 1)
        });
        values.collect::<Result<_, _>>().map(Value::Many)
    }
}

impl Value {
    /// Returns the 32 bytes that stand for the value in the hash of what contains it.
    pub(super) fn word(&self, types: &Types, kind: &Kind) -> [u8; 32] {
        match (self, kind) {
            (Self::Number(number), _) => number.0,
            (Self::Bool(value), _) => Uint256::from(u64::from(*value)).0,
            (Self::Address(address), _) => Uint256::from_be_bytes(address).unwrap_or_default().0,
            (Self::Bytes(bytes), Kind::Fixed(_)) => {
                let mut word = [0; 32];
                word.iter_mut().zip(bytes).for_each(|(byte, of_value)| *byte = *of_value);
                word
            }
            (Self::Bytes(bytes), _) => keccak(&[bytes]),
            (Self::Text(text), _) => keccak(&[text.as_bytes()]),
            (Self::Many(values), Kind::List(of, _)) => {
                let words: Vec<_> = values.iter().map(|value| value.word(types, of)).collect();
                keccak(&[words.as_flattened()])
            }
            (Self::Many(values), kind) => {
                let name = if let Kind::Struct(name) = kind { name.as_str() } else { "" };
                let fields = types.fields(name).iter().zip(values);
                let words: Vec<_> = fields.map(|(field, value)| value.word(types, &field.kind)).collect();
                keccak(&[&types.hash(name), words.as_flattened()])
            }
        }
    }

    pub(super) fn to_json(&self, types: &Types, kind: &Kind) -> Json {
        match (self, kind) {
            (Self::Bool(value), _) => Json::Bool(*value),
            (Self::Many(values), Kind::List(of, _)) => {
                Json::List(values.iter().map(|value| value.to_json(types, of)).collect())
            }
            (Self::Many(values), Kind::Struct(name)) => {
                let fields = types.fields(name).iter().zip(values);
                let member = |(field, value): (&super::kind::Field, &Self)| {
                    (field.name.clone(), value.to_json(types, &field.kind))
                };
                Json::Object(fields.map(member).collect())
            }
            (value, kind) => Json::Text(value.show(kind)),
        }
    }

    /// Writes an atomic value, as reviews and the canonical form do.
    pub(super) fn show(&self, kind: &Kind) -> String {
        match self {
            Self::Number(number) if matches!(kind, Kind::Int(_)) && number.bits() == 256 => {
                format!("-{}", number.negated().to_decimal())
            }
            Self::Number(number) => number.to_decimal(),
            Self::Bool(value) => value.to_string(),
            Self::Address(address) => address::show(address),
            Self::Bytes(bytes) => show_bytes(bytes),
            Self::Text(text) => text.clone(),
            Self::Many(values) => format!("{} values", values.len()),
        }
    }
}

/// Returns a number's size and whether it is below zero: digits in decimal, or in hexadecimal after `0x`.
pub(super) fn number(json: &Json) -> Option<(Uint256, bool)> {
    let text = match json {
        Json::Number(text) | Json::Text(text) => text.as_str(),
        _ => return None,
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return Uint256::from_hex(digits).map(|number| (number, false));
    }
    let digits = text.strip_prefix('-');
    let number = Uint256::from_decimal(digits.unwrap_or(text))?;
    let is_negative = digits.is_some();
    // Zero has one spelling.
    (!is_negative || number != Uint256::ZERO).then_some((number, is_negative))
}

/// Returns the two's complement of a number that `bits` can hold.
fn signed((number, is_negative): (Uint256, bool), bits: usize) -> Option<Uint256> {
    let below = bits.checked_sub(1)?;
    if !is_negative {
        return (number.bits() <= below).then_some(number);
    }
    // The lowest is one further from zero than the highest.
    let is_lowest = number.bits() == bits && number.0.iter().map(|byte| byte.count_ones()).sum::<u32>() == 1;
    (number.bits() <= below || is_lowest).then(|| number.negated())
}

pub(super) fn address(json: &Json, field: &str) -> Result<AddressBytes, TypedDataFault> {
    address::parse(json.text(field)?).map_err(|fault| not(field, &format!("an address: {fault}")))
}

pub(super) fn bytes(json: &Json, field: &str) -> Result<Vec<u8>, TypedDataFault> {
    let digits = json.text(field)?.strip_prefix("0x");
    digits
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| not(field, "bytes in hexadecimal after 0x"))
}

pub(super) fn show_bytes(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
