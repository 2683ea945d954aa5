//! The transaction of the protocol, as far as it is signed here.

use borsh::{BorshDeserialize, BorshSerialize};
use quorate_primitives::encoding;

use super::{ED25519, MAX_UNSIGNED, NearRefusal};
use crate::error::ChainError;
use crate::reader::Reader;

const WHAT: &str = "near transaction";

/// A transaction of the first version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) signer_id: String,
    pub(super) public_key: [u8; 32],
    pub(super) nonce: u64,
    pub(super) receiver_id: String,
    pub(super) block_hash: [u8; 32],
    pub(super) actions: Vec<Action>,
}

/// What a transaction does at its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Calls a method.
    FunctionCall(FunctionCall),
    /// Pays in yoctoNEAR.
    Transfer(u128),
}

/// A call of a contract's method.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct FunctionCall {
    pub(super) method_name: String,
    pub(super) args: Vec<u8>,
    pub(super) gas: u64,
    pub(super) deposit: u128,
}

const FUNCTION_CALL: u8 = 2;
const TRANSFER: u8 = 3;

impl Transaction {
    /// Reads a transaction to its last byte. An action that is not known ends reading with its name.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let mut reader = Reader::new(WHAT, bytes);
        let signer_id = text(&mut reader)?;
        let key_kind = reader.byte()?;
        if key_kind != ED25519 {
            let found = format!("of kind {key_kind}");
            return Err(NearRefusal::ForeignKey { found }.into());
        }
        let public_key = reader.array()?;
        let nonce = reader.u64()?;
        let receiver_id = text(&mut reader)?;
        let block_hash = reader.array()?;
        let actions = (0..reader.u32()?)
            .map(|index| Action::read(&mut reader, usize::try_from(index).unwrap_or(usize::MAX)))
            .collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { signer_id, public_key, nonce, receiver_id, block_hash, actions })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = encoding::body_bytes(&(&self.signer_id, ED25519, &self.public_key));
        out.extend(encoding::body_bytes(&(self.nonce, &self.receiver_id, &self.block_hash)));
        out.extend(encoding::body_bytes(&self.actions));
        out
    }
}

impl Action {
    fn read(reader: &mut Reader<'_>, place: usize) -> Result<Self, ChainError> {
        let index = place.saturating_add(1);
        match reader.byte()? {
            FUNCTION_CALL => Ok(Self::FunctionCall(FunctionCall {
                method_name: text(reader)?,
                args: block(reader)?.to_vec(),
                gas: reader.u64()?,
                deposit: u128::from_le_bytes(reader.array()?),
            })),
            TRANSFER => Ok(Self::Transfer(u128::from_le_bytes(reader.array()?))),
            kind => Err(refusal(index, kind).into()),
        }
    }
}

impl BorshSerialize for Action {
    fn serialize<W: borsh::io::Write>(&self, writer: &mut W) -> borsh::io::Result<()> {
        match self {
            Self::FunctionCall(call) => (FUNCTION_CALL, call).serialize(writer),
            Self::Transfer(deposit) => (TRANSFER, deposit).serialize(writer),
        }
    }
}

fn refusal(index: usize, kind: u8) -> NearRefusal {
    let action = match kind {
        0 => "CreateAccount",
        1 => "DeployContract, which replaces the account's code",
        4 => "Stake",
        5 => "AddKey, which lets another key use the account",
        6 => "DeleteKey",
        7 => "DeleteAccount, which pays everything to another",
        8 => "Delegate, which lets a relayer act",
        9 => "DeployGlobalContract",
        10 => "UseGlobalContract, which replaces the account's code",
        11 => "DeterministicStateInit",
        12 => "TransferToGasKey",
        13 => "WithdrawFromGasKey",
        14 => "DelegateV2, which lets a relayer act",
        15 => "UniversalStateInit",
        kind => return NearRefusal::UnknownAction { index, kind },
    };
    NearRefusal::Action { index, action }
}

fn block<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ChainError> {
    let len = usize::try_from(reader.u32()?).unwrap_or(MAX_UNSIGNED);
    reader.take(len)
}

fn text(reader: &mut Reader<'_>) -> Result<String, ChainError> {
    let bytes = block(reader)?.to_vec();
    String::from_utf8(bytes).map_err(|_| reader.malformed())
}
