//! Envelopes and what is in them, rosters and certificates.

use quorate_session::certificate::Certificate;
use quorate_session::envelope::Envelope;
use quorate_session::lobby::{Message, SignedRoster};
use quorate_session::roster::Roster;
use quorate_session::{keygen, pairing, presigning, signing};

use crate::Target;
use crate::oracle::{body, versioned};

pub const TARGETS: &[Target] = &[
    Target::new("session_envelope", versioned::<Envelope>),
    Target::new("session_roster", versioned::<Roster>),
    Target::new("session_signed_roster", body::<SignedRoster>),
    Target::new("session_certificate", versioned::<Certificate>),
    Target::new("session_lobby_message", versioned::<Message>),
    Target::new("session_keygen_certification", body::<keygen::Certification>),
    Target::new("session_keygen_evidence", body::<keygen::Evidence>),
    Target::new("session_keygen_complaint", body::<keygen::SignedComplaint>),
    Target::new("session_keygen_mutation", body::<keygen::Mutation>),
    Target::new("session_signing_task", body::<signing::Task>),
    Target::new("session_signing_messages", body::<(signing::Approval, signing::Shares)>),
    Target::new("session_signing_decision", body::<signing::Decision>),
    Target::new("session_signing_package", body::<signing::Package>),
    Target::new("session_signing_openings", body::<signing::Openings>),
    Target::new("session_pairing_flights", body::<(pairing::Flight, pairing::Planted)>),
    Target::new(
        "session_pairing_ends",
        body::<(pairing::Confirmation, pairing::Renewal, pairing::Nudged, pairing::Announcement)>,
    ),
    Target::new("session_pairing_mutation", body::<pairing::Mutation>),
    Target::new("session_presigning_proposal", body::<(presigning::Proposal, presigning::Ended)>),
    Target::new("session_presigning_commitment", body::<presigning::Committed>),
    Target::new("session_signing_mutation", body::<signing::Mutation>),
];
