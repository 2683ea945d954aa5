//! The domain: which application, on which network, typed data are for.

use super::super::address::{self, AddressBytes};
use super::super::keccak;
use super::super::uint::Uint256;
use super::fault::TypedDataFault;
use super::json::{Json, not, path};
use super::kind::{Field, Kind, encode_type};
use super::value;

/// The name of the domain's type.
pub(super) const DOMAIN: &str = "EIP712Domain";

/// A domain. What it does not hold is not in its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) chain_id: u64,
    pub(super) contract: Option<AddressBytes>,
    pub(super) salt: Option<[u8; 32]>,
}

impl Domain {
    pub(super) fn parse(json: &Json) -> Result<Self, TypedDataFault> {
        let (mut name, mut version, mut chain_id, mut contract, mut salt) = (None, None, None, None, None);
        for (member, value) in json.members("domain")? {
            let field = path("domain", member);
            match member.as_str() {
                "name" => name = Some(value.text(&field)?.to_owned()),
                "version" => version = Some(value.text(&field)?.to_owned()),
                "chainId" => {
                    let number = value::number(value).filter(|(_, is_negative)| !is_negative);
                    let id = number.and_then(|(number, _)| number.to_u64());
                    chain_id = Some(id.ok_or_else(|| not(&field, "a chain id"))?);
                }
                "verifyingContract" => contract = Some(value::address(value, &field)?),
                "salt" => {
                    let bytes = value::bytes(value, &field)?;
                    salt = Some(bytes.try_into().map_err(|_| not(&field, "32 bytes"))?);
                }
                _ => return Err(TypedDataFault::Unknown { field }),
            }
        }
        let chain_id = chain_id.ok_or(TypedDataFault::NoChainId)?;
        Ok(Self { name, version, chain_id, contract, salt })
    }

    /// Returns the fields that are there, in the order of the standard.
    pub(super) fn fields(&self) -> Vec<Field> {
        let field =
            |is_there: bool, name: &str, kind| is_there.then(|| Field { name: name.to_owned(), kind });
        [
            field(self.name.is_some(), "name", Kind::Text),
            field(self.version.is_some(), "version", Kind::Text),
            field(true, "chainId", Kind::Uint(256)),
            field(self.contract.is_some(), "verifyingContract", Kind::Address),
            field(self.salt.is_some(), "salt", Kind::Fixed(32)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Refuses a type that is not that of the fields.
    pub(super) fn check_type(&self, fields: &[Field]) -> Result<(), TypedDataFault> {
        if fields == self.fields() { Ok(()) } else { Err(TypedDataFault::DomainType) }
    }

    pub(super) fn to_json(&self) -> Json {
        let text = |text: &Option<String>| text.clone().map(Json::Text);
        let members = [
            ("name", text(&self.name)),
            ("version", text(&self.version)),
            ("chainId", Some(Json::Text(self.chain_id.to_string()))),
            ("verifyingContract", self.contract.map(|contract| Json::Text(address::show(&contract)))),
            ("salt", self.salt.map(|salt| Json::Text(value::show_bytes(&salt)))),
        ];
        let there =
            members.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
        Json::Object(there.collect())
    }

    /// Returns the hash of the domain.
    pub(super) fn separator(&self) -> [u8; 32] {
        let text = |text: &Option<String>| text.as_ref().map(|text| keccak(&[text.as_bytes()]));
        let words = [
            Some(keccak(&[encode_type(DOMAIN, &self.fields()).as_bytes()])),
            text(&self.name),
            text(&self.version),
            Some(Uint256::from(self.chain_id).0),
            self.contract.map(|contract| Uint256::from_be_bytes(&contract).unwrap_or_default().0),
            self.salt,
        ];
        let there: Vec<_> = words.into_iter().flatten().collect();
        keccak(&[there.as_flattened()])
    }
}
