//! `state()`, of every version that is served.

use serde::Deserialize;
use serde_json::Value;

use super::{ViewFault, read};
use crate::events::{
    Domain, DomainKey, DomainKeyBytes, Initializing, Instance, KeyEvent, Keyset, Member, MemberId,
    Parameters, Phase, Purpose, Resharing, Running, Scheme,
};
use crate::near::key::parse_public;

const VIEW: &str = "state";

/// Participants that a network may have.
const MAX_PARTICIPANTS: usize = 256;

/// Domains that a network may have.
const MAX_DOMAINS: usize = 256;

#[derive(Deserialize)]
enum StateJson {
    NotInitialized,
    Initializing(InitializingJson),
    Running(RunningJson),
    Resharing(ResharingJson),
}

#[derive(Deserialize)]
struct InitializingJson {
    domains: DomainsJson,
    epoch_id: u64,
    generated_keys: Vec<KeyJson>,
    generating_key: EventJson,
}

#[derive(Deserialize)]
struct RunningJson {
    domains: DomainsJson,
    keyset: KeysetJson,
    parameters: ParametersJson,
}

#[derive(Deserialize)]
struct ResharingJson {
    previous_running_state: RunningJson,
    reshared_keys: Vec<KeyJson>,
    resharing_key: EventJson,
}

#[derive(Deserialize)]
struct DomainsJson {
    domains: Vec<DomainJson>,
}

#[derive(Deserialize)]
struct DomainJson {
    id: u64,
    #[serde(default)]
    scheme: Option<String>,
    #[serde(default)]
    curve: Option<String>,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    reconstruction_threshold: Option<u64>,
}

#[derive(Deserialize)]
struct KeysetJson {
    epoch_id: u64,
    domains: Vec<KeyJson>,
}

#[derive(Deserialize)]
struct KeyJson {
    domain_id: u64,
    key: Value,
    attempt: u64,
}

#[derive(Deserialize)]
struct EventJson {
    epoch_id: u64,
    domain: DomainJson,
    parameters: ParametersJson,
    #[serde(default)]
    instance: Option<InstanceJson>,
    next_attempt_id: u64,
}

#[derive(Deserialize)]
struct InstanceJson {
    attempt_id: u64,
    started_in: u64,
    expires_on: u64,
    completed: Vec<Value>,
    #[serde(default)]
    public_key: Value,
}

#[derive(Deserialize)]
struct ParametersJson {
    threshold: u64,
    participants: ParticipantsJson,
}

#[derive(Deserialize)]
struct ParticipantsJson {
    participants: Vec<(String, u32, ParticipantJson)>,
}

#[derive(Deserialize)]
struct ParticipantJson {
    url: String,
    #[serde(alias = "sign_pk")]
    tls_public_key: String,
}

/// Reads `state`.
///
/// # Errors
/// [`ViewFault`]
pub fn read_state(answer: &[u8]) -> Result<Phase, ViewFault> {
    Ok(match read::<StateJson>(VIEW, answer)? {
        StateJson::NotInitialized => Phase::NotInitialized,
        StateJson::Running(running) => Phase::Running(running_of(running)?),
        StateJson::Initializing(json) => {
            let domains = domains_of(&json.domains)?;
            let keys = keys_of(json.generated_keys, &domains)?;
            let keyset = Keyset { epoch: json.epoch_id, keys };
            Phase::Initializing(Initializing { keyset, event: event_of(json.generating_key)? })
        }
        StateJson::Resharing(json) => {
            let domains = domains_of(&json.previous_running_state.domains)?;
            let reshared = keys_of(json.reshared_keys, &domains)?;
            let previous = running_of(json.previous_running_state)?;
            Phase::Resharing(Resharing { previous, reshared, event: event_of(json.resharing_key)? })
        }
    })
}

fn running_of(json: RunningJson) -> Result<Running, ViewFault> {
    let domains = domains_of(&json.domains)?;
    let keys = keys_of(json.keyset.domains, &domains)?;
    let keyset = Keyset { epoch: json.keyset.epoch_id, keys };
    Ok(Running { keyset, parameters: parameters_of(json.parameters)? })
}

fn event_of(json: EventJson) -> Result<KeyEvent, ViewFault> {
    Ok(KeyEvent {
        epoch: json.epoch_id,
        domain: domain_of(&json.domain),
        parameters: parameters_of(json.parameters)?,
        instance: json.instance.as_ref().map(instance_of),
        next_attempt: json.next_attempt_id,
    })
}

fn instance_of(json: &InstanceJson) -> Instance {
    let member = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok()).map(MemberId);
    Instance {
        attempt: json.attempt_id,
        started: json.started_in,
        expires: json.expires_on,
        completed: json.completed.iter().filter_map(member).collect(),
        key: if json.public_key.is_null() { None } else { Some(key_of(&json.public_key)) },
    }
}

fn domains_of(json: &DomainsJson) -> Result<Vec<Domain>, ViewFault> {
    let count = json.domains.len();
    if count > MAX_DOMAINS {
        return Err(ViewFault::TooMany { what: "domains", count });
    }
    Ok(json.domains.iter().map(domain_of).collect())
}

fn domain_of(json: &DomainJson) -> Domain {
    let scheme = match (json.protocol.as_deref(), json.scheme.as_deref().or(json.curve.as_deref())) {
        (Some("CaitSith"), _) | (None, Some("Secp256k1")) => Scheme::Secp256k1,
        (Some("Frost"), _) | (None, Some("Ed25519" | "Edwards25519")) => Scheme::Ed25519,
        _ => Scheme::Unsupported,
    };
    let purpose = match json.purpose.as_deref() {
        // Versions without purposes know only this one for schemes that sign.
        None | Some("Sign") => Purpose::Sign,
        Some(_) => Purpose::Unsupported,
    };
    Domain { id: json.id, scheme, purpose, threshold: json.reconstruction_threshold }
}

fn keys_of(json: Vec<KeyJson>, domains: &[Domain]) -> Result<Vec<DomainKey>, ViewFault> {
    json.into_iter()
        .map(|entry| {
            let domain = domains
                .iter()
                .find(|domain| domain.id == entry.domain_id)
                .ok_or(ViewFault::UnknownDomain { domain: entry.domain_id })?;
            Ok(DomainKey { domain: domain.clone(), attempt: entry.attempt, key: key_of(&entry.key) })
        })
        .collect()
}

/// A key is a text, or an object with that text inside.
fn key_of(value: &Value) -> DomainKeyBytes {
    let text = value
        .as_str()
        .or_else(|| value.pointer("/Secp256k1/near_public_key").and_then(Value::as_str))
        .or_else(|| value.pointer("/Ed25519/near_public_key_compressed").and_then(Value::as_str))
        .unwrap_or_default();
    if let Some(key) = parse_public(text) {
        return DomainKeyBytes::Ed25519(key);
    }
    let point = text.strip_prefix("secp256k1:").filter(|rest| rest.len() <= 88);
    match point.and_then(|rest| bs58::decode(rest).into_vec().ok()).map(<[u8; 64]>::try_from) {
        Some(Ok(key)) => DomainKeyBytes::Secp256k1(key),
        Some(Err(_)) | None => DomainKeyBytes::Unsupported,
    }
}

fn parameters_of(json: ParametersJson) -> Result<Parameters, ViewFault> {
    let count = json.participants.participants.len();
    if count > MAX_PARTICIPANTS {
        return Err(ViewFault::TooMany { what: "participants", count });
    }
    let mut members = json
        .participants
        .participants
        .into_iter()
        .map(|(account, id, participant)| match parse_public(&participant.tls_public_key) {
            Some(tls_key) => Ok(Member { id: MemberId(id), account, url: participant.url, tls_key }),
            None => Err(ViewFault::ParticipantKey { account }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    members.sort_by_key(|member| member.id);
    Ok(Parameters { threshold: json.threshold, members })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::near::key::public_text;

    const ROOT: &str =
        "secp256k1:3PsZsvCDaDgG99DinUdnvrh22BYtXBWXZ7tNCboGUS6VangNYEcTLjKubkDQEhJFcP5yKsFRTthYVYnp5XkAVoZu";

    fn participants(field: &str) -> Value {
        let one = |id: u32| json!([format!("n{id}.near"), id, {"url": "https://n:1", field: public_text(&[3; 32])}]);
        json!({"threshold": 2, "participants": {"next_id": 3, "participants": [one(2), one(0)]}})
    }

    fn running(field: &str, domains: &Value) -> Value {
        json!({
            "domains": {"domains": domains, "next_domain_id": 2},
            "keyset": {"epoch_id": 4, "domains": [
                {"domain_id": 0, "key": {"Secp256k1": {"near_public_key": ROOT}}, "attempt": 1},
                {"domain_id": 1, "key": {"Ed25519": {"near_public_key_compressed": public_text(&[5; 32]),
                    "edwards_point": [1]}}, "attempt": 0},
            ]},
            "parameters": participants(field),
            "parameters_votes": {"proposal_by_account": {}},
            "previously_cancelled_resharing_epoch_id": null,
        })
    }

    fn read(value: &Value) -> Phase {
        read_state(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn both_generations_give_one_view() {
        let earlier = json!([{"id": 0, "scheme": "Secp256k1"}, {"id": 1, "scheme": "Ed25519"}]);
        let later = json!([
            {"id": 0, "protocol": "CaitSith", "reconstruction_threshold": 2, "purpose": "Sign"},
            {"id": 1, "protocol": "Frost", "reconstruction_threshold": 2, "purpose": "Sign", "curve": "x"},
        ]);
        let Phase::Running(mut first) = read(&json!({"Running": running("sign_pk", &earlier)})) else {
            panic!("running")
        };
        let Phase::Running(second) = read(&json!({"Running": running("tls_public_key", &later)})) else {
            panic!("running")
        };
        for key in &mut first.keyset.keys {
            assert_eq!(key.domain.threshold.replace(2), None);
        }
        assert_eq!(first, second);
        assert_eq!(first.parameters.leader().unwrap().account, "n0.near");
        assert!(matches!(first.keyset.keys[0].key, DomainKeyBytes::Secp256k1(_)));
        assert_eq!(first.keyset.keys[1].key, DomainKeyBytes::Ed25519([5; 32]));
    }

    #[test]
    fn h3_schemes_and_purposes_that_are_not_provided_are_marked() {
        for (domain, scheme, purpose) in [
            (json!({"id": 0, "scheme": "V2Secp256k1"}), Scheme::Unsupported, Purpose::Sign),
            (json!({"id": 0, "scheme": "Bls12381"}), Scheme::Unsupported, Purpose::Sign),
            (
                json!({"id": 0, "protocol": "DamgardEtAl", "purpose": "Sign"}),
                Scheme::Unsupported,
                Purpose::Sign,
            ),
            (
                json!({"id": 0, "protocol": "CaitSith", "purpose": "ForeignTx"}),
                Scheme::Secp256k1,
                Purpose::Unsupported,
            ),
            (json!({"id": 0, "curve": "Edwards25519", "purpose": "Sign"}), Scheme::Ed25519, Purpose::Sign),
        ] {
            let read = domain_of(&serde_json::from_value(domain).unwrap());
            assert_eq!((read.scheme, read.purpose), (scheme, purpose));
        }
    }

    #[test]
    fn key_events_are_read_with_and_without_an_instance() {
        let event = |instance: Value| {
            json!({"epoch_id": 0, "domain": {"id": 1, "scheme": "Ed25519"}, "parameters": participants("sign_pk"),
                "instance": instance, "next_attempt_id": 1})
        };
        let initializing = |instance| {
            json!({"Initializing": {
                "domains": {"domains": [{"id": 0, "scheme": "Secp256k1"}, {"id": 1, "scheme": "Ed25519"}], "next_domain_id": 2},
                "epoch_id": 0,
                "generated_keys": [{"domain_id": 0, "key": {"Secp256k1": {"near_public_key": ROOT}}, "attempt": 0}],
                "generating_key": event(instance), "cancel_votes": []}})
        };
        let instance = json!({"attempt_id": 0, "started_in": 7, "expires_on": 37, "completed": [0, 2],
            "public_key": public_text(&[5; 32])});
        let Phase::Initializing(state) = read(&initializing(instance)) else { panic!("initializing") };
        assert_eq!(state.keyset.keys.len(), 1);
        assert_eq!(state.event.running(), Some(state.event.id_of(0)));
        let instance = state.event.instance.unwrap();
        assert_eq!(instance.completed, [MemberId(0), MemberId(2)]);
        assert_eq!(instance.key, Some(DomainKeyBytes::Ed25519([5; 32])));
        let Phase::Initializing(state) = read(&initializing(Value::Null)) else { panic!("initializing") };
        assert_eq!(state.event.running(), None);
        assert_eq!(state.event.next_attempt, 1);
        let domains = json!([{"id": 0, "scheme": "Secp256k1"}, {"id": 1, "scheme": "Ed25519"}]);
        let resharing = json!({"Resharing": {"previous_running_state": running("sign_pk", &domains),
            "reshared_keys": [], "resharing_key": event(Value::Null), "cancellation_requests": []}});
        assert!(matches!(read(&resharing), Phase::Resharing(_)));
        assert_eq!(read(&json!("NotInitialized")), Phase::NotInitialized);
    }

    #[test]
    fn states_that_do_not_fit_are_named() {
        let orphan = json!({"Running": running("sign_pk", &json!([{"id": 0, "scheme": "Secp256k1"}]))});
        let fault = read_state(orphan.to_string().as_bytes());
        assert_eq!(fault, Err(ViewFault::UnknownDomain { domain: 1 }));
        let mut foreign = running("sign_pk", &json!([{"id": 0}, {"id": 1}]));
        foreign["parameters"]["participants"]["participants"][0][2]["sign_pk"] = json!(ROOT);
        let fault = read_state(json!({"Running": foreign}).to_string().as_bytes());
        assert_eq!(fault, Err(ViewFault::ParticipantKey { account: "n2.near".into() }));
        assert!(matches!(read_state(b"{\"Paused\":{}}"), Err(ViewFault::Malformed { .. })));
    }
}
