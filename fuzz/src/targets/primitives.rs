//! Values that stand inside every message.

use quorate_primitives::encoding::{body_bytes, body_from_bytes};
use quorate_primitives::{KeyPurpose, ParticipantId, Threshold, Timestamp};

use crate::Target;
use crate::oracle::canonical;

const MAX: usize = 64 * 1024;

pub const TARGETS: &[Target] = &[
    Target {
        name: "primitives_participants",
        run: |bytes| {
            let decode = |bytes: &[u8]| body_from_bytes::<Vec<ParticipantId>>(bytes, MAX, "participants");
            canonical(bytes, decode, body_bytes);
        },
    },
    Target {
        name: "primitives_key_header",
        run: |bytes| {
            let decode = |bytes: &[u8]| {
                body_from_bytes::<(Threshold, Vec<KeyPurpose>, Timestamp)>(bytes, MAX, "key header")
            };
            canonical(bytes, decode, body_bytes);
        },
    },
];
