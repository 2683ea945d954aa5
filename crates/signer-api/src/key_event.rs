//! Key events: the making of a key, and its resharing.

use serde::{Deserialize, Serialize};

use crate::{Domain, Parameters, PublicKey};

/// Which attempt of which key is meant; every vote of a key event names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEventId {
    /// The epoch that the key belongs to.
    pub epoch_id: u64,
    /// The domain that the key belongs to.
    pub domain_id: u64,
    /// The attempt.
    pub attempt_id: u64,
}

/// The key that is being made or reshared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEvent {
    /// The epoch that the key will belong to.
    pub epoch_id: u64,
    /// Its domain.
    pub domain: Domain,
    /// Who will hold it.
    pub parameters: Parameters,
    /// The attempt that runs, if one does.
    pub instance: Option<Instance>,
    /// The id of the attempt after it.
    pub next_attempt_id: u64,
}

/// An attempt that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id.
    pub attempt_id: u64,
    /// The block in which it was started.
    pub started_in: u64,
    /// The block from which it counts no more.
    pub expires_on: u64,
    /// The ids of participants that are done.
    pub completed: Vec<u32>,
    /// The key that the first of them named.
    #[serde(default, with = "crate::state::optional_key")]
    pub public_key: Option<PublicKey>,
}
