//! The types of typed data: atomic ones, lists, and structs.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use super::super::keccak;
use super::domain::{DOMAIN, Domain};
use super::fault::TypedDataFault;
use super::json::{Json, path};
use crate::text::escape;

/// The most types of one message.
const MAX_TYPES: usize = 64;

/// The most fields of one struct.
const MAX_FIELDS: usize = 64;

/// The longest name of a type or field.
const MAX_NAME: usize = 128;

/// The most lists within each other.
const MAX_LISTS: usize = 4;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number of so many bits.
    Uint(usize),
    /// A number of so many bits with a sign.
    Int(usize),
    Bool,
    Address,
    Text,
    Bytes,
    /// So many bytes.
    Fixed(usize),
    /// A struct by its name.
    Struct(String),
    /// A list, perhaps of a fixed length.
    List(Box<Kind>, Option<usize>),
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The structs of a message, all of them needed, with the hashes of their types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Types {
    structs: BTreeMap<String, (Vec<Field>, [u8; 32])>,
}

impl Kind {
    /// Reads the name of a type: atomic if it can be, else of a struct.
    pub(super) fn parse(text: &str) -> Result<Self, TypedDataFault> {
        let unknown = || TypedDataFault::UnknownType { name: escape(text) };
        if text.len() > MAX_NAME {
            return Err(unknown());
        }
        let base = text.split_once('[').map_or(text, |(base, _)| base);
        let mut kind = match Self::atomic(base) {
            Some(kind) => kind,
            None if is_identifier(base) && !looks_atomic(base) => Self::Struct(base.to_owned()),
            None => return Err(unknown()),
        };
        let mut suffixes = text.strip_prefix(base).unwrap_or_default();
        let mut lists = 0;
        while !suffixes.is_empty() {
            let (length, rest) =
                suffixes.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(unknown)?;
            let length =
                if length.is_empty() { None } else { Some(list_length(length).ok_or_else(unknown)?) };
            kind = Self::List(Box::new(kind), length);
            suffixes = rest;
            lists += 1;
            if lists > MAX_LISTS {
                return Err(TypedDataFault::TooDeep { max: MAX_LISTS });
            }
        }
        Ok(kind)
    }

    fn atomic(text: &str) -> Option<Self> {
        match text {
            "bool" => return Some(Self::Bool),
            "address" => return Some(Self::Address),
            "string" => return Some(Self::Text),
            "bytes" => return Some(Self::Bytes),
            _ => (),
        }
        let size = |prefix: &str, sizes: core::ops::RangeInclusive<usize>, step: usize| {
            let digits = text.strip_prefix(prefix)?;
            let size: usize = digits.parse().ok()?;
            (sizes.contains(&size) && size.is_multiple_of(step) && size.to_string() == digits).then_some(size)
        };
        size("uint", 8..=256, 8)
            .map(Self::Uint)
            .or_else(|| size("int", 8..=256, 8).map(Self::Int))
            .or_else(|| size("bytes", 1..=32, 1).map(Self::Fixed))
    }

    /// Returns the name of the struct that this is, or is a list of.
    fn named(&self) -> Option<&str> {
        match self {
            Self::Struct(name) => Some(name),
            Self::List(of, _) => of.named(),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uint(bits) => write!(f, "uint{bits}"),
            Self::Int(bits) => write!(f, "int{bits}"),
            Self::Bool => f.write_str("bool"),
            Self::Address => f.write_str("address"),
            Self::Text => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Fixed(size) => write!(f, "bytes{size}"),
            Self::Struct(name) => f.write_str(name),
            Self::List(of, None) => write!(f, "{of}[]"),
            Self::List(of, Some(length)) => write!(f, "{of}[{length}]"),
        }
    }
}

impl Types {
    /// Reads the types of a message and refuses those that it does not need.
    pub(super) fn parse(json: &Json, primary: &str, domain: &Domain) -> Result<Self, TypedDataFault> {
        let members = json.members("types")?;
        if members.len() > MAX_TYPES {
            return Err(TypedDataFault::TooMany { what: "types", max: MAX_TYPES });
        }
        let mut structs = BTreeMap::new();
        for (name, fields) in members {
            if name == DOMAIN {
                domain.check_type(&fields_of(name, fields)?)?;
                continue;
            }
            match Kind::parse(name) {
                Ok(Kind::Struct(_)) => structs.insert(name.clone(), fields_of(name, fields)?),
                _ => return Err(TypedDataFault::Name { name: escape(name) }),
            };
        }
        let mut used = BTreeSet::new();
        visit(&structs, primary, &mut Vec::new(), &mut used)?;
        if let Some(name) = structs.keys().find(|name| !used.contains(*name)) {
            return Err(TypedDataFault::UnusedType { name: escape(name) });
        }
        let hashed = |name: &String| (name.clone(), type_hash(&structs, name));
        let hashes: BTreeMap<_, _> = structs.keys().map(hashed).collect();
        let with_hash = |(name, fields): (String, Vec<Field>)| {
            let hash = hashes.get(&name).copied().unwrap_or_default();
            (name, (fields, hash))
        };
        Ok(Self { structs: structs.into_iter().map(with_hash).collect() })
    }

    /// Returns the names of all structs.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.structs.keys().map(String::as_str)
    }

    pub(super) fn fields(&self, name: &str) -> &[Field] {
        self.structs.get(name).map_or(&[], |(fields, _)| fields)
    }

    pub(super) fn hash(&self, name: &str) -> [u8; 32] {
        self.structs.get(name).map_or([0; 32], |(_, hash)| *hash)
    }

    pub(super) fn to_json(&self, domain: &Domain) -> Json {
        let mut all: BTreeMap<_, _> =
            self.structs.iter().map(|(name, (fields, _))| (name.clone(), fields_json(fields))).collect();
        all.insert(DOMAIN.to_owned(), fields_json(&domain.fields()));
        Json::Object(all.into_iter().collect())
    }
}

fn fields_of(name: &str, json: &Json) -> Result<Vec<Field>, TypedDataFault> {
    let list = json.list(&path("types", name))?;
    if list.len() > MAX_FIELDS {
        return Err(TypedDataFault::TooMany { what: "fields of a type", max: MAX_FIELDS });
    }
    let mut fields: Vec<Field> = Vec::with_capacity(list.len());
    for field in list {
        let place = path("types", name);
        let [field_name, kind] = field.exactly(&place, ["name", "type"])?;
        let field_name = field_name.text(&place)?;
        if !is_identifier(field_name) {
            return Err(TypedDataFault::Name { name: escape(field_name) });
        }
        if fields.iter().any(|field| field.name == field_name) {
            return Err(TypedDataFault::Twice { name: path(name, field_name) });
        }
        fields.push(Field { name: field_name.to_owned(), kind: Kind::parse(kind.text(&place)?)? });
    }
    Ok(fields)
}

fn fields_json(fields: &[Field]) -> Json {
    let field = |field: &Field| {
        Json::object([("name", Json::Text(field.name.clone())), ("type", Json::Text(field.kind.to_string()))])
    };
    Json::List(fields.iter().map(field).collect())
}

/// Collects the structs that `name` needs; `above` are those that contain it.
fn visit(
    structs: &BTreeMap<String, Vec<Field>>,
    name: &str,
    above: &mut Vec<String>,
    used: &mut BTreeSet<String>,
) -> Result<(), TypedDataFault> {
    if above.iter().any(|outer| outer == name) {
        return Err(TypedDataFault::Cycle { name: escape(name) });
    }
    let fields = structs.get(name).ok_or_else(|| TypedDataFault::UnknownType { name: escape(name) })?;
    if !used.insert(name.to_owned()) {
        return Ok(());
    }
    above.push(name.to_owned());
    for inner in fields.iter().filter_map(|field| field.kind.named()) {
        visit(structs, inner, above, used)?;
    }
    above.pop();
    Ok(())
}

/// Returns the hash of a type's name, fields, and those of the structs it needs, sorted.
fn type_hash(structs: &BTreeMap<String, Vec<Field>>, name: &str) -> [u8; 32] {
    let mut needed = BTreeSet::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        for inner in structs.get(next).into_iter().flatten().filter_map(|field| field.kind.named()) {
            if needed.insert(inner) {
                open.push(inner);
            }
        }
    }
    needed.remove(name);
    let spelled = core::iter::once(name)
        .chain(needed)
        .map(|name| encode_type(name, structs.get(name).map_or(&[], Vec::as_slice)));
    keccak(&[spelled.collect::<String>().as_bytes()])
}

/// Writes a struct as its hash sees it.
pub(super) fn encode_type(name: &str, fields: &[Field]) -> String {
    let fields: Vec<_> = fields.iter().map(|field| format!("{} {}", field.kind, field.name)).collect();
    format!("{name}({})", fields.join(","))
}

fn is_identifier(name: &str) -> bool {
    let is_start = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'$';
    name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(is_start)
        && name.bytes().all(|b| is_start(b) || b.is_ascii_digit())
}

/// Whether a name reads as an atomic type of a size that none has, or as another language's.
fn looks_atomic(name: &str) -> bool {
    let sized = ["uint", "int", "bytes", "fixed", "ufixed"].into_iter();
    let is_sized = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit() || b == b'x');
    sized.filter_map(|prefix| name.strip_prefix(prefix)).any(is_sized)
        || matches!(name, "byte" | "function" | "tuple" | "payable")
}

fn list_length(digits: &str) -> Option<usize> {
    let length: usize = digits.parse().ok()?;
    (length > 0 && length.to_string() == digits).then_some(length)
}
