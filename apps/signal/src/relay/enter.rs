//! Entering and leaving rooms.

use quorate_primitives::{Millis, Timestamp};
use quorate_transport::MemberKey;
use quorate_transport::signaling::{
    ClosedReason, Cursor, MAX_CAPACITY, RefusalCode, Resume, RoomId, ServerFrame,
};

use super::connection::ConnectionId;
use super::quota::Source;
use super::refusal::Refusal;
use super::room::{Membership, Room};
use super::{Due, Relay};

/// What a client asks for when entering.
pub struct Wish {
    /// The client's number for the request.
    pub request: u64,
    /// The room.
    pub room: RoomId,
    /// The most members.
    pub capacity: u8,
    /// How long the room shall exist.
    pub ttl: Millis,
    /// What need not be delivered again.
    pub resume: Option<Resume>,
}

impl Relay {
    pub(super) fn enter(
        &mut self,
        connection: ConnectionId,
        key: MemberKey,
        wish: &Wish,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(entry) = self.connections.get(&connection) else { return Ok(()) };
        let (source, rooms) = (entry.source, entry.rooms.len());
        if !entry.rooms.contains(&wish.room) && rooms >= self.limits.rooms_per_connection {
            return Err(Refusal::new(RefusalCode::QuotaExceeded));
        }
        let created = self.open_room(wish.room, source, wish.capacity, wish.ttl, now)?;
        if let Some(previous) = self.join(connection, key, wish)? {
            self.replace(previous, wish.room);
        }
        if let Some(entry) = self.connections.get_mut(&connection) {
            entry.rooms.insert(wish.room);
        }
        self.acknowledge_resumed(&key, wish, created);
        self.announce(connection, key, wish, created, now);
        self.pump(connection, &wish.room, &key);
        Ok(())
    }

    /// Makes the room unless it exists, and lengthens its life. Returns whether it was made.
    pub(super) fn open_room(
        &mut self,
        id: RoomId,
        source: Source,
        capacity: u8,
        ttl: Millis,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let deadline = now.after(ttl.min(self.limits.max_ttl));
        if let Some(room) = self.rooms.get_mut(&id) {
            if room.capacity != capacity {
                return Err(Refusal::new(RefusalCode::BadCapacity));
            }
            if deadline > room.deadline {
                self.due.remove(&(room.deadline, Due::Room(id)));
                room.deadline = deadline;
                self.due.insert((deadline, Due::Room(id)));
            }
            return Ok(false);
        }
        if !(1..=MAX_CAPACITY).contains(&capacity) {
            return Err(Refusal::new(RefusalCode::BadCapacity));
        }
        if self.draining {
            return Err(Refusal::new(RefusalCode::Draining));
        }
        let (rooms, most) = (self.rooms.len(), self.limits.rooms);
        let of_source = self.limits.rooms_per_source;
        let usage = self.usage_of(source, now);
        if rooms >= most || usage.rooms >= of_source {
            return Err(Refusal::new(RefusalCode::QuotaExceeded));
        }
        usage.rooms += 1;
        self.rooms.insert(id, Room::new(source, capacity, now, deadline));
        self.due.insert((deadline, Due::Room(id)));
        self.stats.created_rooms += 1;
        Ok(true)
    }

    pub(super) fn leave(
        &mut self,
        connection: ConnectionId,
        key: MemberKey,
        id: &RoomId,
    ) -> Result<(), Refusal> {
        let Some(entry) = self.connections.get_mut(&connection) else { return Ok(()) };
        if !entry.rooms.remove(id) {
            return Err(Refusal::new(RefusalCode::NotAMember));
        }
        let Some(room) = self.rooms.get_mut(id) else { return Ok(()) };
        let Some(at) = room.members.iter().position(|member| member.key == key) else { return Ok(()) };
        let member = room.members.remove(at);
        let others = room.others(&key);
        self.forget_mail_of(*id, &member);
        for other in others {
            self.write(other, &ServerFrame::MemberLeft { room: *id, key, forgotten: true });
        }
        Ok(())
    }

    /// Takes note that a member's connection ended.
    pub(super) fn go_offline(&mut self, id: &RoomId, key: &MemberKey, connection: ConnectionId) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let Some(member) = room.member_mut(key) else { return };
        if member.online != Some(connection) {
            return;
        }
        member.online = None;
        for other in room.others(key) {
            self.write(other, &ServerFrame::MemberLeft { room: *id, key: *key, forgotten: false });
        }
    }

    /// Ends a room and tells those who are in it.
    pub(super) fn close_room(&mut self, id: &RoomId, reason: ClosedReason) {
        let Some(room) = self.rooms.remove(id) else { return };
        self.due.remove(&(room.deadline, Due::Room(*id)));
        if let Some(usage) = self.sources.get_mut(&room.source) {
            usage.rooms = usage.rooms.saturating_sub(1);
        }
        for member in &room.members {
            self.forget_mail_of(*id, member);
        }
        for connection in room.members.iter().filter_map(|member| member.online) {
            if let Some(entry) = self.connections.get_mut(&connection) {
                entry.rooms.remove(id);
            }
            self.write(connection, &ServerFrame::RoomClosed { room: *id, reason });
        }
    }

    /// Makes `key` a member that is online here. Returns the connection it was online at before, if another.
    fn join(
        &mut self,
        connection: ConnectionId,
        key: MemberKey,
        wish: &Wish,
    ) -> Result<Option<ConnectionId>, Refusal> {
        let Some(room) = self.rooms.get_mut(&wish.room) else { return Ok(None) };
        if room.member(&key).is_none() {
            if room.members.len() >= usize::from(room.capacity) {
                return Err(Refusal::new(RefusalCode::RoomFull));
            }
            room.members.push(Membership::new(key));
        }
        let Some(member) = room.member_mut(&key) else { return Ok(None) };
        let previous = member.online.replace(connection);
        Ok(previous.filter(|previous| *previous != connection))
    }

    fn replace(&mut self, previous: ConnectionId, room: RoomId) {
        if let Some(entry) = self.connections.get_mut(&previous) {
            entry.rooms.remove(&room);
        }
        self.write(previous, &ServerFrame::RoomClosed { room, reason: ClosedReason::Replaced });
    }

    fn acknowledge_resumed(&mut self, key: &MemberKey, wish: &Wish, created: bool) {
        let known = wish.resume.filter(|resume| resume.boot == self.boot && !created);
        if let Some(resume) = known {
            self.forget_mail_up_to(&wish.room, key, resume.cursor);
        }
        if let Some(member) = self.rooms.get_mut(&wish.room).and_then(|room| room.member_mut(key)) {
            member.handed = Cursor(0);
        }
    }

    fn announce(
        &mut self,
        connection: ConnectionId,
        key: MemberKey,
        wish: &Wish,
        created: bool,
        now: Timestamp,
    ) {
        let Some(room) = self.rooms.get(&wish.room) else { return };
        let (ttl, members, others) = (room.deadline.since(now), room.list(), room.others(&key));
        let entered = ServerFrame::Entered { request: wish.request, room: wish.room, created, ttl, members };
        self.write(connection, &entered);
        for other in others {
            self.write(other, &ServerFrame::MemberJoined { room: wish.room, key });
        }
    }
}
