//! Devices that sit in one process, and short names.

use std::sync::Arc;

use quorate_primitives::{KeyPurpose, ParticipantId, Threshold, Timestamp};
use quorate_session::courier::Courier;
use quorate_session::envelope::{Envelope, Header, Protocol};
use quorate_session::roster::Roster;
use quorate_session::seat::Seat;
use quorate_testkit::group;
use quorate_threshold::engine::Recipient;
use quorate_transport::{DeviceIdentity, MemberKey};

pub use quorate_testkit::entropy::Entropy;
pub use quorate_testkit::group::p;

pub const NOW: Timestamp = Timestamp(1_000_000);

/// A group whose members are all here.
pub struct Group {
    pub identities: Vec<Arc<DeviceIdentity>>,
    pub roster: Roster,
    pub seats: Vec<Arc<Seat>>,
}

impl Group {
    /// A 2-of-3 group for Ed25519; `change` makes another roster of the same devices.
    pub fn new(seed: u64, change: impl FnOnce(&mut Roster)) -> Self {
        let identities = group::identities(seed, 3);
        let threshold = Threshold::new(2, 3).unwrap();
        let mut roster = group::roster(&identities, threshold, &[KeyPurpose::Ed25519], [9; 32]);
        change(&mut roster);
        let seats = identities
            .iter()
            .map(|identity| Arc::new(Seat::new(Arc::clone(identity), roster.clone()).unwrap()))
            .collect();
        Self { identities, roster, seats }
    }

    pub fn courier(&self, member: u16) -> Courier {
        Courier::new(Arc::clone(self.seat(member))).unwrap()
    }

    pub fn seat(&self, member: u16) -> &Arc<Seat> {
        &self.seats[usize::from(member) - 1]
    }

    pub fn mailbox(&self, member: u16) -> MemberKey {
        self.roster.member(p(member)).unwrap().relay
    }
}

/// A header that says nothing special.
pub fn header(sender: u16, recipient: Option<u16>) -> Header {
    Header {
        protocol: Protocol::Keygen,
        session: [5; 32],
        epoch: 0,
        round: 1,
        sender: p(sender),
        recipient: recipient.map(p),
        sequence: 1,
    }
}

/// Signs an envelope as `signer`.
pub fn signed(group: &Group, signer: u16, header: Header, body: &[u8]) -> Envelope {
    let seat = group.seat(signer);
    Envelope::sign(seat.identity(), seat.roster_hash(), header, body.to_vec())
}

/// Returns the one frame of a short envelope for one member.
pub fn frame(courier: &Courier, to: u16, envelope: &Envelope) -> Vec<u8> {
    let mut frames = courier.seal(&mut Entropy::seeded(1, 0), Recipient::One(p(to)), envelope);
    assert_eq!(frames.len(), 1);
    frames.remove(0).bytes
}

/// Every participant of a group of three but one.
pub fn others(me: u16) -> impl Iterator<Item = u16> {
    (1..=3).filter(move |id| *id != me)
}

pub fn ids(members: &[u16]) -> Vec<ParticipantId> {
    members.iter().map(|member| p(*member)).collect()
}
