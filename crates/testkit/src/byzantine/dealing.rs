//! A liar's private knowledge: its own dealing before it is opened, and its own secrets.

use quorate_primitives::{HedgedRng, ParticipantId, Transcript};
use quorate_session::envelope::Envelope;
use quorate_threshold::dkg::{
    AwaitingCommitments, Commitment, Complaint, Dealing, Echo, Messages, Participant, SealedShares,
    ShareFault, Terms,
};
use x25519_dalek::StaticSecret;

use super::{Behaviour as B, Liar, flight};

impl Liar {
    /// Runs the honest machine once more, from the same seed, up to F1. `None` before all F0 are here.
    fn shadow(&self, of: &Envelope) -> Option<AwaitingCommitments> {
        let roster = self.seat().roster();
        let terms = Terms::new(*self.seat().roster_hash(), roster.threshold, &roster.purposes, roster.epoch);
        let participant = Participant::new(terms, self.seat().me(), self.seed.as_ref()?.duplicate()).ok()?;
        let (announced, _) = participant.announce();
        announced.finish(self.said_by_others(of, flight::ANNOUNCEMENT)?).ok().map(|(next, _)| next)
    }

    fn said_by_others<M: borsh::BorshDeserialize>(&self, of: &Envelope, round: u8) -> Option<Messages<M>> {
        let read = |id| Some((id, borsh::from_slice(&self.said_by(of, round, id)?.body).ok()?));
        self.others().into_iter().map(read).collect()
    }

    /// Returns the session of the ceremony.
    pub(super) fn session(&self, of: &Envelope) -> Option<[u8; 32]> {
        self.shadow(of).map(|machine| *machine.session())
    }

    /// Returns its own dealing as the honest machine will open it, but for the echo.
    pub(super) fn own_dealing(&self, of: &Envelope) -> Option<Dealing> {
        let anything = self.others().into_iter().map(|id| (id, Commitment { hash: [0; 32] })).collect();
        self.shadow(of)?.finish(anything).ok().map(|(_, dealing)| dealing)
    }

    /// Makes of a dealing what the behaviour makes of it.
    pub(super) fn spoil_dealing(&self, mut dealing: Dealing) -> Dealing {
        for key in &mut dealing.keys {
            match self.behaviour {
                B::DealLongPolynomial => key.coefficients.push(key.coefficients[0].clone()),
                B::DealShortPolynomial => drop(key.coefficients.pop()),
                B::DealWithoutPossession => key.proof.response[16] ^= 1,
                _ => {}
            }
        }
        dealing
    }

    /// Complains about what the first of the others sent, although nothing is wrong with it.
    pub(super) fn complaint(&self, of: &Envelope, dealer: ParticipantId) -> Option<Complaint> {
        let machine = self.shadow(of)?;
        let (machine, _) = machine.finish(self.said_by_others(of, flight::COMMITMENT)?).ok()?;
        let (machine, _) = machine.finish(self.said_by_others(of, flight::DEALING)?).ok()?;
        let echoes: Messages<Echo> = self.said_by_others(of, flight::ECHO)?;
        let (machine, _) = machine.finish(&echoes).ok()?;
        let nothing = |id| (id, SealedShares { dealer_key: [0; 32], ciphertext: Vec::new() });
        match machine.finish(&self.others().into_iter().map(nothing).collect()) {
            Err(ShareFault::Complaint(complaint)) if complaint.dealer == dealer => Some(complaint),
            _ => None,
        }
    }

    /// Returns the secret with which its honest machine seals for a recipient.
    pub(super) fn sealing_secret(
        &self,
        session: &[u8; 32],
        recipient: ParticipantId,
    ) -> Option<StaticSecret> {
        let context = Transcript::new("dkg/dealer")
            .field("session", session)
            .number("dealer", u64::from(self.seat().me().get()))
            .list("usage", ["sealing", recipient.to_string().as_str()])
            .finish();
        let rng = HedgedRng::new(self.seed.as_ref()?.expose(), b"dkg", &context);
        Some(StaticSecret::random_from_rng(rng))
    }
}
