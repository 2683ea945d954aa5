//! Lies of a signing session.

use quorate_dkls::sign::OnlineShare;
use quorate_primitives::ParticipantId;
use quorate_session::envelope::{Envelope, Header, Protocol};
use quorate_session::signing::{Approval, Decision, Package, Shares};

use super::{Behaviour as B, Liar, step};

impl Liar {
    /// Returns what is said to `to` instead; `None` for the truth.
    pub(super) fn in_signature(&mut self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        match envelope.header.round {
            step::DECISION => self.approve(to, envelope),
            step::PACKAGE => self.fix(to, envelope),
            step::SHARE => self.release(to, envelope),
            step::RESULT => match self.behaviour {
                B::WithholdShare(audience) if self.is_victim(audience, to) => Some(Vec::new()),
                B::PublishGarbage => Some(vec![self.beside(envelope, step::RESULT, &vec![[0_u8; 64]])]),
                _ => None,
            },
            _ => None,
        }
    }

    fn approve(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let Ok(Decision::Approve(mut approval)) = borsh::from_slice::<Decision>(&envelope.body) else {
            return None;
        };
        let Approval { statement, policy_version, entropy, commitments } = &mut approval;
        match self.behaviour {
            B::ApproveDifferently if self.is_victim(super::Audience::One, to) => entropy[0] ^= 1,
            B::ApproveSomethingElse => statement[0] ^= 1,
            B::ApproveUnderOtherPolicy => *policy_version += 1,
            B::ApproveWithoutCommitments => *commitments = vec![vec![0xff; 66]; commitments.len()],
            _ => return None,
        }
        Some(vec![self.edit(envelope, |body: &mut Decision| *body = Decision::Approve(approval))])
    }

    fn fix(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let me = self.seat().me();
        match self.behaviour {
            B::WithholdPackage(audience) if self.is_victim(audience, to) => Some(Vec::new()),
            B::FixTooFew => Some(vec![self.edit(envelope, |body: &mut Package| drop(body.approvals.pop()))]),
            B::FixForgedApproval => Some(vec![self.edit(envelope, |body: &mut Package| {
                for approval in body.approvals.iter_mut().filter(|approval| approval.header.sender != me) {
                    let header = Header { sequence: approval.header.sequence + 1, ..approval.header.clone() };
                    *approval = self.sign(header, approval.body.clone());
                }
            })]),
            B::FixTwoPackages => self.fix_others(to, envelope),
            B::NameUnknownPresignatures => {
                let unknown = |body: &mut Package| body.presignatures.iter_mut().for_each(|id| id[0] ^= 1);
                Some(vec![self.edit(envelope, unknown)])
            }
            B::NameForeignPresignatures => {
                let foreign = self.presignatures.iter().filter(|(owner, _)| *owner != me);
                self.name(envelope, foreign.map(|(_, id)| *id).collect())
            }
            B::NameUsedPresignatures => {
                let earlier = |said: &&Envelope| {
                    said.header.round == step::PACKAGE
                        && said.header.sender == me
                        && said.header.protocol == envelope.header.protocol
                        && said.header.session != envelope.header.session
                };
                let package = self.heard.values().find(earlier)?;
                let fixed: Package = borsh::from_slice(&package.body).ok()?;
                self.name(envelope, fixed.presignatures)
            }
            _ => None,
        }
    }

    /// Names these presignatures, if there are enough.
    fn name(&self, envelope: &Envelope, ids: Vec<[u8; 32]>) -> Option<Vec<Envelope>> {
        let fixed: Package = borsh::from_slice(&envelope.body).ok()?;
        let named: Vec<[u8; 32]> = ids.into_iter().take(fixed.presignatures.len()).collect();
        let enough = !named.is_empty() && named.len() == fixed.presignatures.len();
        enough.then(|| vec![self.edit(envelope, |body: &mut Package| body.presignatures = named)])
    }

    /// Hears other ECDSA shares than were sent where it lies about its own: then its own sum fails too, and it opens
    /// what it committed to.
    pub(super) fn mishear(&self, envelope: Envelope) -> Envelope {
        let header = &envelope.header;
        if self.behaviour != B::SignWrongly
            || header.protocol != Protocol::Signing
            || header.round != step::SHARE
        {
            return envelope;
        }
        let Ok(mut said) = borsh::from_slice::<Shares>(&envelope.body) else { return envelope };
        for share in said.shares.iter_mut().filter(|share| share.len() == OnlineShare::LEN) {
            // Another bit for each sender, so that they never make up for each other.
            share[40] ^= 1 << (header.sender.get() % 8);
        }
        Envelope { body: borsh::to_vec(&said).expect("writing to memory"), ..envelope }
    }

    /// Waits for all approvals, then gives one package to the first member and another to the rest.
    fn fix_others(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let fixed: Package = borsh::from_slice(&envelope.body).ok()?;
        let is_approval = |said: &Envelope| matches!(borsh::from_slice(&said.body), Ok(Decision::Approve(_)));
        let mut approvals = self.all_said(envelope, step::DECISION);
        approvals.retain(is_approval);
        let needed = fixed.approvals.len();
        if approvals.len() <= needed {
            return Some(Vec::new());
        }
        if self.is_victim(super::Audience::One, to) {
            return None;
        }
        let approvals = approvals.split_off(approvals.len() - needed);
        Some(vec![self.edit(envelope, |body: &mut Package| body.approvals = approvals)])
    }

    fn release(&self, to: ParticipantId, envelope: &Envelope) -> Option<Vec<Envelope>> {
        let edit = |edit: fn(&mut Shares)| self.edit(envelope, edit);
        // Another bit for each liar: two wrong shares never make up for each other.
        let bit = 1 << (self.seat().me().get() % 8);
        let wrong = || self.edit(envelope, |body: &mut Shares| body.shares[0][16] ^= bit);
        match self.behaviour {
            B::SignWrongly => Some(vec![wrong()]),
            B::SignOutOfRange => Some(vec![edit(|body| body.shares[0] = vec![0xff; 32])]),
            B::SignAnotherPackage => Some(vec![edit(|body| body.package[0] ^= 1)]),
            B::InventPackage => Some(vec![edit(|body| body.named.body_hash[0] ^= 1)]),
            B::SignTwice => Some(vec![envelope.clone(), wrong()]),
            B::WithholdShare(audience) if self.is_victim(audience, to) => Some(Vec::new()),
            B::WithdrawLate => Some(vec![envelope.clone(), self.beside(envelope, step::WITHDRAWAL, &())]),
            B::PublishGarbage => {
                let garbage = self.beside(envelope, step::RESULT, &vec![[0_u8; 64]]);
                Some(vec![garbage, envelope.clone()])
            }
            _ => None,
        }
    }
}
