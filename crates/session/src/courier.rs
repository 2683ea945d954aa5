//! Sealing envelopes to their recipients, and opening only what is authentic.
//!
//! Every pair of members has keys from their pinned identities and the roster hash. A frame that does not open
//! with the key of the member it is said to come from is dropped and counted: the relay may lie about senders,
//! and nobody is blamed for what a relay does.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_primitives::{HedgedRng, ParticipantId, Timestamp, Transcript, encoding};
use quorate_threshold::engine::Recipient;
use quorate_transport::chunk::{self, Chunk, Limits, MessageId, Reassembler};
use quorate_transport::{IdentityError, MemberKey, PairKey};
use rand_core::{CryptoRng, RngCore};
use thiserror::Error;

use crate::envelope::Envelope;
use crate::seat::Seat;

/// One frame for one member's mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose mailbox.
    pub to: MemberKey,
    /// Ciphertext, at most one relay frame long.
    pub bytes: Vec<u8>,
}

/// Why a frame was dropped. None of these is anybody's fault but the relay's or the network's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Dropped {
    /// The mailbox key is no other member's.
    #[error("frame of a stranger")]
    Stranger,
    /// The chunk is malformed, or too many messages are unfinished.
    #[error("frame is no chunk of a message")]
    Chunk,
    /// It does not open with the pair's key.
    #[error("frame is not authentic")]
    NotAuthentic,
    /// It opens to something that is not an envelope.
    #[error("message is malformed")]
    Malformed,
    /// The envelope names another sender or recipient than the channel, another epoch, or is not signed.
    #[error("envelope does not belong to this channel")]
    Foreign,
}

/// The sealed channels of one device to the other members of its roster.
#[derive(Debug)]
pub struct Courier {
    seat: Arc<Seat>,
    channels: BTreeMap<ParticipantId, PairKey>,
    reassembler: Reassembler<ParticipantId>,
    dropped: u64,
}

impl Courier {
    /// Agrees on keys with every other member.
    ///
    /// # Errors
    /// Refuses a member whose identity can not be used.
    pub fn new(seat: Arc<Seat>) -> Result<Self, IdentityError> {
        let channels = seat
            .others()
            .map(|(id, member)| Ok((id, seat.identity().agree(&member.identity, seat.roster_hash())?)))
            .collect::<Result<_, IdentityError>>()?;
        Ok(Self { seat, channels, reassembler: Reassembler::new(Limits::default()), dropped: 0 })
    }

    /// Returns this device's place in its roster.
    pub const fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// Returns how many frames were dropped.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Seals an envelope of this device for the mailboxes of `to`.
    pub fn seal(
        &self,
        rng: &mut (impl RngCore + CryptoRng),
        to: Recipient,
        envelope: &Envelope,
    ) -> Vec<Frame> {
        let mut entropy = [0; 32];
        rng.fill_bytes(&mut entropy);
        self.seal_with(&entropy, to, &encoding::to_bytes(envelope))
    }

    /// The message is mixed into the randomness: a source that stands still never gives two messages one nonce.
    fn seal_with(&self, entropy: &[u8; 32], to: Recipient, bytes: &[u8]) -> Vec<Frame> {
        let recipients = self.seat.others().filter(|(id, _)| match to {
            Recipient::All => true,
            Recipient::One(recipient) => *id == recipient,
        });
        let mut frames = Vec::new();
        for (id, member) in recipients {
            let aad = self.associated_data(self.seat.me(), id);
            let context =
                Transcript::new("frame/randomness").field("aad", &aad).field("message", bytes).finish();
            let mut rng = HedgedRng::new(entropy, self.seat.identity().seed().expose(), &context);
            let Some(channel) = self.channels.get(&id) else { continue };
            let Ok(sealed) = channel.seal_padded(&mut rng, &aad, bytes) else { continue };
            let mut message_id = MessageId([0; 16]);
            rng.fill_bytes(&mut message_id.0);
            let chunks = chunk::split(message_id, &sealed).unwrap_or_default();
            frames.extend(chunks.iter().map(|part| Frame { to: member.relay, bytes: part.encode() }));
        }
        frames
    }

    /// Opens a frame from a mailbox. Returns an envelope when its last chunk arrived.
    ///
    /// # Errors
    /// [`Dropped`]: nothing changed but a counter.
    pub fn open(
        &mut self,
        from: &MemberKey,
        frame: &[u8],
        now: Timestamp,
    ) -> Result<Option<Envelope>, Dropped> {
        let opened = self.open_counted(from, frame, now);
        self.dropped += u64::from(opened.is_err());
        opened
    }

    fn open_counted(
        &mut self,
        from: &MemberKey,
        frame: &[u8],
        now: Timestamp,
    ) -> Result<Option<Envelope>, Dropped> {
        let sender = self
            .seat
            .roster()
            .by_relay_key(from)
            .filter(|id| *id != self.seat.me())
            .ok_or(Dropped::Stranger)?;
        let part = Chunk::decode(frame).map_err(|_| Dropped::Chunk)?;
        let Some(sealed) = self.reassembler.accept(&sender, part, now).map_err(|_| Dropped::Chunk)? else {
            return Ok(None);
        };
        let channel = self.channels.get(&sender).ok_or(Dropped::Stranger)?;
        let aad = self.associated_data(sender, self.seat.me());
        let bytes = channel.open_padded(&aad, &sealed).map_err(|_| Dropped::NotAuthentic)?;
        let envelope: Envelope = encoding::from_bytes(&bytes).map_err(|_| Dropped::Malformed)?;
        self.admit(sender, &envelope)?;
        Ok(Some(envelope))
    }

    /// Checks that an envelope says what the channel says, and is signed.
    fn admit(&self, sender: ParticipantId, envelope: &Envelope) -> Result<(), Dropped> {
        let header = &envelope.header;
        let for_me = header.recipient.is_none_or(|id| id == self.seat.me());
        if header.sender != sender || !for_me {
            return Err(Dropped::Foreign);
        }
        self.seat.verify(envelope).map_err(|_| Dropped::Foreign)
    }

    fn associated_data(&self, sender: ParticipantId, recipient: ParticipantId) -> [u8; 32] {
        Transcript::new("frame")
            .field("roster", self.seat.roster_hash())
            .number("sender", u64::from(sender.get()))
            .number("recipient", u64::from(recipient.get()))
            .finish()
    }
}
