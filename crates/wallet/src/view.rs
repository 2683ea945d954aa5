//! What a user interface shows.

use quorate_chains::{Chain, Network, Review};
use quorate_primitives::{KeyPurpose, Threshold, Timestamp};
use serde::Serialize;

/// One thing to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "view", rename_all = "kebab-case")]
pub enum View {
    /// A lobby is open; the others join with this text.
    Invite {
        /// `quorate1…`: whoever has it can take a seat.
        invite: String,
        /// When joining ends.
        expires: Timestamp,
    },
    /// A device came into the lobby.
    Arrived {
        /// Its name.
        name: String,
        /// How many are here.
        present: usize,
        /// How many are needed.
        total: u16,
    },
    /// This device is in a lobby, and others are awaited.
    Present {
        /// How many devices are here, as the relay says.
        present: usize,
        /// How many are needed.
        total: u16,
    },
    /// Everybody is here: people compare these words on all devices.
    SafetyWords {
        /// The wallet's name.
        wallet: String,
        /// The words.
        words: Vec<String>,
        /// Who takes part, in order.
        members: Vec<String>,
        /// Whether an answer is awaited.
        confirm: bool,
    },
    /// The group did not take this device.
    NotAdmitted {
        /// Why.
        reason: String,
    },
    /// A step of the key ceremony is complete.
    Progress {
        /// The wallet's name.
        wallet: String,
        /// Steps complete.
        done: u8,
        /// Steps in all.
        of: u8,
        /// What the next step is.
        phase: String,
        /// Who is awaited.
        awaiting: Vec<String>,
    },
    /// The keys are certified by every member: the wallet can be used.
    Ready {
        /// The wallet.
        wallet: WalletView,
    },
    /// The ceremony ended without keys.
    CeremonyFailed {
        /// The wallet's name.
        wallet: String,
        /// Why.
        reason: String,
        /// Who is provably to blame.
        culprit: Option<String>,
    },
    /// Keys are pending and not everybody certified them.
    Pending {
        /// The wallet's name.
        wallet: String,
        /// Who has not.
        awaiting: Vec<String>,
        /// What is wrong, if anything is known to be.
        reason: Option<String>,
    },
    /// Another pair of this device is set up: ECDSA signatures with that member are possible.
    Pairs {
        /// The wallet's name.
        wallet: String,
        /// How many are.
        ready: usize,
        /// Of how many.
        of: usize,
    },
    /// A pair can not go on; `pair` makes it anew.
    PairFailed {
        /// The wallet's name.
        wallet: String,
        /// The other member.
        member: String,
        /// Why.
        reason: String,
    },
    /// Presignatures were made.
    Presignatures {
        /// The wallet's name.
        wallet: String,
        /// How many are held now.
        held: usize,
    },
    /// All wallets, and the lobbies that may become some.
    Wallets {
        /// One each.
        wallets: Vec<WalletView>,
        /// One for each open lobby.
        invites: Vec<InviteView>,
    },
    /// One wallet.
    Wallet {
        /// It.
        wallet: WalletView,
    },
    /// The addresses of one account.
    Addresses {
        /// On every chain and network.
        addresses: Vec<Address>,
    },
    /// The connection to a relay began or ended; the device tries again by itself.
    Relay {
        /// Its address.
        relay: String,
        /// Whether there is one now.
        connected: bool,
        /// Why not.
        reason: Option<String>,
    },
    /// A request: new, or changed.
    Request {
        /// It.
        request: RequestView,
    },
    /// All requests.
    Requests {
        /// One each.
        requests: Vec<RequestView>,
    },
    /// What would be proposed.
    Preview {
        /// What a person reads.
        review: Review,
    },
    /// A request was signed, and the signature verified.
    Signed {
        /// The result.
        signed: SignedView,
    },
    /// A request ended without a signature.
    RequestFailed {
        /// Its id.
        request: String,
        /// Why.
        reason: String,
        /// Who is provably to blame.
        culprits: Vec<String>,
    },
    /// A request of another member that this device refused by itself.
    Rejected {
        /// Its id.
        request: String,
        /// Who proposed it.
        proposer: String,
        /// Why.
        reason: String,
        /// Whether it only came too late.
        expired: bool,
    },
}

/// An open lobby: a group whose devices are not all here, or whose words nobody confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InviteView {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The wallet's name; a device that joins learns it with the list of members.
    pub wallet: Option<String>,
    /// How many will sign, of how many.
    pub threshold: Threshold,
    /// Whether this device made the invite.
    pub created_here: bool,
    /// How many devices are known to be here, this one included.
    pub present: usize,
    /// Whether only the safety words are left to confirm.
    pub complete: bool,
    /// When joining ends.
    pub expires: Timestamp,
}

/// One wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WalletView {
    /// 64 hexadecimal digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How many sign, of how many.
    pub threshold: Threshold,
    /// Which participant this device is.
    pub participant: u16,
    /// `making`, `ready` or `failed`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// The members, in order.
    pub members: Vec<MemberView>,
    /// The keys that were made.
    pub keys: Vec<KeyView>,
    /// How many pairs of this device are set up for ECDSA, of how many.
    pub pairs: (usize, usize),
    /// How many presignatures are held.
    pub presignatures: usize,
    /// The first account's addresses on every chain; empty before the keys are certified.
    pub addresses: Vec<Address>,
}

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Its participant number.
    pub participant: u16,
    /// Its name.
    pub name: String,
    /// Whether it is this device.
    pub this_device: bool,
    /// Hexadecimal fingerprint of its identity.
    pub fingerprint: String,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Hexadecimal group key.
    pub public_key: String,
}

/// An address of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Address {
    /// The chain.
    pub chain: Chain,
    /// Its network.
    pub network: Network,
    /// The account.
    pub account: u32,
    /// As the chain writes it.
    pub address: String,
    /// Hexadecimal public key of the account.
    pub public_key: String,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// 64 hexadecimal digits.
    pub id: String,
    /// The wallet's name.
    pub wallet: String,
    /// Who proposed it.
    pub proposer: String,
    /// The chain and network.
    pub chain: String,
    /// What the proposer says.
    pub note: String,
    /// Whether ECDSA signs in plain mode.
    pub plain: bool,
    /// What this device decoded.
    pub review: Review,
    /// Who approved.
    pub approved: Vec<String>,
    /// Who refused.
    pub refused: Vec<String>,
    /// How many approvals are needed.
    pub needed: u16,
    /// `open`, `signed` or `failed`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// Whether this device has still to decide.
    pub undecided: bool,
    /// When approvals end.
    pub expires: Timestamp,
}

/// A signed transaction or message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedView {
    /// The request's id.
    pub request: String,
    /// The wallet's name.
    pub wallet: String,
    /// The chain.
    pub chain: Chain,
    /// Its network.
    pub network: Network,
    /// The account's address.
    pub address: String,
    /// Hexadecimal public key of the account.
    pub public_key: String,
    /// The transaction's id, or the hash of a message.
    pub txid: String,
    /// As the chain's nodes take it.
    pub encoded: String,
    /// Hexadecimal self-contained form: what `verify` reads.
    pub signed: String,
    /// Hexadecimal unsigned bytes.
    pub unsigned: String,
    /// Hexadecimal signatures.
    pub signatures: Vec<String>,
    /// Milliseconds from proposal to signature, on this device.
    pub elapsed: u64,
}
