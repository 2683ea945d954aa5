//! Requests: signing sessions with what this device decoded of them.

mod bounds;

use core::cmp::Reverse;
use std::sync::Arc;

use quorate_chains as chains;
use quorate_primitives::{KeyPurpose, Millis, Timestamp};
use quorate_session::envelope::Envelope;
use quorate_session::output::Output;
use quorate_session::seat::Seat;
use quorate_session::signing::{Event, Failure, Mutation, OpenError, Signing, TaskKey};
use rand_core::{CryptoRng, RngCore};

use crate::command::Request;
use crate::device::{Context, Effect};
use crate::error::CommandError;
use crate::records::Record;
use crate::tasks::{self, Unacceptable, Verified};
use crate::view::{RequestView, SignedView, View};
use crate::wallet::{Keys, Wallet};

pub(crate) use bounds::Forgotten;

/// A signing session and what this device knows about it.
pub(crate) struct Session {
    pub(crate) signing: Signing,
    pub(crate) log: Vec<Mutation>,
    verified: Verified,
    opened: Timestamp,
}

impl Session {
    /// Rebuilds a session from its log. `None` if it does not decode any more, which leaves it dead.
    pub(crate) fn replay(seat: &Arc<Seat>, keys: &Keys, log: Vec<Mutation>, now: Timestamp) -> Option<Self> {
        let Some(Mutation::Opened { proposal }) = log.first() else { return None };
        let task = borsh::from_slice(&proposal.body).ok()?;
        let verified = tasks::verify(&keys.shares, &task).ok()?;
        let signing = Signing::replay(Arc::clone(seat), &keys.shares, log.iter().cloned(), now).ok()?;
        Some(Self { signing, log, verified, opened: now })
    }
}

impl Wallet {
    /// Builds and shows a request without proposing it.
    pub(crate) fn preview<R: RngCore + CryptoRng>(
        &mut self,
        request: &Request,
        context: &mut Context<R>,
    ) -> Result<(), CommandError> {
        let review = tasks::preview(&self.keys()?.shares, request)?;
        context.view(View::Preview { review });
        Ok(())
    }

    /// Proposes a request to the group, and approves it on this device.
    pub(crate) fn propose<R: RngCore + CryptoRng>(
        &mut self,
        request: &Request,
        note: String,
        ttl: Millis,
        context: &mut Context<R>,
    ) -> Result<(), CommandError> {
        let (verified, signing) = tasks::prepare(&self.keys()?.shares, request)?;
        let is_ecdsa = |key: &TaskKey| key.purpose == KeyPurpose::EcdsaSecp256k1;
        if request.plain && !signing.keys.iter().any(is_ecdsa) {
            return Err(CommandError::NothingToBind(request.chain));
        }
        self.open_own(verified, signing, (request.plain, note), ttl, context)
    }

    /// Proposes again what an earlier session asked for: signing sessions never resume.
    pub(crate) fn propose_again<R: RngCore + CryptoRng>(
        &mut self,
        request: &str,
        ttl: Millis,
        context: &mut Context<R>,
    ) -> Result<(), CommandError> {
        let earlier = self.find_session(request).and_then(|id| self.sessions.get(&id));
        let earlier = earlier.ok_or_else(|| CommandError::NoSuchRequest(request.to_owned()))?;
        if let Some(signatures) = earlier.signing.signatures() {
            self.show_signed(earlier.signing.session(), signatures, context);
            return Ok(());
        }
        let task = earlier.signing.task();
        let signing = tasks::Signing { keys: task.keys.clone(), messages: task.messages.clone() };
        let (plain, note) = (task.plain, task.note.clone());
        self.open_own(earlier.verified.clone(), signing, (plain, note), ttl, context)
    }

    fn open_own<R: RngCore + CryptoRng>(
        &mut self,
        verified: Verified,
        signing: tasks::Signing,
        (plain, note): (bool, String),
        ttl: Millis,
        context: &mut Context<R>,
    ) -> Result<(), CommandError> {
        self.check_room_for_one_more(self.seat.me())?;
        let keys = self.keys()?;
        let task = tasks::task(&verified, signing, plain, note, context.now.after(ttl), context.entropy());
        let mut signing = Signing::propose(Arc::clone(&self.seat), &keys.shares, task, context.now)?;
        let id = *signing.session();
        signing.approve(&context.entropy(), context.now);
        self.forget_oldest(context.now);
        self.sessions.insert(id, Session { signing, log: Vec::new(), verified, opened: context.now });
        self.show(&id, context);
        Ok(())
    }

    pub(crate) fn approve<R: RngCore + CryptoRng>(
        &mut self,
        request: &str,
        context: &mut Context<R>,
    ) -> Result<(), CommandError> {
        let entropy = context.entropy();
        let now = context.now;
        self.decide(request, |signing| signing.approve(&entropy, now))
    }

    pub(crate) fn refuse<R: RngCore + CryptoRng>(
        &mut self,
        request: &str,
        reason: &str,
        context: &mut Context<R>,
    ) -> Result<(), CommandError> {
        let now = context.now;
        self.decide(request, |signing| signing.refuse(reason, now))
    }

    fn decide(&mut self, request: &str, act: impl FnOnce(&mut Signing)) -> Result<(), CommandError> {
        let none = || CommandError::NoSuchRequest(request.to_owned());
        let id = self.find_session(request).ok_or_else(none)?;
        let session = self.sessions.get_mut(&id).ok_or_else(none)?;
        if !session.signing.is_undecided() {
            return Err(CommandError::Decided(request.to_owned()));
        }
        act(&mut session.signing);
        Ok(())
    }

    /// Finds a request by the beginning of its id.
    pub(crate) fn find_session(&self, request: &str) -> Option<[u8; 32]> {
        let matches = |id: &&[u8; 32]| request.len() >= 4 && hex::encode(id).starts_with(request);
        let mut found = self.sessions.keys().filter(matches);
        match (found.next(), found.next()) {
            (Some(id), None) => Some(*id),
            _ => None,
        }
    }

    /// Takes an authentic envelope of a signing session; opens the session if it is a proposal.
    pub(crate) fn handle_signing<R: RngCore + CryptoRng>(
        &mut self,
        envelope: Envelope,
        context: &mut Context<R>,
    ) {
        let id = envelope.header.session;
        if let Some(session) = self.sessions.get_mut(&id) {
            session.signing.handle_envelope(envelope, context.now);
            return;
        }
        if envelope.header.round != 0 || !self.makes_room_for(&envelope, context.now) {
            return;
        }
        let proposer = self.member_name(envelope.header.sender);
        match self.open_session(envelope, context.now) {
            Ok(()) => self.show(&id, context),
            Err(Some(fault)) => {
                let (reason, expired) =
                    (fault.to_string(), matches!(fault, Unacceptable::Open(OpenError::Expired)));
                context.view(View::Rejected { request: hex::encode(id), proposer, reason, expired });
            }
            Err(None) => {}
        }
    }

    /// Opens another member's proposal. What does not decode is refused at once, with the reason; `None` for what is
    /// not a proposal at all.
    fn open_session(&mut self, proposal: Envelope, now: Timestamp) -> Result<(), Option<Unacceptable>> {
        let keys = self.keys().map_err(|_| None)?;
        let task = borsh::from_slice(&proposal.body).map_err(|_| None)?;
        let verified = tasks::verify(&keys.shares, &task).map_err(Some)?;
        let id = proposal.header.session;
        let signing = Signing::open(Arc::clone(&self.seat), &keys.shares, proposal, now)
            .map_err(|error| Some(error.into()))?;
        self.sessions.insert(id, Session { signing, log: Vec::new(), verified, opened: now });
        Ok(())
    }

    /// Carries out what sessions put out.
    pub(crate) fn settle_sessions<R: RngCore + CryptoRng>(&mut self, context: &mut Context<R>) {
        let ids: Vec<[u8; 32]> = self.sessions.keys().copied().collect();
        for id in ids {
            while let Some(output) =
                self.sessions.get_mut(&id).and_then(|session| session.signing.poll_output())
            {
                self.handle_session_output(&id, output, context);
            }
        }
    }

    fn handle_session_output<R: RngCore + CryptoRng>(
        &mut self,
        id: &[u8; 32],
        output: Output<Mutation, Event>,
        context: &mut Context<R>,
    ) {
        match output {
            Output::Persist(mutation) => {
                let record = self.remember(id, mutation);
                context.persist(&record);
            }
            Output::Append(mutation) => {
                let record = self.remember(id, mutation);
                context.append(&record);
            }
            Output::Send(to, envelope) => self.send(to, &envelope, context),
            Output::WakeAt(at) => context.push(Effect::WakeAt(at)),
            Output::Event(event) => self.handle_session_event(id, event, context),
        }
    }

    fn remember(&mut self, id: &[u8; 32], mutation: Mutation) -> Record {
        if let Some(session) = self.sessions.get_mut(id) {
            session.log.push(mutation.clone());
        }
        Record::Signing { wallet: self.id(), session: *id, mutation }
    }

    fn handle_session_event<R: RngCore + CryptoRng>(
        &mut self,
        id: &[u8; 32],
        event: Event,
        context: &mut Context<R>,
    ) {
        match event {
            Event::Decided { .. } | Event::Signing { .. } => self.show(id, context),
            Event::Signed { signatures } => self.show_signed(id, &signatures, context),
            Event::Failed(failure) => {
                if let Failure::Unattributed { signers, .. } = &failure
                    && let Some(owner) = self.sessions.get(id).map(|session| session.signing.proposer())
                    && let Some(reserve) = &mut self.reserve
                {
                    reserve.handle_malformed(owner, signers, context.now);
                }
                context.view(View::RequestFailed {
                    request: hex::encode(id),
                    reason: self.named(&failure.to_string()),
                    culprits: self.member_names(failure.culprits()),
                });
            }
        }
    }

    fn show_signed<R: RngCore + CryptoRng>(
        &self,
        id: &[u8; 32],
        signatures: &[[u8; 64]],
        context: &mut Context<R>,
    ) {
        let Some(session) = self.sessions.get(id) else { return };
        let view = match self.signed_view(id, session, signatures, context.now) {
            Ok(signed) => View::Signed { signed },
            Err(error) => View::RequestFailed {
                request: hex::encode(id),
                reason: format!("signature does not fit the transaction: {error}"),
                culprits: Vec::new(),
            },
        };
        context.view(view);
    }

    fn signed_view(
        &self,
        id: &[u8; 32],
        session: &Session,
        signatures: &[[u8; 64]],
        now: Timestamp,
    ) -> Result<SignedView, chains::ChainError> {
        let Verified { account, keys, unsigned, .. } = &session.verified;
        let signed = chains::attach(unsigned, *keys, signatures)?;
        Ok(SignedView {
            request: hex::encode(id),
            wallet: self.name().to_owned(),
            chain: account.chain,
            network: account.network,
            address: chains::signer(&signed, *keys)?.to_string(),
            public_key: keys.own().to_string(),
            txid: signed.txid().to_owned(),
            encoded: signed.encoded().to_owned(),
            signed: hex::encode(signed.bytes()),
            unsigned: hex::encode(&unsigned.bytes),
            signatures: signatures.iter().map(hex::encode).collect(),
            elapsed: now.since(session.opened),
        })
    }

    fn show<R: RngCore + CryptoRng>(&self, id: &[u8; 32], context: &mut Context<R>) {
        if let Some(session) = self.sessions.get(id) {
            let request = self.request_view(id, session);
            context.view(View::Request { request });
        }
    }

    /// Returns all remembered requests: those that are open first, then by their ends, the latest first.
    pub(crate) fn requests(&self) -> Vec<RequestView> {
        let mut sessions: Vec<_> = self.sessions.iter().collect();
        sessions.sort_by_key(|(_, session)| {
            (!session.signing.is_open(), Reverse(session.signing.task().expires))
        });
        sessions.into_iter().map(|(id, session)| self.request_view(id, session)).collect()
    }

    fn request_view(&self, id: &[u8; 32], session: &Session) -> RequestView {
        let signing = &session.signing;
        let decided = |approved: bool| {
            let ids = signing.decisions().into_iter().filter(move |(_, a)| *a == approved).map(|(id, _)| id);
            self.member_names(&ids.collect::<Vec<_>>())
        };
        let state = match (signing.signatures(), signing.failure()) {
            (Some(_), _) => "signed",
            (None, Some(_)) => "failed",
            (None, None) => "open",
        };
        RequestView {
            id: hex::encode(id),
            wallet: self.name().to_owned(),
            proposer: self.member_name(signing.proposer()),
            chain: signing.task().chain.clone(),
            note: signing.task().note.clone(),
            plain: signing.task().plain,
            review: session.verified.review.clone(),
            approved: decided(true),
            refused: decided(false),
            needed: self.seat.roster().threshold.min_signers(),
            state: state.to_owned(),
            reason: signing.failure().map(|failure| self.named(&failure.to_string())),
            undecided: signing.is_undecided(),
            expires: signing.task().expires,
        }
    }
}
