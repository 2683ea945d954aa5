//! Whole committees over real connections and real logs; the chain is played by the test.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod network;

use std::time::Duration;

use network::{Network, ed25519, secp256k1};

/// From nothing to signatures of both schemes.
#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_make_keys_and_sign() {
    let mut network = Network::start("sign", 3, 2).await;
    network.make_key(secp256k1(0)).await;
    network.make_key(ed25519(1)).await;
    for number in 0..4 {
        network.request(0, number);
        network.request(1, number);
    }
    network.all_answered(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_two_of_three_sign_while_one_is_away_and_all_again_when_it_is_back() {
    let mut network = Network::start("away", 3, 2).await;
    network.make_key(secp256k1(0)).await;
    network.make_key(ed25519(1)).await;
    network.kill(1).await;
    for number in 0..4 {
        network.request(0, number);
        network.request(1, number);
    }
    network.all_answered(Duration::from_secs(60)).await;
    network.restart(1).await;
    network.kill(0).await;
    network.request(0, 10);
    network.request(1, 10);
    network.all_answered(Duration::from_secs(90)).await;
}

/// A leader whose transactions come to nothing costs a turn, and no request (near/mpc#1297).
#[tokio::test(flavor = "multi_thread")]
async fn c12_another_node_submits_where_the_leader_cannot() {
    let mut network = Network::start("submit", 3, 2).await;
    network.make_key(ed25519(0)).await;
    for number in 0..6 {
        network.request(0, number);
    }
    network.mute(0);
    network.all_answered(Duration::from_secs(60)).await;
}

/// A request that one node does not see is signed by the others; what no chain shows is signed by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn h1_a_request_that_only_one_node_sees_is_not_signed() {
    let mut network = Network::start("alone", 3, 2).await;
    network.make_key(ed25519(0)).await;
    network.request_at(&[2], 0, 7);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(network.answers(), 0);
    network.request_at(&[0, 1], 0, 8);
    network.answered(1, Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_survive_all_nodes() {
    let mut network = Network::start("survive", 3, 2).await;
    network.make_key(secp256k1(0)).await;
    for node in 0..3 {
        network.kill(node).await;
    }
    for node in 0..3 {
        network.restart(node).await;
    }
    network.request(0, 1);
    network.all_answered(Duration::from_secs(60)).await;
}
