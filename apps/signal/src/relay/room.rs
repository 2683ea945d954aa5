//! A room: its members and their mailboxes.

use std::collections::BTreeMap;

use bytes::Bytes;
use quorate_primitives::Timestamp;
use quorate_transport::MemberKey;
use quorate_transport::signaling::{Cursor, Member};

use super::connection::ConnectionId;
use super::quota::Source;

/// A room.
#[derive(Debug)]
pub struct Room {
    /// Who pays for it.
    pub source: Source,
    /// The most members.
    pub capacity: u8,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub deadline: Timestamp,
    /// Members in the order in which they first came.
    pub members: Vec<Membership>,
    /// The last cursor given out.
    pub cursor: Cursor,
}

/// One member of a room.
#[derive(Debug)]
pub struct Membership {
    /// Its key.
    pub key: MemberKey,
    /// Its connection, while it has one.
    pub online: Option<ConnectionId>,
    /// What it has not acknowledged.
    pub mail: BTreeMap<Cursor, Mail>,
    /// What `mail` costs.
    pub stored: usize,
    /// The last frame handed to its present connection.
    pub handed: Cursor,
}

/// One stored frame.
#[derive(Debug)]
pub struct Mail {
    /// The encoded `Deliver` frame.
    pub frame: Bytes,
    /// When it is forgotten.
    pub deadline: Timestamp,
    /// Who pays for it.
    pub source: Source,
}

impl Room {
    /// Makes an empty room.
    ///
    /// Cursors start at the time of making, shifted beyond what can be sent per millisecond, so that a room made
    /// again with the same token never repeats a cursor.
    pub const fn new(source: Source, capacity: u8, now: Timestamp, deadline: Timestamp) -> Self {
        let cursor = Cursor(now.0 << 16);
        Self { source, capacity, created: now, deadline, members: Vec::new(), cursor }
    }

    /// Returns a member.
    pub fn member(&self, key: &MemberKey) -> Option<&Membership> {
        self.members.iter().find(|member| member.key == *key)
    }

    /// Returns a member to be changed.
    pub fn member_mut(&mut self, key: &MemberKey) -> Option<&mut Membership> {
        self.members.iter_mut().find(|member| member.key == *key)
    }

    /// Returns the member list for clients.
    pub fn list(&self) -> Vec<Member> {
        self.members
            .iter()
            .map(|member| Member { key: member.key, online: member.online.is_some() })
            .collect()
    }

    /// Returns the connections of all members but one.
    pub fn others(&self, key: &MemberKey) -> Vec<ConnectionId> {
        self.members.iter().filter(|member| member.key != *key).filter_map(|member| member.online).collect()
    }

    /// Returns a cursor that was never given out in this room.
    pub const fn next_cursor(&mut self) -> Cursor {
        self.cursor = Cursor(self.cursor.0.saturating_add(1));
        self.cursor
    }
}

impl Membership {
    /// Makes a member without mail.
    pub const fn new(key: MemberKey) -> Self {
        Self { key, online: None, mail: BTreeMap::new(), stored: 0, handed: Cursor(0) }
    }
}

impl Mail {
    /// Returns what keeping it costs: its bytes and the bookkeeping around them.
    pub fn cost(&self) -> usize {
        self.frame.len() + Self::OVERHEAD
    }

    /// What one stored frame costs beside its bytes, so that many tiny frames are not cheaper than they are.
    pub const OVERHEAD: usize = 192;
}
