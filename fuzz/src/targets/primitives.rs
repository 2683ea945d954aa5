//! Values that stand inside every message.

use quorate_primitives::{KeyPurpose, ParticipantId, Threshold, Timestamp};

use crate::Target;
use crate::oracle::body;

pub const TARGETS: &[Target] = &[
    Target::new("primitives_participants", body::<Vec<ParticipantId>>),
    Target::new("primitives_key_header", body::<(Threshold, Vec<KeyPurpose>, Timestamp)>),
];
