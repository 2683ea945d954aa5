//! Who takes part, and how many of them decide.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::{Account, Curve, Generation, PublicKey, ValueError};

/// The most participants that a network may have.
pub const MAX_PARTICIPANTS: usize = 256;

/// Where a participant's node is reached, and by which key it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// The address of the node.
    pub url: String,
    /// The Ed25519 key of its TLS connections; `sign_pk` in the earlier generation.
    #[serde(alias = "sign_pk", deserialize_with = "ed25519_key")]
    pub tls_public_key: PublicKey,
}

impl Participant {
    fn json(&self, generation: Generation) -> Value {
        match generation {
            Generation::Earlier => json!({"url": self.url, "sign_pk": self.tls_public_key}),
            Generation::Later => json!({"url": self.url, "tls_public_key": self.tls_public_key}),
        }
    }
}

fn ed25519_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
    match PublicKey::deserialize(deserializer)? {
        key @ PublicKey::Ed25519(_) => Ok(key),
        PublicKey::Secp256k1(_) => Err(D::Error::custom(ValueError::KeyPoint(Curve::Edwards25519))),
    }
}

/// The participants of a network: no account and no id twice, every id below the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ParticipantsJson")]
pub struct Participants {
    next_id: u32,
    participants: Vec<(Account, u32, Participant)>,
}

impl Participants {
    /// Checks ids and accounts.
    ///
    /// # Errors
    /// [`ValueError::TooManyParticipants`], [`ValueError::RepeatedParticipant`], [`ValueError::IdBeyondNext`]
    pub fn new(participants: Vec<(Account, u32, Participant)>, next_id: u32) -> Result<Self, ValueError> {
        if participants.len() > MAX_PARTICIPANTS {
            return Err(ValueError::TooManyParticipants(participants.len()));
        }
        for (index, (account, id, _)) in participants.iter().enumerate() {
            if *id >= next_id {
                return Err(ValueError::IdBeyondNext { id: u64::from(*id), next: u64::from(next_id) });
            }
            let earlier = || participants.iter().take(index);
            if earlier().any(|(other, other_id, _)| other == account || other_id == id) {
                return Err(ValueError::RepeatedParticipant(account.to_string()));
            }
        }
        Ok(Self { next_id, participants })
    }

    /// Returns account, id and connection of each.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(Account, u32, Participant)> {
        self.participants.iter()
    }

    /// Returns id and connection of an account.
    #[must_use]
    pub fn get(&self, account: &str) -> Option<(u32, &Participant)> {
        self.iter().find(|(name, ..)| name.as_str() == account).map(|(_, id, participant)| (*id, participant))
    }

    /// Returns the account with the lowest id: it leads key events.
    #[must_use]
    pub fn leader(&self) -> Option<&Account> {
        self.iter().min_by_key(|(_, id, _)| *id).map(|(account, ..)| account)
    }

    /// Returns the id that the next participant gets.
    #[must_use]
    pub const fn next_id(&self) -> u32 {
        self.next_id
    }

    fn json(&self, generation: Generation) -> Value {
        let entry = |(account, id, participant): &(Account, u32, Participant)| {
            json!([account, id, participant.json(generation)])
        };
        json!({"next_id": self.next_id, "participants": self.iter().map(entry).collect::<Vec<_>>()})
    }
}

#[derive(Deserialize)]
struct ParticipantsJson {
    next_id: u32,
    participants: Vec<(Account, u32, Participant)>,
}

impl TryFrom<ParticipantsJson> for Participants {
    type Error = ValueError;

    fn try_from(json: ParticipantsJson) -> Result<Self, ValueError> {
        Self::new(json.participants, json.next_id)
    }
}

/// Participants and the number of them that decide. Written in the later generation's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// Who takes part.
    pub participants: Participants,
    /// How many decide.
    pub threshold: u64,
}

impl Parameters {
    /// Checks the contract's rule: at least 2, at least three fifths, at most all.
    ///
    /// # Errors
    /// [`ValueError::Threshold`]
    pub fn check_threshold(&self) -> Result<(), ValueError> {
        let participants = self.participants.iter().len() as u64;
        let least = participants.saturating_mul(3).div_ceil(5).max(2);
        if (least..=participants).contains(&self.threshold) {
            return Ok(());
        }
        Err(ValueError::Threshold { threshold: self.threshold, least, participants })
    }

    /// Returns the JSON of a generation.
    #[must_use]
    pub fn json(&self, generation: Generation) -> Value {
        json!({"participants": self.participants.json(generation), "threshold": self.threshold})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ed25519:6NsSnDe33StXL77UCg9J3eWmLL5fe6UsxTTujrGzZ2Eq";

    const ECDSA: &str =
        "secp256k1:3PsZsvCDaDgG99DinUdnvrh22BYtXBWXZ7tNCboGUS6VangNYEcTLjKubkDQEhJFcP5yKsFRTthYVYnp5XkAVoZu";

    fn parameters(count: u32, threshold: u64) -> Parameters {
        let participant = Participant { url: "https://a:1".into(), tls_public_key: KEY.parse().unwrap() };
        let entry = |id| (format!("n{id}.near").parse().unwrap(), id, participant.clone());
        let participants = Participants::new((0..count).map(entry).collect(), count).unwrap();
        Parameters { participants, threshold }
    }

    #[test]
    fn both_generations_are_read() {
        let parameters = parameters(3, 2);
        for (generation, field) in [(Generation::Earlier, "sign_pk"), (Generation::Later, "tls_public_key")] {
            let json = parameters.json(generation);
            assert_eq!(json["participants"]["participants"][2][2][field], KEY);
            assert_eq!(crate::read::<Parameters>(json.to_string().as_bytes()).unwrap(), parameters);
        }
        assert_eq!(serde_json::to_value(&parameters).unwrap(), parameters.json(Generation::Later));
        assert_eq!(parameters.participants.leader().unwrap().as_str(), "n0.near");
    }

    #[test]
    fn thresholds_are_three_fifths_at_least() {
        for (participants, least) in [(2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 5), (8, 5)] {
            for threshold in 0..=u64::from(participants) + 1 {
                let allowed = (least..=u64::from(participants)).contains(&threshold);
                assert_eq!(parameters(participants, threshold).check_threshold().is_ok(), allowed);
            }
        }
        assert!(parameters(1, 1).check_threshold().is_err());
        assert!(parameters(3, u64::MAX).check_threshold().is_err());
    }

    #[test]
    fn refuses_repeated_and_unborn_participants() {
        let participant = json!({"url": "u", "tls_public_key": KEY});
        for participants in [
            json!([["aa", 0, participant], ["aa", 1, participant]]),
            json!([["aa", 0, participant], ["bb", 0, participant]]),
            json!([["aa", 2, participant]]),
            json!([["A", 0, participant]]),
            json!([["aa", 0, {"url": "u"}]]),
            json!([["aa", 0, {"url": "u", "tls_public_key": ECDSA}]]),
            json!([["aa", 0, {"url": "u", "tls_public_key": KEY, "sign_pk": KEY}]]),
        ] {
            let json = json!({"next_id": 2, "participants": participants}).to_string();
            assert!(crate::read::<Participants>(json.as_bytes()).is_err(), "{json}");
        }
    }
}
