//! Transactions of the three kinds that are signed here, before and after the signature.

use super::EthereumRefusal;
use super::address::AddressBytes;
use super::rlp::{Items, List};
use super::uint::Uint256;
use crate::error::ChainError;

const WHAT: &str = "ethereum transaction";

/// The first byte of a transaction with an access list, as EIP-2930 says.
const ACCESS_LIST: u8 = 1;

/// The first byte of a transaction with two fees, as EIP-1559 says.
const TWO_FEES: u8 = 2;

/// What EIP-155 adds to twice the chain id.
const EIP_155: u64 = 35;

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    pub(super) fee: Fee,
    pub(super) gas_limit: u64,
    /// Nobody means that the data are a contract to be made.
    pub(super) to: Option<AddressBytes>,
    pub(super) value: Uint256,
    pub(super) data: Vec<u8>,
}

/// The kind of a transaction, which is in what it pays for gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fee {
    /// The first kind, with the chain id of EIP-155.
    Legacy { price: Uint256 },
    /// EIP-2930.
    AccessList { price: Uint256, list: Vec<Access> },
    /// EIP-1559.
    TwoFees { priority: Uint256, max: Uint256, list: Vec<Access> },
}

/// Storage that a transaction announces to touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) address: AddressBytes,
    pub(super) keys: Vec<[u8; 32]>,
}

/// A signature as transactions carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    /// r and s.
    pub(super) numbers: [u8; 64],
    /// Whether the point that r names has an odd y.
    pub(super) is_odd: bool,
}

impl Fee {
    /// Returns the most that is paid for a unit of gas.
    pub(super) const fn max(&self) -> Uint256 {
        match self {
            Self::Legacy { price } | Self::AccessList { price, .. } => *price,
            Self::TwoFees { max, .. } => *max,
        }
    }

    pub(super) fn accesses(&self) -> &[Access] {
        match self {
            Self::Legacy { .. } => &[],
            Self::AccessList { list, .. } | Self::TwoFees { list, .. } => list,
        }
    }
}

impl Transaction {
    /// Reads an unsigned transaction.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        match read(bytes)? {
            (transaction, None) => Ok(transaction),
            (_, Some(_)) => Err(EthereumRefusal::AlreadySigned.into()),
        }
    }

    /// Reads what [`Transaction::encode_signed`] wrote.
    pub(super) fn parse_signed(bytes: &[u8]) -> Result<(Self, Signature), ChainError> {
        match read(bytes)? {
            (transaction, Some(signature)) => Ok((transaction, signature)),
            (_, None) => Err(ChainError::Malformed { what: "signed ethereum transaction" }),
        }
    }

    /// Returns the bytes whose hash is signed.
    pub(super) fn encode(&self) -> Vec<u8> {
        self.encode_with(|is_legacy, list| {
            if is_legacy {
                list.uint(self.chain_id);
                list.uint(Uint256::ZERO);
                list.uint(Uint256::ZERO);
            }
        })
    }

    /// Returns the bytes that nodes take.
    pub(super) fn encode_signed(&self, signature: &Signature) -> Vec<u8> {
        self.encode_with(|is_legacy, list| {
            let parity = u128::from(signature.is_odd);
            let of_chain = u128::from(self.chain_id) * 2 + u128::from(EIP_155);
            list.uint(if is_legacy { of_chain + parity } else { parity });
            let (r, s) = signature.numbers.split_at(32);
            list.uint(Uint256::from_be_bytes(r).unwrap_or_default());
            list.uint(Uint256::from_be_bytes(s).unwrap_or_default());
        })
    }

    fn encode_with(&self, end: impl FnOnce(bool, &mut List)) -> Vec<u8> {
        let mut list = List::default();
        let kind = match &self.fee {
            Fee::Legacy { price } => {
                list.uint(self.nonce);
                list.uint(*price);
                None
            }
            Fee::AccessList { price, .. } => {
                list.uint(self.chain_id);
                list.uint(self.nonce);
                list.uint(*price);
                Some(ACCESS_LIST)
            }
            Fee::TwoFees { priority, max, .. } => {
                list.uint(self.chain_id);
                list.uint(self.nonce);
                list.uint(*priority);
                list.uint(*max);
                Some(TWO_FEES)
            }
        };
        list.uint(self.gas_limit);
        list.bytes(self.to.as_ref().map_or(&[], AddressBytes::as_slice));
        list.uint(self.value);
        list.bytes(&self.data);
        if kind.is_some() {
            list.list(encode_accesses(self.fee.accesses()));
        }
        end(kind.is_none(), &mut list);
        kind.into_iter().chain(list.encode()).collect()
    }
}

fn read(bytes: &[u8]) -> Result<(Transaction, Option<Signature>), ChainError> {
    match bytes.split_first() {
        Some((&ACCESS_LIST, list)) => read_typed(ACCESS_LIST, list),
        Some((&TWO_FEES, list)) => read_typed(TWO_FEES, list),
        Some((&kind, _)) if kind < 0x80 => Err(EthereumRefusal::of_kind(kind).into()),
        _ => read_legacy(bytes),
    }
}

fn read_typed(kind: u8, list: &[u8]) -> Result<(Transaction, Option<Signature>), ChainError> {
    let mut items = Items::of_list(WHAT, list)?;
    let chain_id = items.u64()?;
    let nonce = items.u64()?;
    let first_fee = items.uint()?;
    let max = if kind == TWO_FEES { Some(items.uint()?) } else { None };
    let (gas_limit, to, value, data) = read_call(&mut items)?;
    let list = read_accesses(items.list()?)?;
    let fee = match max {
        Some(max) => Fee::TwoFees { priority: first_fee, max, list },
        None => Fee::AccessList { price: first_fee, list },
    };
    let signature = if items.is_empty() {
        None
    } else {
        let is_odd = match items.u64()? {
            0 => false,
            1 => true,
            _ => return Err(items.malformed()),
        };
        Some(Signature { is_odd, numbers: read_numbers(&mut items)? })
    };
    items.finish()?;
    Ok((Transaction { chain_id, nonce, fee, gas_limit, to, value, data }, signature))
}

fn read_legacy(bytes: &[u8]) -> Result<(Transaction, Option<Signature>), ChainError> {
    let mut items = Items::of_list(WHAT, bytes)?;
    let nonce = items.u64()?;
    let fee = Fee::Legacy { price: items.uint()? };
    let (gas_limit, to, value, data) = read_call(&mut items)?;
    if items.is_empty() {
        return Err(EthereumRefusal::NoChainId.into());
    }
    let v = items.u64()?;
    let numbers = read_numbers(&mut items)?;
    items.finish()?;
    let (chain_id, signature) = if numbers == [0; 64] {
        (v, None)
    } else {
        let of_chain = v.checked_sub(EIP_155).ok_or(EthereumRefusal::NoChainId)?;
        (of_chain / 2, Some(Signature { is_odd: of_chain % 2 == 1, numbers }))
    };
    Ok((Transaction { chain_id, nonce, fee, gas_limit, to, value, data }, signature))
}

type Call = (u64, Option<AddressBytes>, Uint256, Vec<u8>);

/// Reads the gas, the receiver, the value and the data, which stand together in every kind.
fn read_call(items: &mut Items<'_>) -> Result<Call, ChainError> {
    let gas_limit = items.u64()?;
    let to = match items.bytes()? {
        [] => None,
        address => Some(address.try_into().map_err(|_| items.malformed())?),
    };
    Ok((gas_limit, to, items.uint()?, items.bytes()?.to_vec()))
}

fn read_numbers(items: &mut Items<'_>) -> Result<[u8; 64], ChainError> {
    let numbers = [items.uint()?.0, items.uint()?.0];
    numbers.as_flattened().try_into().map_err(|_| items.malformed())
}

fn read_accesses(mut items: Items<'_>) -> Result<Vec<Access>, ChainError> {
    let mut accesses = Vec::new();
    while !items.is_empty() {
        let mut access = items.list()?;
        let address = access.array()?;
        let mut of_keys = access.list()?;
        let mut keys = Vec::new();
        while !of_keys.is_empty() {
            keys.push(of_keys.array()?);
        }
        access.finish()?;
        accesses.push(Access { address, keys });
    }
    Ok(accesses)
}

fn encode_accesses(accesses: &[Access]) -> List {
    let mut list = List::default();
    for access in accesses {
        let mut keys = List::default();
        access.keys.iter().for_each(|key| keys.bytes(key));
        let mut pair = List::default();
        pair.bytes(&access.address);
        pair.list(keys);
        list.list(pair);
    }
    list
}
