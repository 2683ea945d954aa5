//! JSON that keeps the order of what it read, and refuses what has two readings.

use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::fault::TypedDataFault;
use crate::text::escape;

/// A JSON value. Fractions and null have no meaning in typed data and are not read; a number is its decimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(super) fn text(&self, field: &str) -> Result<&str, TypedDataFault> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(not(field, "text")),
        }
    }

    pub(super) fn list(&self, field: &str) -> Result<&[Self], TypedDataFault> {
        match self {
            Self::List(list) => Ok(list),
            _ => Err(not(field, "a list")),
        }
    }

    pub(super) fn members(&self, field: &str) -> Result<&[(String, Self)], TypedDataFault> {
        match self {
            Self::Object(members) => Ok(members),
            _ => Err(not(field, "an object")),
        }
    }

    /// Returns the members of an object that has these and no others.
    pub(super) fn exactly<const N: usize>(
        &self,
        field: &str,
        names: [&str; N],
    ) -> Result<[&Self; N], TypedDataFault> {
        let members = self.members(field)?;
        let unknown = members.iter().find(|(name, _)| !names.contains(&name.as_str()));
        if let Some((name, _)) = unknown {
            return Err(TypedDataFault::Unknown { field: path(field, name) });
        }
        let found: Vec<_> = names.iter().map(|name| self.member(field, name)).collect::<Result<_, _>>()?;
        found.try_into().map_err(|_| not(field, "an object"))
    }

    pub(super) fn member(&self, field: &str, name: &str) -> Result<&Self, TypedDataFault> {
        let found = self.members(field)?.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| value).ok_or_else(|| TypedDataFault::Missing { field: path(field, name) })
    }
}

/// Returns the name of a member, escaped.
pub(super) fn path(field: &str, name: &str) -> String {
    let name = escape(name);
    if field.is_empty() { name } else { format!("{field}.{name}") }
}

pub(super) fn not(field: &str, expected: &str) -> TypedDataFault {
    TypedDataFault::Value { field: field.to_owned(), expected: expected.to_owned() }
}

/// Writes JSON without spaces.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => quote(f, text),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    value.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    quote(f, name)?;
                    f.write_str(":")?;
                    value.fmt(f)?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Writes a string with as few escapes as JSON allows, which `serde_json` does too.
fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "{}", serde_json::Value::String(text.to_owned()))
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a whole number, true, false, a list or an object")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::BTreeSet::new();
        while let Some((name, value)) = access.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(Error::custom("a member given twice"));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}
