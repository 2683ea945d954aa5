//! Proving a key, outside the lock around the relay.

use quorate_primitives::DecodeError;
use quorate_transport::signaling::{ClientFrame, RefusalCode, ServerFrame};
use quorate_transport::{MemberKey, RelayOrigin};

/// A challenge for one connection, good for one answer.
pub struct Challenge {
    nonce: [u8; 32],
}

/// A key whose owner answered a challenge. Only [`Challenge::verify`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered(MemberKey);

/// What came of a challenge.
pub type Answer = Result<Answered, RefusalCode>;

impl Challenge {
    /// Makes a challenge from fresh random bytes.
    pub const fn new(nonce: [u8; 32]) -> Self {
        Self { nonce }
    }

    /// Returns the frame that poses it.
    pub const fn frame(&self) -> ServerFrame {
        ServerFrame::Challenge { nonce: self.nonce }
    }

    /// Checks the first frame of a connection against the names this relay has.
    ///
    /// # Errors
    /// [`RefusalCode::NotAuthenticated`] for any other frame, [`RefusalCode::BadAnswer`] for a wrong answer, and
    /// the codes for bytes that are no frame.
    pub fn verify(self, frame: &Result<ClientFrame, DecodeError>, origins: &[RelayOrigin]) -> Answer {
        match frame {
            Ok(ClientFrame::Authenticate { key, answer }) => {
                let fits = |origin| key.verify_answer(&self.nonce, origin, answer).is_ok();
                if origins.iter().any(fits) { Ok(Answered(*key)) } else { Err(RefusalCode::BadAnswer) }
            }
            Ok(
                ClientFrame::Enter { .. }
                | ClientFrame::Leave { .. }
                | ClientFrame::Send { .. }
                | ClientFrame::Ack { .. },
            ) => Err(RefusalCode::NotAuthenticated),
            Err(DecodeError::UnknownVersion { .. }) => Err(RefusalCode::UnknownVersion),
            Err(DecodeError::TooLong { .. } | DecodeError::Empty | DecodeError::Malformed { .. }) => {
                Err(RefusalCode::Malformed)
            }
        }
    }
}

impl Answered {
    /// Returns the key.
    pub const fn key(self) -> MemberKey {
        self.0
    }
}
