//! What the instructions of the known programs mean.

use super::SolanaRefusal;
use super::message::{Instruction, Message};
use crate::error::ChainError;
use crate::reader::Reader;
use crate::text::base58;

/// The system program.
pub(super) const SYSTEM: [u8; 32] = [0; 32];
/// `ComputeBudget111111111111111111111111111111`.
pub(super) const COMPUTE_BUDGET: [u8; 32] = [
    3, 6, 70, 111, 229, 33, 23, 50, 255, 236, 173, 186, 114, 195, 155, 231, 188, 140, 229, 187, 197, 247, 18,
    107, 44, 67, 155, 58, 64, 0, 0, 0,
];
/// `MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr`.
pub(super) const MEMO: [u8; 32] = [
    5, 74, 83, 90, 153, 41, 33, 6, 77, 36, 232, 113, 96, 218, 56, 124, 124, 53, 181, 221, 188, 146, 187, 129,
    228, 31, 168, 64, 65, 5, 68, 141,
];
/// `SysvarRecentB1ockHashes11111111111111111111`.
pub(super) const RECENT_BLOCKHASHES: [u8; 32] = [
    6, 167, 213, 23, 25, 44, 86, 142, 224, 138, 132, 95, 115, 210, 151, 136, 207, 3, 92, 49, 69, 178, 26,
    179, 68, 216, 6, 46, 169, 64, 0, 0,
];

const KNOWN: [([u8; 32], &str); 4] = [
    (SYSTEM, "system"),
    (COMPUTE_BUDGET, "compute budget"),
    (MEMO, "memo"),
    (RECENT_BLOCKHASHES, "recent block hashes"),
];

pub(super) const TRANSFER: u32 = 2;
pub(super) const ADVANCE_NONCE: u32 = 4;
pub(super) const UNIT_LIMIT: u8 = 2;
pub(super) const UNIT_PRICE: u8 = 3;

/// What one instruction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Pays from the account.
    Transfer { to: [u8; 32], lamports: u64 },
    /// Uses up a durable nonce.
    AdvanceNonce { account: [u8; 32] },
    /// Limits the compute units of the transaction.
    UnitLimit(u32),
    /// Offers a priority fee in millionths of a lamport per compute unit.
    UnitPrice(u64),
    /// Writes words into the log.
    Memo(String),
}

/// Understands instruction number `index` (from 1) of a message whose only signer is in the first place.
pub(super) fn meaning(
    message: &Message,
    index: usize,
    instruction: &Instruction,
) -> Result<Meaning, ChainError> {
    let call = Call { message, index, instruction };
    match message.key(instruction.program)? {
        SYSTEM => call.system(),
        COMPUTE_BUDGET => call.compute_budget(),
        MEMO => call.memo(),
        program => Err(SolanaRefusal::UnknownProgram { index, program: base58(&program) }.into()),
    }
}

struct Call<'a> {
    message: &'a Message,
    index: usize,
    instruction: &'a Instruction,
}

impl Call<'_> {
    fn system(&self) -> Result<Meaning, ChainError> {
        let mut data = Reader::new("system instruction", &self.instruction.data);
        let meaning = match data.u32()? {
            TRANSFER => self.transfer(data.u64()?)?,
            ADVANCE_NONCE => self.advance_nonce()?,
            other => return Err(self.unknown("system", system_name(other))),
        };
        data.finish()?;
        Ok(meaning)
    }

    fn transfer(&self, lamports: u64) -> Result<Meaning, ChainError> {
        let [0, to] = *self.instruction.accounts.as_slice() else { return Err(self.roles("transfer")) };
        if !self.message.is_writable(to) {
            return Err(self.roles("transfer"));
        }
        let to = self.message.key(to)?;
        if let Some((_, program)) = KNOWN.iter().find(|(address, _)| *address == to) {
            return Err(SolanaRefusal::PaysProgram { index: self.index, program }.into());
        }
        Ok(Meaning::Transfer { to, lamports })
    }

    fn advance_nonce(&self) -> Result<Meaning, ChainError> {
        let what = "nonce advance";
        let [account, sysvar, 0] = *self.instruction.accounts.as_slice() else {
            return Err(self.roles(what));
        };
        if !self.message.is_writable(account) || self.message.key(sysvar)? != RECENT_BLOCKHASHES {
            return Err(self.roles(what));
        }
        if self.index != 1 {
            return Err(SolanaRefusal::MisplacedNonce { index: self.index }.into());
        }
        Ok(Meaning::AdvanceNonce { account: self.message.key(account)? })
    }

    fn compute_budget(&self) -> Result<Meaning, ChainError> {
        if !self.instruction.accounts.is_empty() {
            return Err(self.roles("compute budget setting"));
        }
        let mut data = Reader::new("compute budget instruction", &self.instruction.data);
        let meaning = match data.byte()? {
            UNIT_LIMIT => Meaning::UnitLimit(data.u32()?),
            UNIT_PRICE => Meaning::UnitPrice(data.u64()?),
            other => return Err(self.unknown("compute budget", format!("instruction {other}"))),
        };
        data.finish()?;
        Ok(meaning)
    }

    /// The memo program demands a signature of each account it is given; only this account's can be had.
    fn memo(&self) -> Result<Meaning, ChainError> {
        if self.instruction.accounts.iter().any(|account| *account != 0) {
            return Err(self.roles("memo"));
        }
        let words = String::from_utf8(self.instruction.data.clone());
        words.map(Meaning::Memo).map_err(|_| ChainError::Malformed { what: "memo" })
    }

    fn roles(&self, what: &'static str) -> ChainError {
        SolanaRefusal::AccountRoles { index: self.index, what }.into()
    }

    fn unknown(&self, program: &'static str, what: String) -> ChainError {
        SolanaRefusal::UnknownInstruction { index: self.index, program, what }.into()
    }
}

fn system_name(number: u32) -> String {
    let name = match number {
        0 => "create account",
        1 => "assign (gives the account to a program)",
        3 => "create account with seed",
        5 => "withdraw nonce account",
        6 => "initialize nonce account",
        7 => "authorize nonce account",
        8 => "allocate",
        9 => "allocate with seed",
        10 => "assign with seed",
        11 => "transfer with seed",
        12 => "upgrade nonce account",
        _ => return format!("instruction {number}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_addresses_are_spelled_right() {
        for (address, text) in [
            (SYSTEM, "11111111111111111111111111111111"),
            (COMPUTE_BUDGET, "ComputeBudget111111111111111111111111111111"),
            (MEMO, "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
            (RECENT_BLOCKHASHES, "SysvarRecentB1ockHashes11111111111111111111"),
        ] {
            assert_eq!(base58(&address), text);
        }
    }
}
