//! Everything that can be wrong with what came in.

use thiserror::Error;

use crate::amount::AmountFault;
use crate::bitcoin::BitcoinRefusal;
use crate::chain::Chain;
use crate::cosmos::CosmosRefusal;
use crate::ethereum::EthereumRefusal;
use crate::near::NearRefusal;
use crate::network::Network;
use crate::solana::SolanaRefusal;
use crate::xrp::XrpRefusal;

/// Why this crate refused.
///
/// Text that came from outside is escaped before it gets in here, so that an error can be shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// No chain has this name.
    #[error("unknown chain `{name}`")]
    UnknownChain {
        /// What was given.
        name: String,
    },
    /// No network has this name.
    #[error("unknown network `{name}`")]
    UnknownNetwork {
        /// What was given.
        name: String,
    },
    /// The network is none of the chain's, or named in other than the one way.
    #[error("{chain} has no network `{network}`")]
    NoSuchNetwork {
        /// The chain asked for.
        chain: Chain,
        /// The network asked for.
        network: Network,
    },
    /// The key is on a curve that the chain does not sign with.
    #[error("{} account needs a key for {}", .chain.with_article(), .chain.purpose())]
    WrongKey {
        /// The chain asked for.
        chain: Chain,
    },
    /// The bytes are not a public key: no such point, a second spelling of one, or a point of small order.
    #[error("not a public key of {chain}")]
    InvalidKey {
        /// The chain asked for.
        chain: Chain,
    },
    /// The transaction or signature is of another chain or network than the one asked about.
    #[error("this belongs to {found}, not to {expected}")]
    WrongChain {
        /// The chain asked about.
        expected: Chain,
        /// The chain found.
        found: Chain,
    },
    /// Building needs facts about the chain that were not given.
    #[error("a {intent} on {chain} needs the {chain} context")]
    MissingContext {
        /// The chain asked for.
        chain: Chain,
        /// The kind of intent.
        intent: &'static str,
    },
    /// The intent lacks a field that this chain cannot do without.
    #[error("a {intent} on {chain} needs `{field}`")]
    MissingField {
        /// The chain asked for.
        chain: Chain,
        /// The kind of intent.
        intent: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The intent has a field that means nothing on this chain.
    #[error("a {intent} on {chain} cannot have `{field}`")]
    UnknownField {
        /// The chain asked for.
        chain: Chain,
        /// The kind of intent.
        intent: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The chain has no such intent.
    #[error("{chain} has no {intent}")]
    UnknownIntent {
        /// The chain asked for.
        chain: Chain,
        /// The kind of intent.
        intent: &'static str,
    },
    /// A field of an intent or a context is not what it should be.
    #[error("`{field}` is not {expected}")]
    InvalidField {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The text is not an address on this network.
    #[error("not {} {network} address: {fault}", .chain.with_article())]
    Address {
        /// The chain asked for.
        chain: Chain,
        /// The network asked for.
        network: Network,
        /// What is wrong with it.
        fault: AddressFault,
    },
    /// The amount is not one.
    #[error("not an amount: {0}")]
    Amount(AmountFault),
    /// There is more than there can be.
    #[error("{what} of {len} bytes where at most {max} are possible")]
    TooLong {
        /// What was read.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The most that is read.
        max: usize,
    },
    /// The bytes are not what they should be.
    #[error("malformed {what}")]
    Malformed {
        /// What was read.
        what: &'static str,
    },
    /// The bytes say the same as other, shorter or more regular bytes, which are the only ones accepted.
    #[error("{what} in other than its canonical encoding")]
    NotCanonical {
        /// What was read.
        what: &'static str,
    },
    /// The JSON is not what it should be.
    #[error("malformed {what} at line {line}, column {column}")]
    Json {
        /// What was read.
        what: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A message to sign is empty.
    #[error("an empty message")]
    EmptyMessage,
    /// Amounts do not fit: a sum beyond what the chain can express.
    #[error("the amounts add up to more than {chain} can express")]
    Overflow {
        /// The chain.
        chain: Chain,
    },
    /// Solana: understood and refused.
    #[error("refused: {0}")]
    Solana(SolanaRefusal),
    /// NEAR: understood and refused.
    #[error("refused: {0}")]
    Near(NearRefusal),
    /// Bitcoin and Dogecoin: understood and refused.
    #[error("refused: {0}")]
    Bitcoin(BitcoinRefusal),
    /// Ethereum: understood and refused.
    #[error("refused: {0}")]
    Ethereum(EthereumRefusal),
    /// Cosmos: understood and refused.
    #[error("refused: {0}")]
    Cosmos(CosmosRefusal),
    /// XRP: understood and refused.
    #[error("refused: {0}")]
    Xrp(XrpRefusal),
    /// There is not one signature per request.
    #[error("{found} signatures where {expected} are needed")]
    SignatureCount {
        /// Requests.
        expected: usize,
        /// Signatures.
        found: usize,
    },
    /// A signature does not verify.
    #[error("signature {index} does not verify")]
    BadSignature {
        /// Which, from 0.
        index: usize,
    },
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// Its length is not one an address has.
    #[error("wrong length")]
    Length,
    /// A character that no address has, or an order of them that none has.
    #[error("impossible characters")]
    Characters,
    /// The checksum does not fit: something was mistyped.
    #[error("wrong checksum")]
    Checksum,
    /// It is an address of another network.
    #[error("of another network")]
    Network,
    /// A kind of address that is not known, and that anyone may be able to spend from.
    #[error("unknown kind")]
    UnknownKind,
    /// It is an XRP X-address: the tag in it would not be seen.
    #[error("an X-address, whose tag is hidden in it: give the classic address, and the tag by itself")]
    Tagged,
    /// It is an address in another spelling than the canonical one.
    #[error("not in its canonical spelling")]
    Spelling,
}

impl From<AmountFault> for ChainError {
    fn from(fault: AmountFault) -> Self {
        Self::Amount(fault)
    }
}

impl From<SolanaRefusal> for ChainError {
    fn from(refusal: SolanaRefusal) -> Self {
        Self::Solana(refusal)
    }
}

impl From<NearRefusal> for ChainError {
    fn from(refusal: NearRefusal) -> Self {
        Self::Near(refusal)
    }
}

impl From<BitcoinRefusal> for ChainError {
    fn from(refusal: BitcoinRefusal) -> Self {
        Self::Bitcoin(refusal)
    }
}

impl From<EthereumRefusal> for ChainError {
    fn from(refusal: EthereumRefusal) -> Self {
        Self::Ethereum(refusal)
    }
}

impl From<XrpRefusal> for ChainError {
    fn from(refusal: XrpRefusal) -> Self {
        Self::Xrp(refusal)
    }
}

impl From<CosmosRefusal> for ChainError {
    fn from(refusal: CosmosRefusal) -> Self {
        Self::Cosmos(refusal)
    }
}
