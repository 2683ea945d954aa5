//! What can happen to a transaction, end to end.

use quorate_node::events::{ChainCommand, ChainEvent, Finish, KeyEventId, SubmitFault};
use serde_json::json;

use crate::double::{Double, Reaction};
use crate::support::Node;

/// Asks for one signature, answers it, and returns how many times it was sent.
async fn answered_after(reactions: Vec<Reaction>) -> usize {
    let double = Double::start().await;
    double.react("respond", reactions);
    let mut node = Node::start(&[double.url()], "localnet");
    double.request(7);
    let request = node.requested().await;
    node.respond(request.id).await;
    assert_eq!(node.finished().await, (request.id, Finish::Answered));
    assert_eq!(double.pending(), 0);
    double.arrived("respond").len()
}

#[tokio::test]
async fn an_answer_that_landed_is_not_sent_again_when_its_result_is_lost() {
    for status in [408, 500] {
        assert_eq!(answered_after(vec![Reaction::RunAndLose(status)]).await, 1, "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_sent_again() {
    assert_eq!(answered_after(vec![Reaction::Lose(500), Reaction::Lose(408)]).await, 3);
}

#[tokio::test]
async fn a_foreign_nonce_costs_one_more_transaction() {
    let double = Double::start().await;
    let mut node = Node::start(&[double.url()], "localnet");
    double.request(7);
    let request = node.requested().await;
    node.respond(request.id).await;
    node.finished().await;
    double.with(|world| world.nonce += 500);
    double.request(8);
    let request = node.requested().await;
    node.respond(request.id).await;
    assert_eq!(node.finished().await, (request.id, Finish::Answered));
    assert_eq!(double.arrived("respond").len(), 3);
}

#[tokio::test]
async fn an_expired_block_hash_is_replaced() {
    assert_eq!(answered_after(vec![Reaction::Refuse(json!("Expired"))]).await, 2);
}

#[tokio::test]
async fn a_low_balance_is_told_and_shown() {
    let double = Double::start().await;
    let refusal = json!({"NotEnoughBalance": {"signer_id": "x", "balance": "0", "cost": "1"}});
    double.react("respond", [Reaction::Refuse(refusal)]);
    let mut node = Node::start(&[double.url()], "localnet");
    double.request(7);
    let request = node.requested().await;
    node.respond(request.id).await;
    let event = node.event().await;
    assert!(matches!(&event, ChainEvent::Failed { fault: SubmitFault::LowBalance, .. }), "{event:?}");
    assert!(node.observed.sight().account_fault.unwrap().contains("cannot pay"));
}

#[tokio::test]
async fn votes_are_sent_and_lost_ones_are_looked_for_by_their_hash() {
    let double = Double::start().await;
    double.react("vote_reshared", [Reaction::RunAndLose(408)]);
    let mut node = Node::start(&[double.url()], "localnet");
    // The contract's version is known with the first request at the latest.
    double.request(7);
    let request = node.requested().await;
    let event = KeyEventId { epoch: 1, domain: 0, attempt: 2 };
    node.side.commands.send(ChainCommand::VoteReshared(event)).await.unwrap();
    node.respond(request.id).await;
    node.finished().await;
    let id = json!({"epoch_id": 1, "domain_id": 0, "attempt_id": 2});
    tokio::time::sleep(core::time::Duration::from_secs(4)).await;
    let sent = double.arrived("vote_reshared");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].args["key_event_id"], id);
}

#[tokio::test]
async fn many_answers_are_under_way_at_once() {
    let double = Double::start().await;
    let mut node = Node::start(&[double.url()], "localnet");
    for content in 1..=40 {
        double.request(content);
    }
    let (mut told, mut ended) = (0, 0);
    while ended < 40 {
        match node.event().await {
            ChainEvent::Requested(request) => {
                told += 1;
                node.respond(request.id).await;
            }
            ChainEvent::Finished { how, .. } => {
                assert_eq!(how, Finish::Answered);
                ended += 1;
            }
            event => panic!("{event:?}"),
        }
    }
    assert_eq!((told, double.pending()), (40, 0));
    let nonces: std::collections::BTreeSet<u64> =
        double.with(|world| world.arrived.iter().map(|one| one.nonce).collect());
    assert!(nonces.len() >= 40);
}

#[tokio::test]
async fn h2_an_answer_to_what_somebody_else_answered_is_told_as_not_pending() {
    let double = Double::start().await;
    let mut node = Node::start(&[double.url()], "localnet");
    double.request(7);
    let request = node.requested().await;
    node.respond(request.id).await;
    node.finished().await;
    node.respond(request.id).await;
    let event = node.event().await;
    assert!(matches!(event, ChainEvent::Failed { fault: SubmitFault::NotPending, .. }), "{event:?}");
}
