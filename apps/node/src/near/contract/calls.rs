//! The calls a node makes, as each generation takes them.

use serde_json::{Value, json};

use super::Generation;
use crate::events::{ChainCommand, DomainKeyBytes, KeyEventId, Signature};
use crate::near::key::public_text;
use crate::near::requests::RequestKey;
use crate::near::transaction::Call;

/// Returns the call of a command; `request` is what a `Respond` answers. `None` for keys no node of ours makes, and for an
/// answer to nothing.
#[must_use]
pub fn call_of(command: &ChainCommand, request: Option<&RequestKey>, generation: Generation) -> Option<Call> {
    Some(match command {
        ChainCommand::Respond { signature, .. } => {
            let args = json!({"request": request?.to_json(), "response": response(signature, generation)});
            call("respond", &args)
        }
        ChainCommand::VotePublicKey { event, key } => {
            call("vote_pk", &json!({"key_event_id": event_id(event), "public_key": key_text(key)?}))
        }
        ChainCommand::StartKeygen(event) => key_event("start_keygen_instance", event),
        ChainCommand::StartReshare(event) => key_event("start_reshare_instance", event),
        ChainCommand::VoteReshared(event) => key_event("vote_reshared", event),
        ChainCommand::AbortKeyEvent(event) => key_event("vote_abort_key_event_instance", event),
    })
}

/// Returns the call that attests the node's connection key, and makes the signing key the one that the contract listens to.
#[must_use]
pub fn participant_info(tls: &[u8; 32]) -> Call {
    let args =
        json!({"proposed_participant_attestation": {"Mock": "Valid"}, "tls_public_key": public_text(tls)});
    call("submit_participant_info", &args)
}

/// Returns the call that has the contract look through all attestations.
#[must_use]
pub fn verify_tee() -> Call {
    call("verify_tee", &json!({}))
}

fn call(method: &'static str, args: &Value) -> Call {
    Call { method, args: args.to_string().into_bytes() }
}

fn key_event(method: &'static str, event: &KeyEventId) -> Call {
    call(method, &json!({"key_event_id": event_id(event)}))
}

fn event_id(event: &KeyEventId) -> Value {
    json!({"epoch_id": event.epoch, "domain_id": event.domain, "attempt_id": event.attempt})
}

fn key_text(key: &DomainKeyBytes) -> Option<String> {
    match key {
        DomainKeyBytes::Secp256k1(bytes) => Some(format!("secp256k1:{}", bs58::encode(bytes).into_string())),
        DomainKeyBytes::Ed25519(bytes) => Some(public_text(bytes)),
        DomainKeyBytes::Unsupported => None,
    }
}

fn response(signature: &Signature, generation: Generation) -> Value {
    let text = |bytes: &[u8]| match generation {
        Generation::Earlier => hex::encode_upper(bytes),
        Generation::Later => hex::encode(bytes),
    };
    match signature {
        Signature::Secp256k1 { big_r, s, recovery_id } => json!({
            "scheme": "Secp256k1",
            "big_r": {"affine_point": text(big_r)},
            "s": {"scalar": text(s)},
            "recovery_id": recovery_id,
        }),
        Signature::Ed25519(bytes) => json!({"scheme": "Ed25519", "signature": bytes.to_vec()}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Payload, RequestId};

    fn args(call: Option<Call>) -> (&'static str, Value) {
        let call = call.unwrap();
        (call.method, serde_json::from_slice(&call.args).unwrap())
    }

    #[test]
    fn respond_has_the_form_of_its_generation() {
        let key = RequestKey { tweak: [1; 32], payload: Payload::Ecdsa([0xab; 32]), domain: 0 };
        let signature = Signature::Secp256k1 { big_r: [0xcd; 33], s: [0xef; 32], recovery_id: 1 };
        let respond = ChainCommand::Respond { request: RequestId([0; 32]), signature };
        for (generation, hex) in [(Generation::Earlier, "CD"), (Generation::Later, "cd")] {
            let (method, args) = args(call_of(&respond, Some(&key), generation));
            assert_eq!(method, "respond");
            assert_eq!(args["request"]["payload"]["Ecdsa"], "ab".repeat(32));
            assert_eq!(args["request"]["tweak"].as_array().unwrap().len(), 32);
            assert_eq!(args["response"]["big_r"]["affine_point"], hex.repeat(33));
            assert_eq!(args["response"]["recovery_id"], 1);
        }
        assert_eq!(call_of(&respond, None, Generation::Later), None);
    }

    #[test]
    fn votes_name_their_key_event() {
        let event = KeyEventId { epoch: 1, domain: 2, attempt: 3 };
        let id = json!({"epoch_id": 1, "domain_id": 2, "attempt_id": 3});
        for (command, method) in [
            (ChainCommand::StartKeygen(event), "start_keygen_instance"),
            (ChainCommand::StartReshare(event), "start_reshare_instance"),
            (ChainCommand::VoteReshared(event), "vote_reshared"),
            (ChainCommand::AbortKeyEvent(event), "vote_abort_key_event_instance"),
        ] {
            assert_eq!(
                args(call_of(&command, None, Generation::Later)),
                (method, json!({"key_event_id": id}))
            );
        }
        let vote = ChainCommand::VotePublicKey { event, key: DomainKeyBytes::Ed25519([0; 32]) };
        let (method, args) = args(call_of(&vote, None, Generation::Earlier));
        assert_eq!((method, args["public_key"].as_str()), ("vote_pk", Some(&*public_text(&[0; 32]))));
    }
}
