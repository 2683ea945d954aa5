//! The few calls of contracts that are understood: those of tokens that everybody knows.
//!
//! What is read has exactly the length of its arguments, addresses have nothing in front of them, and truth is 0 or 1:
//! two spellings of one call would be two ways to ask for the same signature.

use super::EthereumRefusal;
use super::address::AddressBytes;
use super::uint::Uint256;
use crate::error::ChainError;
use crate::reader::Reader;

const WHAT: &str = "call of a contract";

/// A call of a token's contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// ERC-20: pays out of the account.
    Transfer { to: AddressBytes, amount: Uint256 },
    /// ERC-20 and ERC-721: pays out of an account that has allowed it.
    TransferFrom { from: AddressBytes, to: AddressBytes, amount: Uint256 },
    /// ERC-20 and ERC-721: lets another pay out of the account.
    Approve { spender: AddressBytes, amount: Uint256 },
    /// Lets another pay more out of the account.
    IncreaseAllowance { spender: AddressBytes, amount: Uint256 },
    /// Lets another pay less out of the account.
    DecreaseAllowance { spender: AddressBytes, amount: Uint256 },
    /// ERC-721 and ERC-1155: lets another pay everything out of the account.
    SetApprovalForAll { operator: AddressBytes, approved: bool },
    /// ERC-2612: hands in an owner's signed permission.
    Permit(Permit),
}

/// A permission of ERC-2612 and its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Permit {
    pub(super) owner: AddressBytes,
    pub(super) spender: AddressBytes,
    pub(super) amount: Uint256,
    pub(super) deadline: Uint256,
    /// v, r and s.
    pub(super) signature: [Uint256; 3],
}

const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];
const TRANSFER_FROM: [u8; 4] = [0x23, 0xb8, 0x72, 0xdd];
const APPROVE: [u8; 4] = [0x09, 0x5e, 0xa7, 0xb3];
const INCREASE_ALLOWANCE: [u8; 4] = [0x39, 0x50, 0x93, 0x51];
const DECREASE_ALLOWANCE: [u8; 4] = [0xa4, 0x57, 0xc2, 0xd7];
const SET_APPROVAL_FOR_ALL: [u8; 4] = [0xa2, 0x2c, 0xb4, 0x65];
const PERMIT: [u8; 4] = [0xd5, 0x05, 0xac, 0xcf];

impl Call {
    /// Understands the data of a call to the last byte.
    pub(super) fn parse(data: &[u8]) -> Result<Self, ChainError> {
        let Some((selector, arguments)) = data.split_first_chunk() else {
            return Err(EthereumRefusal::UnknownCall { selector: hex::encode(data) }.into());
        };
        let mut reader = Reader::new(WHAT, arguments);
        let call = match *selector {
            TRANSFER => Self::Transfer { to: address(&mut reader)?, amount: uint(&mut reader)? },
            TRANSFER_FROM => Self::TransferFrom {
                from: address(&mut reader)?,
                to: address(&mut reader)?,
                amount: uint(&mut reader)?,
            },
            APPROVE => Self::Approve { spender: address(&mut reader)?, amount: uint(&mut reader)? },
            INCREASE_ALLOWANCE => {
                Self::IncreaseAllowance { spender: address(&mut reader)?, amount: uint(&mut reader)? }
            }
            DECREASE_ALLOWANCE => {
                Self::DecreaseAllowance { spender: address(&mut reader)?, amount: uint(&mut reader)? }
            }
            SET_APPROVAL_FOR_ALL => {
                Self::SetApprovalForAll { operator: address(&mut reader)?, approved: truth(&mut reader)? }
            }
            PERMIT => Self::Permit(Permit {
                owner: address(&mut reader)?,
                spender: address(&mut reader)?,
                amount: uint(&mut reader)?,
                deadline: uint(&mut reader)?,
                signature: [uint(&mut reader)?, uint(&mut reader)?, uint(&mut reader)?],
            }),
            _ => return Err(EthereumRefusal::UnknownCall { selector: hex::encode(selector) }.into()),
        };
        reader.finish()?;
        Ok(call)
    }

    /// Returns the data of a payment of tokens.
    pub(super) fn transfer(to: &AddressBytes, amount: Uint256) -> Vec<u8> {
        [&TRANSFER[..], &[0; 12], to, &amount.0].concat()
    }
}

fn uint(reader: &mut Reader<'_>) -> Result<Uint256, ChainError> {
    reader.array().map(Uint256)
}

fn address(reader: &mut Reader<'_>) -> Result<AddressBytes, ChainError> {
    if reader.array()? != [0; 12] {
        return Err(ChainError::NotCanonical { what: WHAT });
    }
    reader.array()
}

fn truth(reader: &mut Reader<'_>) -> Result<bool, ChainError> {
    match uint(reader)?.to_u64() {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(ChainError::NotCanonical { what: WHAT }),
    }
}
