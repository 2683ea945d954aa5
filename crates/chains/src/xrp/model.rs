//! A payment and the ledger's binary form of it.

use super::XrpRefusal;
use super::account::AccountId;
use crate::der;
use crate::error::ChainError;
use crate::reader::Reader;

pub(super) const WHAT: &str = "XRP transaction";

/// More drops than this do not exist.
pub(super) const MAX_DROPS: u64 = 100_000_000_000 * 1_000_000;

/// The type of transaction that pays.
const PAYMENT: u16 = 0;
/// The flag of a payment that may deliver less.
const PARTIAL_PAYMENT: u32 = 0x0002_0000;
/// The flag that says that the signature has one spelling, which the ledger demands anyway.
pub(super) const FULLY_CANONICAL: u32 = 0x8000_0000;

/// Of an amount: it is not in XRP.
const ISSUED: u64 = 1 << 63;
/// Of an amount in XRP: it is not negative.
const POSITIVE: u64 = 1 << 62;

/// A field by the code of its type and its own.
type Code = (u8, u8);

const TRANSACTION_TYPE: Code = (1, 2);
const FLAGS: Code = (2, 2);
const SEQUENCE: Code = (2, 4);
const DESTINATION_TAG: Code = (2, 14);
const LAST_LEDGER_SEQUENCE: Code = (2, 27);
const AMOUNT: Code = (6, 1);
const FEE: Code = (6, 8);
const SIGNING_PUB_KEY: Code = (7, 3);
const TXN_SIGNATURE: Code = (7, 4);
const ACCOUNT: Code = (8, 1);
const DESTINATION: Code = (8, 3);

/// Fields that a payment can have and that are refused, by name.
const REFUSED: [(Code, &str); 17] = [
    ((2, 1), "NetworkID"),
    ((2, 3), "SourceTag"),
    ((2, 41), "TicketSequence"),
    ((5, 9), "AccountTxnID"),
    ((5, 17), "InvoiceID"),
    ((5, 34), "DomainID"),
    ((6, 9), "SendMax"),
    ((6, 10), "DeliverMin"),
    ((8, 2), "Owner"),
    ((8, 4), "Issuer"),
    ((8, 5), "Authorize"),
    ((8, 12), "Delegate"),
    ((14, 10), "a Memo"),
    ((15, 3), "Signers"),
    ((15, 9), "Memos"),
    ((18, 1), "Paths"),
    ((19, 5), "CredentialIDs"),
];

/// A payment of XRP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) flags: Option<u32>,
    pub(super) sequence: u32,
    pub(super) destination_tag: Option<u32>,
    pub(super) last_ledger: u32,
    /// In drops.
    pub(super) amount: u64,
    /// In drops.
    pub(super) fee: u64,
    pub(super) key: [u8; 33],
    pub(super) account: AccountId,
    pub(super) destination: AccountId,
}

/// The fields as they are read.
#[derive(Default)]
struct Fields {
    transaction_type: Option<u16>,
    flags: Option<u32>,
    sequence: Option<u32>,
    destination_tag: Option<u32>,
    last_ledger: Option<u32>,
    amount: Option<u64>,
    fee: Option<u64>,
    key: Option<[u8; 33]>,
    signature: Option<[u8; 64]>,
    account: Option<AccountId>,
    destination: Option<AccountId>,
}

impl Payment {
    /// Reads a payment to its last byte, and its signature if it has one.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, Option<[u8; 64]>), ChainError> {
        if bytes.len() > super::MAX_LEN {
            return Err(ChainError::TooLong { what: WHAT, len: bytes.len(), max: super::MAX_LEN });
        }
        let mut reader = Reader::new(WHAT, bytes);
        let mut fields = Fields::default();
        let mut last = (0, 0);
        while !reader.rest().is_empty() {
            let code = code(&mut reader)?;
            if code <= last {
                return Err(reader.malformed());
            }
            last = code;
            fields.read(code, &mut reader)?;
        }
        fields.finish()
    }

    /// Returns the binary form, with the signature if it is given.
    pub(super) fn encode(&self, signature: Option<&[u8; 64]>) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, TRANSACTION_TYPE, &PAYMENT.to_be_bytes());
        if let Some(flags) = self.flags {
            push(&mut out, FLAGS, &flags.to_be_bytes());
        }
        push(&mut out, SEQUENCE, &self.sequence.to_be_bytes());
        if let Some(tag) = self.destination_tag {
            push(&mut out, DESTINATION_TAG, &tag.to_be_bytes());
        }
        push(&mut out, LAST_LEDGER_SEQUENCE, &self.last_ledger.to_be_bytes());
        push(&mut out, AMOUNT, &(POSITIVE | self.amount).to_be_bytes());
        push(&mut out, FEE, &(POSITIVE | self.fee).to_be_bytes());
        push_block(&mut out, SIGNING_PUB_KEY, &self.key);
        if let Some(signature) = signature {
            push_block(&mut out, TXN_SIGNATURE, &der::encode(signature));
        }
        push_block(&mut out, ACCOUNT, &self.account);
        push_block(&mut out, DESTINATION, &self.destination);
        out
    }
}

impl Fields {
    fn read(&mut self, code: Code, reader: &mut Reader<'_>) -> Result<(), ChainError> {
        match code {
            TRANSACTION_TYPE => self.transaction_type = Some(u16::from_be_bytes(reader.array()?)),
            FLAGS => self.flags = Some(u32::from_be_bytes(reader.array()?)),
            SEQUENCE => self.sequence = Some(u32::from_be_bytes(reader.array()?)),
            DESTINATION_TAG => self.destination_tag = Some(u32::from_be_bytes(reader.array()?)),
            LAST_LEDGER_SEQUENCE => self.last_ledger = Some(u32::from_be_bytes(reader.array()?)),
            AMOUNT => self.amount = Some(drops(reader, "Amount")?),
            FEE => self.fee = Some(drops(reader, "Fee")?),
            SIGNING_PUB_KEY => {
                // A key of another length is of no kind, or empty as in a transaction of several signers.
                self.key = Some(block(reader)?.try_into().map_err(|_| XrpRefusal::ForeignKey)?);
            }
            TXN_SIGNATURE => self.signature = Some(der::decode(WHAT, block(reader)?)?),
            ACCOUNT => self.account = Some(account(reader)?),
            DESTINATION => self.destination = Some(account(reader)?),
            _ => {
                let name = REFUSED.iter().find(|(known, _)| *known == code).map(|(_, name)| *name);
                let other = || format!("field {} of type {}", code.1, code.0);
                return Err(XrpRefusal::Field { field: name.map_or_else(other, str::to_owned) }.into());
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(Payment, Option<[u8; 64]>), ChainError> {
        let missing = |field| XrpRefusal::MissingField { field };
        match self.transaction_type.ok_or(missing("TransactionType"))? {
            PAYMENT => {}
            code => return Err(XrpRefusal::TransactionType { code }.into()),
        }
        match self.flags {
            None | Some(0 | FULLY_CANONICAL) => {}
            Some(flags) if flags & PARTIAL_PAYMENT != 0 => return Err(XrpRefusal::PartialPayment.into()),
            Some(flags) => return Err(XrpRefusal::Flags { flags }.into()),
        }
        let payment = Payment {
            flags: self.flags,
            sequence: self.sequence.filter(|n| *n > 0).ok_or(missing("Sequence"))?,
            destination_tag: self.destination_tag,
            last_ledger: self.last_ledger.filter(|n| *n > 0).ok_or(missing("LastLedgerSequence"))?,
            amount: self.amount.ok_or(missing("Amount"))?,
            fee: self.fee.ok_or(missing("Fee"))?,
            key: self.key.ok_or(missing("SigningPubKey"))?,
            account: self.account.ok_or(missing("Account"))?,
            destination: self.destination.ok_or(missing("Destination"))?,
        };
        Ok((payment, self.signature))
    }
}

/// Reads which field follows. A code below 16 stands in half a byte.
fn code(reader: &mut Reader<'_>) -> Result<Code, ChainError> {
    let first = reader.byte()?;
    let mut half = |half: u8| match half {
        0 => reader.byte().and_then(|byte| if byte < 16 { Err(reader.malformed()) } else { Ok(byte) }),
        code => Ok(code),
    };
    let kind = half(first >> 4)?;
    Ok((kind, half(first & 0x0f)?))
}

/// Reads a positive amount of XRP.
fn drops(reader: &mut Reader<'_>, field: &'static str) -> Result<u64, ChainError> {
    let bits = u64::from_be_bytes(reader.array()?);
    // An amount of a multi-purpose token has the bits 00 or 01 in front of 1 instead.
    if bits & ISSUED != 0 || bits & (1 << 61) != 0 {
        return Err(XrpRefusal::IssuedCurrency { field }.into());
    }
    if bits & POSITIVE == 0 {
        return Err(reader.malformed());
    }
    let drops = bits & !POSITIVE;
    if drops == 0 || drops > MAX_DROPS {
        return Err(XrpRefusal::Drops { field, drops }.into());
    }
    Ok(drops)
}

/// Reads bytes behind their length. Lengths from 193 on take two bytes, and nothing here is as long.
fn block<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ChainError> {
    match reader.byte()? {
        len @ 0..=192 => reader.take(len.into()),
        _ => Err(reader.malformed()),
    }
}

fn account(reader: &mut Reader<'_>) -> Result<AccountId, ChainError> {
    block(reader)?.try_into().map_err(|_| reader.malformed())
}

fn push(out: &mut Vec<u8>, (kind, field): Code, value: &[u8]) {
    match (kind, field) {
        (..16, ..16) => out.push(kind << 4 | field),
        (..16, _) => out.extend([kind << 4, field]),
        (_, ..16) => out.extend([field, kind]),
        _ => out.extend([0, kind, field]),
    }
    out.extend(value);
}

/// Writes bytes behind their length, which is below 193.
fn push_block(out: &mut Vec<u8>, code: Code, bytes: &[u8]) {
    push(out, code, &[u8::try_from(bytes.len()).unwrap_or(u8::MAX)]);
    out.extend(bytes);
}
