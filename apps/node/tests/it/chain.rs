//! Following a chain, and what the committee is told of it.

use std::collections::BTreeSet;
use std::time::Duration;

use quorate_node::events::{ChainEvent, Finish, Phase, SubmitFault};
use quorate_node::near::run::NearError;
use serde_json::{Value, json};

use crate::double::{ACCOUNT, Double, running};
use crate::support::{Node, until};

#[tokio::test]
async fn a_request_is_told_answered_and_finished() {
    let double = Double::start().await;
    let mut node = Node::start(&[double.url()], "localnet");
    let id = double.request(7);
    let request = node.requested().await;
    assert_eq!((request.id.0, request.predecessor.as_str()), (id.0, "alice.localnet"));
    node.respond(request.id).await;
    assert_eq!(node.finished().await, (request.id, Finish::Answered));
    let sent = double.arrived("respond");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].args["response"]["scheme"], "Secp256k1");
    assert_eq!(sent[0].args["request"]["domain_id"], 0);
}

#[tokio::test]
async fn both_generations_are_served() {
    for (version, field) in [("3.2.0", "sign_pk"), ("3.14.1", "tls_public_key")] {
        let double = Double::start().await;
        double.with(|world| {
            world.version = version.into();
            world.state = running(field);
        });
        let mut node = Node::start(&[double.url()], "localnet");
        let view = loop {
            if let ChainEvent::Contract(view) = node.side.events.recv().await.unwrap() {
                break view;
            }
        };
        assert_eq!(view.version, version);
        let Phase::Running(state) = &view.phase else { panic!("{view:?}") };
        assert_eq!(state.parameters.leader().unwrap().account, ACCOUNT);
    }
}

#[tokio::test]
async fn a_contract_before_init_is_no_error_and_its_start_is_told() {
    let double = Double::start().await;
    double.with(|world| world.state = Value::Null);
    let mut node = Node::start(&[double.url()], "localnet");
    let mut phases = Vec::new();
    while phases.len() < 2 {
        if let ChainEvent::Contract(view) = node.side.events.recv().await.unwrap() {
            phases.push(view.phase.clone());
            double.with(|world| world.state = running("tls_public_key"));
        }
    }
    assert_eq!(phases[0], Phase::NotInitialized);
    assert!(matches!(phases[1], Phase::Running(_)));
}

#[tokio::test]
async fn the_node_attests_its_keys_by_itself() {
    let double = Double::start().await;
    let _node = Node::start(&[double.url()], "localnet");
    until("an attestation", || !double.arrived("submit_participant_info").is_empty()).await;
    let sent = &double.arrived("submit_participant_info")[0];
    assert_eq!(sent.args["proposed_participant_attestation"], json!({"Mock": "Valid"}));
    assert!(sent.args["tls_public_key"].as_str().unwrap().starts_with("ed25519:"));
}

#[tokio::test]
async fn h1_a_reorganised_request_is_taken_back_and_told_again() {
    let double = Double::start().await;
    let mut node = Node::start(&[double.url()], "localnet");
    double.with(|world| world.frozen = true);
    double.request(7);
    double.with(|world| world.produce());
    let request = node.requested().await;
    double.with(|world| world.reorganise(1));
    assert_eq!(node.finished().await, (request.id, Finish::Orphaned));
    let again = node.requested().await;
    assert_eq!(again.id, request.id);
    assert_ne!(again.block, request.block);
    double.with(|world| world.frozen = false);
    node.respond(again.id).await;
    assert_eq!(node.finished().await, (request.id, Finish::Answered));
    assert_eq!(double.arrived("respond").len(), 1);
}

#[tokio::test]
async fn h1_every_request_that_is_told_ends_in_a_storm_of_reorganisations() {
    let double = Double::start().await;
    let mut node = Node::start(&[double.url()], "localnet");
    let (mut open, mut told) = (BTreeSet::new(), BTreeSet::new());
    let mut storm = tokio::time::interval(Duration::from_millis(50));
    let mut content = 0;
    while content < 40 || !open.is_empty() || double.pending() > 0 {
        tokio::select! {
            _ = storm.tick(), if content < 40 => {
                content += 1;
                double.request(content);
                double.with(|world| {
                    world.produce();
                    world.reorganise(usize::from(content % 4));
                });
            }
            event = node.event() => match event {
                ChainEvent::Requested(request) => {
                    told.insert(request.id);
                    assert!(open.insert(request.id), "told twice without an end");
                    node.respond(request.id).await;
                }
                ChainEvent::Finished { id, .. } => assert!(open.remove(&id), "ended without a beginning"),
                // It was orphaned, or answered before its block was undone, when the command arrived.
                ChainEvent::Failed { fault: SubmitFault::NotPending, .. } => {}
                event => panic!("{event:?}"),
            }
        }
    }
    assert_eq!(told.len(), 40);
}

#[tokio::test]
async fn h1_another_chain_is_refused_by_name() {
    let double = Double::start().await;
    let node = Node::start(&[double.url()], "mainnet");
    let error = node.task.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, NearError::Chain { found, expected, .. } if found == "localnet" && expected == "mainnet")
    );
}

#[tokio::test]
async fn h1_a_second_address_of_another_chain_is_refused_by_name() {
    let (double, other) = (Double::start().await, Double::start().await);
    other.with(|world| world.chain_id = "testnet".into());
    let node = Node::start(&[double.url(), other.url()], "localnet");
    let error = node.task.await.unwrap().unwrap_err();
    assert!(matches!(&error, NearError::Chain { address, .. } if *address == other.url()));
}

#[tokio::test]
async fn h1_a_late_address_changes_nothing_and_the_next_is_asked() {
    let (double, late) = (Double::start().await, Double::start().await);
    late.with(|world| world.frozen = true);
    let mut node = Node::start(&[double.url(), late.url()], "localnet");
    double.request(7);
    let request = node.requested().await;
    double.with(|world| world.dead = true);
    until("the late address is named", || {
        node.observed.sight().rpc_fault.is_some_and(|fault| fault.contains("behind block"))
    })
    .await;
    double.with(|world| world.dead = false);
    until("the first address is asked again", || node.observed.sight().rpc_fault.is_none()).await;
    node.respond(request.id).await;
    assert_eq!(node.finished().await, (request.id, Finish::Answered));
}

#[tokio::test]
async fn h1_an_address_that_stands_still_is_left() {
    let double = Double::start().await;
    let stuck = double.stuck().await;
    let mut node = Node::start(&[stuck.url(), double.url()], "localnet");
    let height = |node: &Node| node.observed.sight().applied.map_or(0, |(block, _)| block.height);
    until("the first block", || height(&node) > 0).await;
    let id = double.request(7);
    assert_eq!(node.requested().await.id.0, id.0);
}

#[tokio::test]
async fn requests_made_before_the_node_started_are_found() {
    let double = Double::start().await;
    let id = double.request(9);
    until("blocks", || double.with(|world| world.nonce) == 1000 && double.pending() == 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut node = Node::start(&[double.url()], "localnet");
    assert_eq!(node.requested().await.id.0, id.0);
}

#[tokio::test]
async fn a_node_told_to_stop_ends_without_an_error() {
    let double = Double::start().await;
    let node = Node::start(&[double.url()], "localnet");
    node.stop.send(true).unwrap();
    node.task.await.unwrap().unwrap();
}
