//! Mailboxes: storing, handing out within the window, forgetting.

use core::ops::Bound;

use bytes::Bytes;
use quorate_primitives::{Millis, Timestamp};
use quorate_transport::MemberKey;
use quorate_transport::signaling::{Cursor, MAX_PAYLOAD, RefusalCode, RoomId, ServerFrame};

use super::connection::ConnectionId;
use super::quota::Source;
use super::refusal::Refusal;
use super::room::{Mail, Membership};
use super::{Due, Output, Relay};

/// When to try again to reach a recipient that is connected but behind.
const RETRY_FULL: Millis = 250;

/// One `Send`.
pub struct Letter {
    /// The client's number for the request.
    pub request: u64,
    /// The room.
    pub room: RoomId,
    /// The member that sends.
    pub from: MemberKey,
    /// The member it is for.
    pub to: MemberKey,
    /// How long to keep it.
    pub ttl: Millis,
    /// What is sent.
    pub bytes: Vec<u8>,
}

impl Relay {
    pub(super) fn send(
        &mut self,
        connection: ConnectionId,
        letter: Letter,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(entry) = self.connections.get(&connection) else { return Ok(()) };
        if !entry.rooms.contains(&letter.room) {
            return Err(Refusal::new(RefusalCode::NotAMember));
        }
        if letter.bytes.is_empty() || letter.bytes.len() > MAX_PAYLOAD {
            return Err(Refusal::new(RefusalCode::BadPayload));
        }
        let source = entry.source;
        let Letter { request, room, to, .. } = letter;
        let recipient = self.store(letter, source, now)?;
        self.write(connection, &ServerFrame::Stored { request });
        if let Some(recipient) = recipient {
            self.pump(recipient, &room, &to);
        }
        Ok(())
    }

    /// Puts a letter into its mailbox and returns the recipient's connection, if it has one.
    fn store(
        &mut self,
        letter: Letter,
        source: Source,
        now: Timestamp,
    ) -> Result<Option<ConnectionId>, Refusal> {
        let of_source = self.sources.get(&source).map_or(0, |usage| usage.stored);
        let Some(room) = self.rooms.get_mut(&letter.room) else {
            return Err(Refusal::new(RefusalCode::NotAMember));
        };
        let deadline = room.deadline.min(now.after(letter.ttl));
        let cursor = room.next_cursor();
        let Some(member) = room.member_mut(&letter.to) else {
            return Err(Refusal::new(RefusalCode::UnknownRecipient));
        };
        let Letter { room: id, from, to, bytes, .. } = letter;
        let cost = bytes.len() + DELIVER_OVERHEAD + Mail::OVERHEAD;
        if member.stored + cost > self.limits.mailbox {
            let retry = if member.online.is_some() { RETRY_FULL } else { 0 };
            return Err(Refusal { code: RefusalCode::MailboxFull, retry });
        }
        if self.stored + cost > self.limits.stored || of_source + cost > self.limits.stored_per_source {
            return Err(Refusal::new(RefusalCode::RelayFull));
        }
        let frame = Bytes::from(ServerFrame::Deliver { room: id, from, cursor, bytes }.encode());
        let mail = Mail { frame, deadline, source };
        let cost = mail.cost();
        member.stored += cost;
        member.mail.insert(cursor, mail);
        let online = member.online;
        self.stored += cost;
        if let Some(usage) = self.sources.get_mut(&source) {
            usage.stored += cost;
        }
        self.due.insert((deadline, Due::Mail(id, to, cursor)));
        self.stats.stored_frames += 1;
        Ok(online)
    }

    pub(super) fn ack(
        &mut self,
        connection: ConnectionId,
        key: MemberKey,
        room: &RoomId,
        cursor: Cursor,
    ) -> Result<(), Refusal> {
        let is_member = self.connections.get(&connection).is_some_and(|entry| entry.rooms.contains(room));
        if !is_member {
            return Err(Refusal::new(RefusalCode::NotAMember));
        }
        self.forget_mail_up_to(room, &key, cursor);
        Ok(())
    }

    /// Hands out mail of all rooms a connection is in, as far as the window allows.
    pub(super) fn pump_all(&mut self, connection: ConnectionId) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        entry.is_behind = false;
        let Some(key) = entry.key else { return };
        let rooms: Vec<RoomId> = entry.rooms.iter().copied().collect();
        for room in rooms {
            self.pump(connection, &room, &key);
        }
    }

    /// Hands out mail of one room, as far as the window allows.
    pub(super) fn pump(&mut self, connection: ConnectionId, room: &RoomId, key: &MemberKey) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        let Some(member) = self.rooms.get_mut(room).and_then(|room| room.member_mut(key)) else { return };
        if member.online != Some(connection) {
            return;
        }
        for (cursor, mail) in member.mail.range((Bound::Excluded(member.handed), Bound::Unbounded)) {
            let len = mail.frame.len();
            if entry.queued > 0 && entry.queued + len > self.limits.window {
                entry.is_behind = true;
                break;
            }
            entry.queued += len;
            member.handed = *cursor;
            self.stats.frames_out += 1;
            self.stats.bytes_out += len as u64;
            self.outputs.push_back(Output::Write { connection, frame: mail.frame.clone() });
        }
    }

    /// Forgets a member's mail up to and including `cursor`.
    pub(super) fn forget_mail_up_to(&mut self, id: &RoomId, key: &MemberKey, cursor: Cursor) {
        loop {
            let Some(member) = self.rooms.get_mut(id).and_then(|room| room.member_mut(key)) else { return };
            let Some((first, _)) = member.mail.first_key_value().filter(|(first, _)| **first <= cursor)
            else {
                return;
            };
            let first = *first;
            self.remove_mail(id, key, first);
        }
    }

    /// Forgets mail whose time is over.
    pub(super) fn expire_mail(&mut self, id: &RoomId, key: &MemberKey, cursor: Cursor) {
        self.remove_mail(id, key, cursor);
        self.stats.expired_frames += 1;
    }

    /// Forgets all mail of a member that is gone.
    pub(super) fn forget_mail_of(&mut self, id: RoomId, member: &Membership) {
        for (cursor, mail) in &member.mail {
            self.due.remove(&(mail.deadline, Due::Mail(id, member.key, *cursor)));
            self.release(mail);
        }
    }

    fn remove_mail(&mut self, id: &RoomId, key: &MemberKey, cursor: Cursor) {
        let Some(member) = self.rooms.get_mut(id).and_then(|room| room.member_mut(key)) else { return };
        let Some(mail) = member.mail.remove(&cursor) else { return };
        member.stored = member.stored.saturating_sub(mail.cost());
        self.due.remove(&(mail.deadline, Due::Mail(*id, *key, cursor)));
        self.release(&mail);
    }

    fn release(&mut self, mail: &Mail) {
        self.stored = self.stored.saturating_sub(mail.cost());
        if let Some(usage) = self.sources.get_mut(&mail.source) {
            usage.stored = usage.stored.saturating_sub(mail.cost());
        }
    }
}

/// Version, tag, room, sender, cursor, length: what a `Deliver` frame adds to what was sent.
const DELIVER_OVERHEAD: usize = 1 + 1 + 32 + 32 + 8 + 4;
