//! What a user interface may ask for.

use quorate_chains::{Chain, Context, Intent, Network};
use quorate_primitives::Millis;
use serde::{Deserialize, Serialize};

/// One command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Opens a lobby for a new wallet and shows its invite.
    Create {
        /// What people will call the wallet.
        name: String,
        /// How many sign.
        threshold: u16,
        /// How many devices.
        members: u16,
        /// The relay's address.
        relay: String,
        /// How long the invite is good for, in milliseconds.
        #[serde(default = "a_day")]
        invite_ttl: Millis,
        /// Whether to begin without asking a person to compare the safety words.
        #[serde(default)]
        accept_words: bool,
    },
    /// Joins the lobby of an invite.
    Join {
        /// The text of the invite.
        invite: String,
        /// Whether to begin without asking a person to compare the safety words.
        #[serde(default)]
        accept_words: bool,
    },
    /// Says whether the safety words are the same on all devices.
    ConfirmWords {
        /// The wallet whose words were compared; may be left out when one group waits.
        #[serde(default)]
        wallet: Option<String>,
        /// Whether they are.
        same: bool,
    },
    /// Ends a wallet's unfinished key ceremony, and tells the others.
    Abandon {
        /// Name or id of the wallet.
        wallet: String,
    },
    /// Makes the pair with one other member anew, which ECDSA signatures need: the explicit act after a failure.
    Pair {
        /// Name or id of the wallet; needed if there are several.
        wallet: Option<String>,
        /// The other member's name.
        member: String,
    },
    /// Asks for a view of all wallets.
    List,
    /// Asks for a view of one wallet.
    Show {
        /// Name or id; may be left out when there is one wallet.
        #[serde(default)]
        wallet: Option<String>,
    },
    /// Asks for the addresses of one account.
    Addresses {
        /// Name or id; may be left out when there is one wallet.
        #[serde(default)]
        wallet: Option<String>,
        /// The account, counted from 0.
        #[serde(default)]
        account: u32,
    },
    /// Proposes something to sign, and approves it on this device.
    Propose {
        /// Name or id; may be left out when there is one wallet.
        #[serde(default)]
        wallet: Option<String>,
        /// What.
        request: Request,
        /// What the others should know about it.
        #[serde(default)]
        note: String,
        /// How long approvals may take, in milliseconds.
        #[serde(default = "ten_minutes")]
        ttl: Millis,
    },
    /// Decodes and shows what would be proposed, without proposing it.
    Preview {
        /// Name or id; may be left out when there is one wallet.
        #[serde(default)]
        wallet: Option<String>,
        /// What.
        request: Request,
    },
    /// Proposes again what an earlier request asked for, in a new session.
    Resume {
        /// The earlier request's id, or its beginning.
        request: String,
        /// How long approvals may take, in milliseconds.
        #[serde(default = "ten_minutes")]
        ttl: Millis,
    },
    /// Asks for a view of all requests.
    Requests,
    /// Approves a request.
    Approve {
        /// The request's id, or its beginning.
        request: String,
    },
    /// Refuses a request.
    Refuse {
        /// The request's id, or its beginning.
        request: String,
        /// Why, for the others.
        #[serde(default)]
        reason: String,
    },
}

/// Something to sign on one chain with one account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The chain.
    pub chain: Chain,
    /// Its network.
    pub network: Network,
    /// The account, counted from 0.
    #[serde(default)]
    pub account: u32,
    /// Whether ECDSA signs in plain mode: bound to the message from the first round on, with no presignature made
    /// ahead.
    #[serde(default)]
    pub plain: bool,
    /// What it should do.
    pub content: Content,
}

/// Where the bytes to sign come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// They are built from an intent and what the chain says.
    Build {
        /// What is wanted.
        intent: Intent,
        /// Nonces, fees, unspent outputs.
        context: Context,
    },
    /// They are given: a PSBT or a raw unsigned transaction.
    Import {
        /// Hexadecimal.
        bytes: String,
    },
}

const fn a_day() -> Millis {
    24 * 3_600_000
}

const fn ten_minutes() -> Millis {
    600_000
}
