//! Domains: independent keys of one network, each for one protocol and purpose.

use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Generation, ValueError};

/// A curve, as later contracts name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Curve {
    /// For ECDSA.
    Secp256k1,
    /// For EdDSA. Earlier contracts say `Ed25519` in domains.
    #[serde(alias = "Ed25519")]
    Edwards25519,
    /// For confidential key derivation, which is read and not served.
    Bls12381,
}

impl fmt::Display for Curve {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Secp256k1 => "secp256k1",
            Self::Edwards25519 => "ed25519",
            Self::Bls12381 => "bls12381",
        })
    }
}

/// A threshold protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Protocol {
    /// ECDSA by oblivious transfer.
    CaitSith,
    /// EdDSA.
    Frost,
    /// Confidential key derivation.
    ConfidentialKeyDerivation,
    /// ECDSA with an honest majority.
    DamgardEtAl,
}

impl Protocol {
    /// Returns the curve of its keys.
    #[must_use]
    pub const fn curve(self) -> Curve {
        match self {
            Self::CaitSith | Self::DamgardEtAl => Curve::Secp256k1,
            Self::Frost => Curve::Edwards25519,
            Self::ConfidentialKeyDerivation => Curve::Bls12381,
        }
    }

    /// Returns the scheme by which the earlier generation names it.
    const fn scheme(self) -> &'static str {
        match self {
            Self::CaitSith => "Secp256k1",
            Self::DamgardEtAl => "V2Secp256k1",
            Self::Frost => "Ed25519",
            Self::ConfidentialKeyDerivation => "Bls12381",
        }
    }
}

/// What a domain's key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Purpose {
    /// Signing what accounts ask for.
    Sign,
    /// Attesting what happened on other chains.
    ForeignTx,
    /// Confidential key derivation.
    #[serde(rename = "CKD")]
    Ckd,
}

/// One domain. Written in the later generation's form; [`Domain::json`] writes either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DomainJson")]
pub struct Domain {
    /// Its id, never given twice.
    pub id: u64,
    /// How its key is made and used.
    pub protocol: Protocol,
    /// How many shares give a signature. The earlier generation has none: there it is the network's threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstruction_threshold: Option<u64>,
    /// What its key is for.
    pub purpose: Purpose,
}

impl Domain {
    /// Returns the JSON of a generation.
    ///
    /// # Errors
    /// [`ValueError::Inexpressible`] when the earlier generation has no word for the purpose, and when the later one
    /// misses the threshold.
    pub fn json(&self, generation: Generation) -> Result<Value, ValueError> {
        let inexpressible = |what| ValueError::Inexpressible { version: generation.version(), what };
        match generation {
            Generation::Earlier if self.purpose != purpose_of(self.protocol) => {
                Err(inexpressible("a domain's purpose"))
            }
            Generation::Earlier => Ok(json!({"id": self.id, "scheme": self.protocol.scheme()})),
            Generation::Later => {
                let threshold = self
                    .reconstruction_threshold
                    .ok_or_else(|| inexpressible("a domain without a reconstruction threshold"))?;
                Ok(json!({
                    "id": self.id,
                    "protocol": self.protocol,
                    "reconstruction_threshold": threshold,
                    "purpose": self.purpose,
                }))
            }
        }
    }
}

/// The domains of a network in the order of their ids, and the id that comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DomainsJson")]
pub struct Domains {
    domains: Vec<Domain>,
    next_domain_id: u64,
}

impl Domains {
    /// Checks that ids rise and stay below the next one.
    ///
    /// # Errors
    /// [`ValueError::DomainOrder`], [`ValueError::IdBeyondNext`]
    pub fn new(domains: Vec<Domain>, next_domain_id: u64) -> Result<Self, ValueError> {
        let mut least = 0;
        for domain in &domains {
            if domain.id < least {
                return Err(ValueError::DomainOrder(domain.id));
            }
            if domain.id >= next_domain_id {
                return Err(ValueError::IdBeyondNext { id: domain.id, next: next_domain_id });
            }
            least = domain.id.saturating_add(1);
        }
        Ok(Self { domains, next_domain_id })
    }

    /// Returns the domain of an id.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.id == id)
    }

    /// Returns the domains.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Domain> {
        self.domains.iter()
    }

    /// Returns the id that the next domain gets. A cancelled id is not given again.
    #[must_use]
    pub const fn next_id(&self) -> u64 {
        self.next_domain_id
    }
}

#[derive(Deserialize)]
struct DomainsJson {
    domains: Vec<Domain>,
    next_domain_id: u64,
}

impl TryFrom<DomainsJson> for Domains {
    type Error = ValueError;

    fn try_from(json: DomainsJson) -> Result<Self, ValueError> {
        Self::new(json.domains, json.next_domain_id)
    }
}

/// Every field that any version has.
#[derive(Deserialize)]
struct DomainJson {
    id: u64,
    scheme: Option<Scheme>,
    curve: Option<Scheme>,
    protocol: Option<Protocol>,
    reconstruction_threshold: Option<u64>,
    purpose: Option<Purpose>,
}

#[derive(Clone, Copy, Deserialize)]
enum Scheme {
    Secp256k1,
    V2Secp256k1,
    #[serde(alias = "Edwards25519")]
    Ed25519,
    Bls12381,
}

impl Scheme {
    const fn protocol(self) -> Protocol {
        match self {
            Self::Secp256k1 => Protocol::CaitSith,
            Self::V2Secp256k1 => Protocol::DamgardEtAl,
            Self::Ed25519 => Protocol::Frost,
            Self::Bls12381 => Protocol::ConfidentialKeyDerivation,
        }
    }
}

impl TryFrom<DomainJson> for Domain {
    type Error = ValueError;

    fn try_from(json: DomainJson) -> Result<Self, ValueError> {
        let named: Vec<Protocol> =
            [json.scheme, json.curve].into_iter().flatten().map(Scheme::protocol).collect();
        let protocol =
            json.protocol.or_else(|| named.first().copied()).ok_or(ValueError::Missing("protocol"))?;
        if let Some(other) = named.iter().find(|other| other.curve() != protocol.curve()) {
            return Err(ValueError::DomainCurve { protocol, curve: other.curve() });
        }
        Ok(Self {
            id: json.id,
            protocol,
            reconstruction_threshold: json.reconstruction_threshold,
            purpose: json.purpose.unwrap_or(purpose_of(protocol)),
        })
    }
}

/// What a domain of a contract without purposes is for.
const fn purpose_of(protocol: Protocol) -> Purpose {
    match protocol {
        Protocol::CaitSith | Protocol::DamgardEtAl | Protocol::Frost => Purpose::Sign,
        Protocol::ConfidentialKeyDerivation => Purpose::Ckd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_of_a_domain_is_read() {
        for (text, protocol, purpose) in [
            (r#"{"id":0,"scheme":"Secp256k1"}"#, Protocol::CaitSith, Purpose::Sign),
            (r#"{"id":0,"scheme":"V2Secp256k1"}"#, Protocol::DamgardEtAl, Purpose::Sign),
            (r#"{"id":0,"scheme":"Bls12381"}"#, Protocol::ConfidentialKeyDerivation, Purpose::Ckd),
            (r#"{"id":0,"scheme":"Ed25519","purpose":"Sign"}"#, Protocol::Frost, Purpose::Sign),
            (r#"{"id":0,"curve":"Edwards25519","purpose":"Sign"}"#, Protocol::Frost, Purpose::Sign),
            (
                r#"{"id":0,"protocol":"DamgardEtAl","curve":"Secp256k1","reconstruction_threshold":2,"purpose":"ForeignTx"}"#,
                Protocol::DamgardEtAl,
                Purpose::ForeignTx,
            ),
        ] {
            let domain: Domain = crate::read(text.as_bytes()).unwrap();
            assert_eq!((domain.protocol, domain.purpose), (protocol, purpose), "{text}");
        }
        for text in [
            r#"{"id":0}"#,
            r#"{"id":0,"scheme":"P256"}"#,
            r#"{"id":0,"protocol":"Frost","curve":"Secp256k1"}"#,
        ] {
            assert!(crate::read::<Domain>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn each_generation_has_its_form() {
        let domain = Domain {
            id: 1,
            protocol: Protocol::Frost,
            reconstruction_threshold: Some(2),
            purpose: Purpose::Sign,
        };
        assert_eq!(domain.json(Generation::Earlier), Ok(json!({"id": 1, "scheme": "Ed25519"})));
        let later = json!({"id": 1, "protocol": "Frost", "reconstruction_threshold": 2, "purpose": "Sign"});
        assert_eq!(domain.json(Generation::Later), Ok(later.clone()));
        assert_eq!(serde_json::to_value(&domain).unwrap(), later);
        let foreign = Domain { purpose: Purpose::ForeignTx, ..domain };
        assert!(foreign.json(Generation::Earlier).is_err());
        let without = Domain { reconstruction_threshold: None, ..foreign };
        assert!(without.json(Generation::Later).is_err());
    }

    #[test]
    fn refuses_domains_out_of_order() {
        for text in [
            r#"{"domains":[{"id":1,"scheme":"Ed25519"},{"id":1,"scheme":"Ed25519"}],"next_domain_id":2}"#,
            r#"{"domains":[{"id":2,"scheme":"Ed25519"}],"next_domain_id":2}"#,
        ] {
            assert!(crate::read::<Domains>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
