//! The roster of one key, from the contract's state alone: every participant computes the same.

use std::collections::BTreeMap;

use quorate_primitives::{KeyPurpose, ParticipantId, Threshold, Transcript};
use quorate_session::roster::{Member, Roster, RosterError};
use quorate_transport::{IdentityError, IdentityKey, MemberKey};
use thiserror::Error;

use super::mesh::PeerKey;
use crate::events::{Domain, KeyEventId, Parameters, Purpose, Scheme};

/// Why a key of the contract cannot be held here.
#[derive(Debug, Error)]
pub enum RosterFault {
    /// Neither ECDSA nor Ed25519 for `sign`.
    #[error("domain {0} has a scheme or purpose that this node does not provide")]
    Unsupported(u64),
    /// The threshold is none of this many participants.
    #[error("{threshold} of {members} is no threshold")]
    Threshold {
        /// How many sign.
        threshold: u64,
        /// Of how many.
        members: usize,
    },
    /// The epoch is larger than any.
    #[error("epoch {0} is too large")]
    Epoch(u64),
    /// A participant's key is no Ed25519 key.
    #[error("the key of {account} is refused")]
    Key {
        /// The participant.
        account: String,
        /// Why.
        source: IdentityError,
    },
    /// Two participants are alike.
    #[error("the participants are no group")]
    Roster(#[from] RosterError),
}

/// Returns the roster that makes and holds a key: its participants in the order of their ids.
///
/// # Errors
/// [`RosterFault`] names what the contract asks for and no group can be.
pub fn roster(
    contract: &str,
    event: KeyEventId,
    domain: &Domain,
    parameters: &Parameters,
) -> Result<Roster, RosterFault> {
    let purpose = purpose(domain).ok_or(RosterFault::Unsupported(domain.id))?;
    let (asked, members) = (domain.threshold.unwrap_or(parameters.threshold), parameters.members.len());
    let numbers = u16::try_from(asked).ok().zip(u16::try_from(members).ok());
    let threshold = numbers
        .and_then(|(min, max)| Threshold::new(min, max).ok())
        .ok_or(RosterFault::Threshold { threshold: asked, members })?;
    let members = parameters.members.iter().map(|member| {
        let identity = IdentityKey::from_ed25519(member.tls_key)
            .map_err(|source| RosterFault::Key { account: member.account.clone(), source })?;
        Ok(Member { name: member.account.clone(), identity, relay: MemberKey(member.tls_key) })
    });
    let roster = Roster {
        group: group(contract, event),
        wallet_name: format!("domain {}", domain.id),
        threshold,
        purposes: vec![purpose],
        epoch: u32::try_from(event.epoch).map_err(|_| RosterFault::Epoch(event.epoch))?,
        members: members.collect::<Result<_, RosterFault>>()?,
    };
    roster.check()?;
    Ok(roster)
}

/// Returns what the key of a domain is for; `None` for what this node does not provide.
pub const fn purpose(domain: &Domain) -> Option<KeyPurpose> {
    match (domain.purpose, domain.scheme) {
        (Purpose::Sign, Scheme::Secp256k1) => Some(KeyPurpose::EcdsaSecp256k1),
        (Purpose::Sign, Scheme::Ed25519) => Some(KeyPurpose::Ed25519),
        (Purpose::Unsupported, _) | (_, Scheme::Unsupported) => None,
    }
}

/// Returns who is behind which key.
pub fn peers(roster: &Roster) -> BTreeMap<PeerKey, ParticipantId> {
    roster.participants().map(|(id, member)| (member.identity.signing, id)).collect()
}

/// Two attempts at one key are two groups: nothing of one means anything in the other.
fn group(contract: &str, event: KeyEventId) -> [u8; 32] {
    Transcript::new("chain signatures/key")
        .field("contract", contract.as_bytes())
        .number("epoch", event.epoch)
        .number("domain", event.domain)
        .number("attempt", event.attempt)
        .finish()
}

#[cfg(test)]
mod tests {
    use quorate_primitives::Secret;
    use quorate_transport::DeviceIdentity;

    use super::*;
    use crate::events::MemberId;

    fn parameters(members: u8) -> Parameters {
        let member = |number: u8| crate::events::Member {
            id: MemberId(number.into()),
            account: format!("node{number}.test"),
            url: format!("https://127.0.0.1:{}", 3000 + u16::from(number)),
            tls_key: DeviceIdentity::from_ed25519(&Secret::new([number; 32])).public().signing,
        };
        Parameters { threshold: 2, members: (0..members).map(member).collect() }
    }

    const DOMAIN: Domain =
        Domain { id: 0, scheme: Scheme::Secp256k1, purpose: Purpose::Sign, threshold: None };

    const EVENT: KeyEventId = KeyEventId { epoch: 1, domain: 0, attempt: 0 };

    #[test]
    fn every_attempt_epoch_domain_and_contract_has_a_roster_of_its_own() {
        let parameters = parameters(3);
        let hash = |contract: &str, event| roster(contract, event, &DOMAIN, &parameters).unwrap().hash();
        let others = [
            hash("b.test", EVENT),
            hash("a.test", KeyEventId { epoch: 2, ..EVENT }),
            hash("a.test", KeyEventId { domain: 1, ..EVENT }),
            hash("a.test", KeyEventId { attempt: 1, ..EVENT }),
        ];
        assert!(others.iter().all(|other| *other != hash("a.test", EVENT)));
        assert_eq!(hash("a.test", EVENT), hash("a.test", EVENT));
    }

    #[test]
    fn what_is_no_group_is_refused_by_name() {
        let refused = |domain: Domain, parameters| roster("a.test", EVENT, &domain, &parameters).unwrap_err();
        let other = Domain { scheme: Scheme::Unsupported, ..DOMAIN };
        assert!(matches!(refused(other, parameters(3)), RosterFault::Unsupported(0)));
        for threshold in [0, 4, u64::MAX] {
            let domain = Domain { threshold: Some(threshold), ..DOMAIN };
            assert!(matches!(refused(domain, parameters(3)), RosterFault::Threshold { .. }));
        }
        let mut twice = parameters(3);
        twice.members[1].tls_key = twice.members[0].tls_key;
        assert!(matches!(refused(DOMAIN, twice), RosterFault::Roster(_)));
        let mut low = parameters(3);
        low.members[2].tls_key = [0; 32];
        assert!(matches!(refused(DOMAIN, low), RosterFault::Key { account, .. } if account == "node2.test"));
        let late = KeyEventId { epoch: 1 << 32, ..EVENT };
        assert!(matches!(roster("a.test", late, &DOMAIN, &parameters(3)), Err(RosterFault::Epoch(_))));
    }
}
