//! A member under the test's control, written from `docs/protocols/dkg.md` alone. It is honest until told otherwise,
//! speaks after everybody else, and tells each member what fits that member's view.

use std::collections::BTreeMap;
use std::rc::Rc;

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use frost_core::{Field, Group};
use quorate_primitives::encoding::body_bytes;
use quorate_primitives::{HedgedRng, KeyPurpose, ParticipantId, Secret, Transcript};
use quorate_threshold::dkg::{
    Announcement, Commitment, Complaint, Dealing, Echo, KeyDealing, PossessionProof, SealedShares, Terms,
};
use quorate_threshold::suite::{Curve, Ed25519, Secp256k1};
use x25519_dalek::{PublicKey, StaticSecret};

use super::harness::{Message, World, bytes, only};

/// Runs `$body` with `$curve` naming the curve of a purpose.
macro_rules! on_curve {
    ($purpose:expr, $curve:ident => $body:expr) => {
        match $purpose {
            KeyPurpose::Ed25519 => {
                type $curve = Ed25519;
                $body
            }
            KeyPurpose::EcdsaSecp256k1 | KeyPurpose::Bip340Secp256k1 => {
                type $curve = Secp256k1;
                $body
            }
        }
    };
}
pub(super) use on_curve;

type AmendDealing = dyn Fn(&[u8; 32], &mut Dealing);
type AmendShares = dyn Fn(ParticipantId, &mut Vec<[u8; 32]>);

#[derive(Clone)]
pub struct Puppet {
    pub me: ParticipantId,
    pub announcement: Announcement,
    pub polynomials: BTreeMap<KeyPurpose, Vec<[u8; 32]>>,
    pub chain_code_part: [u8; 32],
    /// What happens to its dealing of a session before it commits to it.
    pub amend_dealing: Rc<AmendDealing>,
    /// What happens to the fields for a recipient before they are sealed.
    pub amend_shares: Rc<AmendShares>,
    seed: u64,
}

impl Puppet {
    pub fn new(me: ParticipantId, terms: Terms, seed: u64) -> Self {
        let t = terms.threshold.min_signers();
        let polynomials =
            terms.purposes.iter().map(|purpose| (*purpose, scalars(*purpose, t, seed))).collect();
        let mut puppet = Self {
            me,
            announcement: Announcement { terms, nonce: bytes(seed, "nonce"), ephemeral_keys: Vec::new() },
            polynomials,
            chain_code_part: bytes(seed, "chain code"),
            amend_dealing: Rc::new(|_, _| {}),
            amend_shares: Rc::new(|_, _| {}),
            seed,
        };
        let others = puppet.announcement.terms.threshold.participants().filter(|other| *other != me);
        puppet.announcement.ephemeral_keys =
            others.map(|other| PublicKey::from(&puppet.ephemeral_secret(other)).to_bytes()).collect();
        puppet
    }

    pub fn ephemeral_secret(&self, dealer: ParticipantId) -> StaticSecret {
        StaticSecret::from(bytes(self.seed, &format!("{} from {dealer}", self.me)))
    }

    pub fn complain(&self, dealer: ParticipantId) -> Complaint {
        Complaint { dealer, opened_secret: Secret::new(self.ephemeral_secret(dealer).to_bytes()) }
    }

    /// Says what fits the view of `to`; `None` once there is nothing to fit it to.
    pub fn say(&self, flight: u8, to: ParticipantId, world: &World) -> Option<Message> {
        if flight == 0 {
            return Some(Message::Announcement(self.announcement.clone()));
        }
        if flight > 4 {
            return None;
        }
        world.0.keys().find(|(f, from, _)| *f == flight && *from == to)?;
        let session = session(world, to);
        Some(match flight {
            1 => Message::Commitment(commitment(&session, self.me, &self.dealing(&session))),
            2 => {
                let commitments_seen = list_hash("dkg/commitments", &session, world, to, 1);
                Message::Dealing(Dealing { commitments_seen, ..self.dealing(&session) })
            }
            3 => Message::Echo(Echo { dealings_seen: list_hash("dkg/dealings", &session, world, to, 2) }),
            _ => Message::Shares(self.shares(to, world)),
        })
    }

    pub fn dealing(&self, session: &[u8; 32]) -> Dealing {
        let deal = |(purpose, polynomial): (&KeyPurpose, &Vec<[u8; 32]>)| KeyDealing {
            purpose: *purpose,
            coefficients: commit(*purpose, polynomial),
            proof: prove(session, *purpose, self.me, &polynomial[0], &scalars(*purpose, 1, self.seed + 1)[0]),
        };
        let part = Transcript::new("dkg/chain-code-part")
            .field("session", session)
            .number("dealer", u64::from(self.me.get()))
            .field("part", &self.chain_code_part);
        let mut dealing = Dealing {
            keys: self.polynomials.iter().map(deal).collect(),
            chain_code_hash: part.finish(),
            blind: bytes(self.seed, "blind"),
            commitments_seen: [0; 32],
        };
        (self.amend_dealing)(session, &mut dealing);
        dealing
    }

    fn shares(&self, to: ParticipantId, world: &World) -> SealedShares {
        let mut fields: Vec<_> =
            self.polynomials.iter().map(|(purpose, polynomial)| evaluate(*purpose, polynomial, to)).collect();
        fields.push(self.chain_code_part);
        (self.amend_shares)(to, &mut fields);
        let dealer_secret = StaticSecret::from(bytes(self.seed, &format!("sealing to {to}")));
        seal(world, self.me, to, &dealer_secret, PublicKey::from(&dealer_secret).to_bytes(), &fields.concat())
    }
}

/// The session id as a member sees it.
pub fn session(world: &World, member: ParticipantId) -> [u8; 32] {
    let list: Vec<_> =
        world.seen_by(member, 0).into_values().map(|m| body_bytes(&only!(m, Announcement))).collect();
    Transcript::new("dkg/session").list("announcements", list).finish()
}

pub fn commitment(session: &[u8; 32], dealer: ParticipantId, dealing: &Dealing) -> Commitment {
    let hash = Transcript::new("dkg/commitment")
        .field("session", session)
        .number("dealer", u64::from(dealer.get()))
        .field("keys", &body_bytes(&dealing.keys))
        .field("chain code", &dealing.chain_code_hash)
        .field("blind", &dealing.blind)
        .finish();
    Commitment { hash }
}

fn list_hash(
    label: &'static str,
    session: &[u8; 32],
    world: &World,
    member: ParticipantId,
    flight: u8,
) -> [u8; 32] {
    let mut transcript = Transcript::new(label).field("session", session);
    for (sender, message) in world.seen_by(member, flight) {
        // The borsh enum's tag is ours, not the protocol's.
        transcript =
            transcript.number("sender", u64::from(sender.get())).field("message", &body_bytes(&message)[1..]);
    }
    transcript.finish()
}

/// Seals to the view of `to`, under any spelling of the dealer's key.
pub fn seal(
    world: &World,
    dealer: ParticipantId,
    to: ParticipantId,
    dealer_secret: &StaticSecret,
    dealer_key: [u8; 32],
    plaintext: &[u8],
) -> SealedShares {
    let recipient_key = announced_key(world, to, dealer);
    let cipher = cipher(world, dealer, to, &dealer_key, dealer_secret, &recipient_key);
    SealedShares { dealer_key, ciphertext: cipher.encrypt(&Nonce::default(), plaintext).unwrap() }
}

/// Opens what `dealer` sealed for `to` with somebody's secret, if that is the right one.
pub fn open(world: &World, dealer: ParticipantId, to: ParticipantId, secret: &[u8; 32]) -> Option<Vec<u8>> {
    let sealed = only!(&world.0[&(4, dealer, to)], Shares);
    let secret = StaticSecret::from(*secret);
    let from_dealer = cipher(world, dealer, to, &sealed.dealer_key, &secret, &sealed.dealer_key);
    let from_recipient =
        cipher(world, dealer, to, &sealed.dealer_key, &secret, &announced_key(world, to, dealer));
    let open =
        |cipher: ChaCha20Poly1305| cipher.decrypt(&Nonce::default(), sealed.ciphertext.as_slice()).ok();
    open(from_dealer).or_else(|| open(from_recipient))
}

fn announced_key(world: &World, recipient: ParticipantId, dealer: ParticipantId) -> [u8; 32] {
    let announced = only!(&world.seen_by(recipient, 0)[&recipient], Announcement).clone();
    let mut others = announced.terms.threshold.participants().filter(|id| *id != recipient);
    announced.ephemeral_keys[others.position(|id| id == dealer).unwrap()]
}

fn cipher(
    world: &World,
    dealer: ParticipantId,
    recipient: ParticipantId,
    dealer_key: &[u8; 32],
    secret: &StaticSecret,
    other_key: &[u8; 32],
) -> ChaCha20Poly1305 {
    let key = Transcript::new("dkg/lane")
        .field("dealings", &list_hash("dkg/dealings", &session(world, recipient), world, recipient, 2))
        .number("dealer", u64::from(dealer.get()))
        .number("recipient", u64::from(recipient.get()))
        .field("dealer key", dealer_key)
        .field("recipient key", &announced_key(world, recipient, dealer))
        .field("shared", secret.diffie_hellman(&PublicKey::from(*other_key)).as_bytes())
        .finish();
    ChaCha20Poly1305::new(Key::from_slice(&key))
}

/// Draws scalars of a purpose's curve.
pub fn scalars(purpose: KeyPurpose, count: u16, seed: u64) -> Vec<[u8; 32]> {
    on_curve!(purpose, C => {
        let mut rng = HedgedRng::new(&bytes(seed, "scalars"), b"", purpose.label().as_bytes());
        (0..count).map(|_| C::scalar_to_bytes(&C::random_scalar(&mut rng))).collect()
    })
}

pub fn minus_one(purpose: KeyPurpose) -> [u8; 32] {
    on_curve!(purpose, C => C::scalar_to_bytes(&-C::scalar_from_u16(1)))
}

pub fn commit(purpose: KeyPurpose, coefficients: &[[u8; 32]]) -> Vec<Vec<u8>> {
    on_curve!(purpose, C => {
        let point = |c| C::point_to_bytes(&C::mul_base(&C::scalar_from_bytes(c).unwrap())).unwrap();
        coefficients.iter().map(point).collect()
    })
}

/// Returns f(x), power by power.
pub fn evaluate(purpose: KeyPurpose, coefficients: &[[u8; 32]], at: ParticipantId) -> [u8; 32] {
    on_curve!(purpose, C => {
        let (mut sum, mut power) = (<<<C as frost_core::Ciphersuite>::Group as Group>::Field as Field>::zero(), C::scalar_from_u16(1));
        for coefficient in coefficients {
            sum += C::scalar_from_bytes(coefficient).unwrap() * power;
            power *= C::scalar_from_u16(at.get());
        }
        C::scalar_to_bytes(&sum)
    })
}

pub fn prove(
    session: &[u8; 32],
    purpose: KeyPurpose,
    dealer: ParticipantId,
    secret: &[u8; 32],
    nonce: &[u8; 32],
) -> PossessionProof {
    prove_as(purpose, session, purpose, dealer, secret, nonce)
}

/// Proves on the curve of `purpose` what it claims to be for another.
pub fn prove_as(
    claimed: KeyPurpose,
    session: &[u8; 32],
    purpose: KeyPurpose,
    dealer: ParticipantId,
    secret: &[u8; 32],
    nonce: &[u8; 32],
) -> PossessionProof {
    let commitment = commit(purpose, &[*nonce]).remove(0);
    let wide = Transcript::new("dkg/possession")
        .field("session", session)
        .field("purpose", claimed.label().as_bytes())
        .number("dealer", u64::from(dealer.get()))
        .field("C_0", &commit(purpose, &[*secret])[0])
        .field("R", &commitment)
        .finish_wide();
    on_curve!(purpose, C => {
        let (secret, nonce) = (C::scalar_from_bytes(secret).unwrap(), C::scalar_from_bytes(nonce).unwrap());
        let response = C::scalar_to_bytes(&(nonce + C::hash_to_scalar(&wide) * secret));
        PossessionProof { commitment, response }
    })
}
