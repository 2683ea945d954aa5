//! The arguments of calls, in the form that a contract's generation takes.

use serde_json::{Value, json};

use crate::{
    Domain, Generation, KeyEventId, Parameters, PendingRequest, PublicKey, SignRequest, Signature, ValueError,
};

/// Arguments of `init`; `config` holds the settings that differ from the defaults.
#[must_use]
pub fn init(parameters: &Parameters, config: Option<&Value>, generation: Generation) -> Value {
    json!({"parameters": parameters.json(generation), "init_config": config})
}

/// Arguments of `sign`; both generations take the current form.
#[must_use]
pub fn sign(request: &SignRequest) -> Value {
    json!({"request": request})
}

/// Arguments of `respond`.
#[must_use]
pub fn respond(request: &PendingRequest, signature: &Signature, generation: Generation) -> Value {
    json!({"request": request, "response": signature.json(generation)})
}

/// Arguments of `vote_add_domains`.
///
/// # Errors
/// [`ValueError::Inexpressible`] for a domain that the generation cannot name.
pub fn vote_add_domains(domains: &[Domain], generation: Generation) -> Result<Value, ValueError> {
    let domains = domains.iter().map(|domain| domain.json(generation)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"domains": domains}))
}

/// Arguments of `vote_cancel_keygen`.
#[must_use]
pub fn vote_cancel_keygen(next_domain_id: u64) -> Value {
    json!({"next_domain_id": next_domain_id})
}

/// Arguments of `vote_new_parameters`. The thresholds of domains are left as they are.
#[must_use]
pub fn vote_new_parameters(epoch_id: u64, parameters: &Parameters, generation: Generation) -> Value {
    let parameters = parameters.json(generation);
    let proposal = match generation {
        Generation::Earlier => parameters,
        Generation::Later => json!({"parameters": parameters, "per_domain_thresholds": {}}),
    };
    json!({"prospective_epoch_id": epoch_id, "proposal": proposal})
}

/// Arguments of `start_keygen_instance`, `start_reshare_instance`, `vote_reshared` and `vote_abort_key_event_instance`.
#[must_use]
pub fn key_event(id: KeyEventId) -> Value {
    json!({"key_event_id": id})
}

/// Arguments of `vote_pk`.
#[must_use]
pub fn vote_pk(id: KeyEventId, key: &PublicKey) -> Value {
    json!({"key_event_id": id, "public_key": key})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Participants, Payload, Protocol, Purpose};

    #[test]
    fn calls_have_the_form_of_their_generation() {
        let parameters = Parameters { participants: Participants::new(Vec::new(), 0).unwrap(), threshold: 2 };
        let earlier = vote_new_parameters(3, &parameters, Generation::Earlier);
        let later = vote_new_parameters(3, &parameters, Generation::Later);
        assert_eq!(earlier["prospective_epoch_id"], 3);
        assert_eq!(earlier["proposal"]["threshold"], 2);
        assert_eq!(later["proposal"]["parameters"], earlier["proposal"]);
        assert_eq!(later["proposal"]["per_domain_thresholds"], json!({}));
        assert_eq!(init(&parameters, None, Generation::Later)["init_config"], Value::Null);

        let domain = Domain {
            id: 0,
            protocol: Protocol::CaitSith,
            reconstruction_threshold: Some(2),
            purpose: Purpose::Sign,
        };
        let domains = vote_add_domains(&[domain], Generation::Earlier);
        assert_eq!(domains, Ok(json!({"domains": [{"id": 0, "scheme": "Secp256k1"}]})));
    }

    #[test]
    fn respond_repeats_the_request_as_it_is_kept() {
        let request = SignRequest { path: "p".to_owned(), payload: Payload::Eddsa(vec![0xab]), domain_id: 1 };
        let pending = request.pending("a.near");
        let args = respond(&pending, &Signature::Ed25519([0; 64]), Generation::Later);
        assert_eq!(args["request"]["payload"], json!({"Eddsa": "ab"}));
        assert_eq!(args["request"]["tweak"].as_array().unwrap().len(), 32);
        assert_eq!(serde_json::from_value::<PendingRequest>(args["request"].clone()).unwrap(), pending);
    }
}
