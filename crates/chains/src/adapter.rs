//! What a chain has to be able to do, and the functions that everybody calls.

use quorate_primitives::KeyPurpose;

use crate::chain::Chain;
use crate::context::Context;
use crate::error::ChainError;
use crate::intent::Intent;
use crate::key::PublicKey;
use crate::keys::AccountKeys;
use crate::network::Network;
use crate::review::Review;
use crate::signature::{self, Verified};
use crate::transaction::{Address, Decoded, Identity, SignedTransaction, UnsignedTransaction, check_length};

/// Whose transaction it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) network: Network,
    /// The key that the chain signs with.
    pub(crate) key: &'a PublicKey,
    /// The account's key for another purpose, where one was given.
    pub(crate) beside: Option<(KeyPurpose, &'a PublicKey)>,
}

impl<'a> Account<'a> {
    /// An account with no key but the one that the chain signs with.
    pub(crate) const fn new(network: Network, key: &'a PublicKey) -> Self {
        Self { network, key, beside: None }
    }

    fn with_keys(network: Network, keys: &'a AccountKeys) -> Self {
        let beside = keys.beside.as_ref().map(|(purpose, key)| (*purpose, key));
        Self { network, key: &keys.own, beside }
    }
}

/// A chain. One unit struct per chain implements it, and [`Chain`] names them all.
///
/// Implementations see bytes that anybody may have sent, already bounded in length.
pub(crate) trait Adapter {
    /// Returns the account's own address.
    fn address(&self, account: Account<'_>) -> Result<Address, ChainError>;

    /// Returns the account's own address as unsigned bytes that [`Adapter::decode`] accepted write it.
    fn address_in(&self, account: Account<'_>, _bytes: &[u8]) -> Result<Address, ChainError> {
        self.address(account)
    }

    /// Reads an address strictly and returns its canonical spelling.
    fn parse_address(&self, network: Network, text: &str) -> Result<Address, ChainError>;

    /// Turns an intent into unsigned bytes. The caller decodes them again before anybody sees them.
    fn build(&self, account: Account<'_>, intent: &Intent, context: &Context) -> Result<Vec<u8>, ChainError>;

    /// Turns a file of the chain's own tools into unsigned bytes.
    fn import(&self, file: &[u8]) -> Result<Vec<u8>, ChainError>;

    /// Understands unsigned bytes to the last one or refuses them.
    fn decode(&self, account: Account<'_>, bytes: &[u8]) -> Result<Decoded, ChainError>;

    /// Adds to a review what the context claims and the bytes do not say, marked as a claim.
    fn claim(&self, _bytes: &[u8], _context: &Context, _review: &mut Review) -> Result<(), ChainError> {
        Ok(())
    }

    /// Puts verified signatures, one per request, to unsigned bytes.
    fn assemble(&self, bytes: &[u8], signatures: &[Verified]) -> Result<Vec<u8>, ChainError>;

    /// Undoes [`Adapter::assemble`].
    fn disassemble(&self, signed: &[u8]) -> Result<(Vec<u8>, Vec<[u8; 64]>), ChainError>;

    /// Names what [`Adapter::assemble`] made.
    fn identify(&self, signed: &[u8]) -> Result<Identity, ChainError>;
}

/// Returns the address of a key.
///
/// # Errors
/// A network that the chain has not, a key on another curve, or bytes that are no key.
pub fn address(chain: Chain, network: Network, key: &PublicKey) -> Result<Address, ChainError> {
    chain.check(network)?;
    chain.adapter().address(Account::new(network, key))
}

/// Reads an address of this chain and network and returns it in its canonical spelling.
///
/// # Errors
/// [`ChainError::Address`] names the fault; [`ChainError::NoSuchNetwork`] refuses a network that the chain has not.
pub fn parse_address(chain: Chain, network: Network, text: &str) -> Result<Address, ChainError> {
    chain.check(network)?;
    chain.adapter().parse_address(network, text)
}

/// Builds an unsigned transaction that does what the intent says, and nothing that [`decode`] refuses.
///
/// # Errors
/// An intent or context that is not the chain's, an address or amount that is none, not enough to spend, or anything
/// that [`decode`] refuses.
///
/// # Examples
/// ```
/// use quorate_chains::{Chain, Context, Intent, Network, PublicKey, build, decode};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key: PublicKey =
///     serde_json::from_str("\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"")?;
/// let intent = Intent::from_json(br#"{"message":{"text":"I own this account"}}"#)?;
/// let unsigned = build(Chain::Solana, Network::Mainnet, &key, &intent, &Context::None)?;
/// // Every co-signer decodes by itself and shows the review to its person.
/// let decoded = decode(&unsigned, &key)?;
/// assert_eq!(decoded.review.lines[1].value, "I own this account");
/// assert_eq!(decoded.requests.len(), 1);
/// # Ok(())
/// # }
/// ```
pub fn build(
    chain: Chain,
    network: Network,
    key: &PublicKey,
    intent: &Intent,
    context: &Context,
) -> Result<UnsignedTransaction, ChainError> {
    chain.check(network)?;
    let account = Account::new(network, key);
    let bytes = chain.adapter().build(account, intent, context)?;
    let unsigned = UnsignedTransaction { chain, network, bytes };
    decode(&unsigned, key)?;
    Ok(unsigned)
}

/// Reads a file of the chain's own tools, binary or base64: a Solana message or unsigned transaction, a NEAR
/// transaction, a PSBT, an Ethereum transaction (in hexadecimal too) or typed data, or a message to sign in the form that
/// [`build`] gives it.
///
/// What it returns has been parsed, not judged: [`decode`] judges.
///
/// # Errors
/// Too long, malformed, already signed, or with parts that are not understood.
pub fn import(chain: Chain, network: Network, bytes: &[u8]) -> Result<UnsignedTransaction, ChainError> {
    chain.check(network)?;
    let bytes = chain.adapter().import(bytes)?;
    Ok(UnsignedTransaction { chain, network, bytes })
}

/// Understands an unsigned transaction completely, or refuses it.
///
/// The review and the payloads to sign come from the same decoded model; the payloads are computed from the model's
/// own encoding, never from the bytes that came in. Where two keys of the account are given, either may have to sign.
///
/// # Errors
/// Malformed or non-canonical bytes, any part that is not understood, anything that another account would have to
/// sign, and whatever is known to be unsafe.
pub fn decode(unsigned: &UnsignedTransaction, keys: impl Into<AccountKeys>) -> Result<Decoded, ChainError> {
    let keys = keys.into();
    unsigned.chain.check(unsigned.network)?;
    check_length(&unsigned.bytes)?;
    unsigned.chain.adapter().decode(Account::with_keys(unsigned.network, &keys), &unsigned.bytes)
}

/// Does what [`decode`] does, and adds to the review what a context claims about things that the bytes only point to:
/// the names and decimal places of tokens. The requests are the same.
///
/// # Errors
/// Whatever [`decode`] refuses, and claims that are none.
pub fn decode_with(
    unsigned: &UnsignedTransaction,
    keys: impl Into<AccountKeys>,
    context: &Context,
) -> Result<Decoded, ChainError> {
    let mut decoded = decode(unsigned, keys)?;
    unsigned.chain.adapter().claim(&unsigned.bytes, context, &mut decoded.review)?;
    Ok(decoded)
}

/// Verifies the signatures, one per request of [`decode`] and in their order, and puts them to the transaction.
///
/// # Errors
/// Whatever [`decode`] refuses, another number of signatures, or one that does not verify.
pub fn attach(
    unsigned: &UnsignedTransaction,
    keys: impl Into<AccountKeys>,
    signatures: &[[u8; 64]],
) -> Result<SignedTransaction, ChainError> {
    let keys = keys.into();
    let decoded = decode(unsigned, keys)?;
    let verified = signature::verify_all(unsigned.chain, &keys, &decoded.requests, signatures)?;
    let bytes = unsigned.chain.adapter().assemble(&unsigned.bytes, &verified)?;
    SignedTransaction::from_bytes(unsigned.chain, unsigned.network, &bytes)
}

/// Verifies a signed transaction against the account's keys, and against everything that [`decode`] checks.
///
/// # Errors
/// Whatever [`decode`] refuses, a signature that does not verify, or bytes that [`attach`] would not have made.
pub fn verify(signed: &SignedTransaction, keys: impl Into<AccountKeys>) -> Result<(), ChainError> {
    signer(signed, keys).map(drop)
}

/// Verifies as [`verify`] does, and returns the account's address as the transaction writes it: on a Cosmos chain with
/// that chain's prefix.
///
/// # Errors
/// The same.
pub fn signer(signed: &SignedTransaction, keys: impl Into<AccountKeys>) -> Result<Address, ChainError> {
    let keys = keys.into();
    let chain = signed.chain();
    let (bytes, signatures) = chain.adapter().disassemble(signed.bytes())?;
    let unsigned = UnsignedTransaction { chain, network: signed.network(), bytes };
    let decoded = decode(&unsigned, keys)?;
    let verified = signature::verify_all(chain, &keys, &decoded.requests, &signatures)?;
    if chain.adapter().assemble(&unsigned.bytes, &verified)? != signed.bytes() {
        return Err(ChainError::NotCanonical { what: "signed transaction" });
    }
    chain.adapter().address_in(Account::with_keys(unsigned.network, &keys), &unsigned.bytes)
}
