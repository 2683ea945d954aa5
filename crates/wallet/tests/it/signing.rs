//! Requests: proposed by one, decoded and approved by another.

use quorate_wallet::chains::{Chain, Context, ContextFile, Intent, Network, PublicKey};
use quorate_wallet::{Command, Content, Request, View, verify_signed};

use crate::group::Group;

fn context(chain: Chain) -> Context {
    let json = br#"{
        "solana": {"recent_blockhash": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"},
        "near": {"nonce": 7, "block_hash": "11111111111111111111111111111111"},
        "bitcoin": {"utxos": [
            {"txid": "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "vout": 0, "value": 60000},
            {"txid": "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "vout": 1, "value": 70000}
        ], "fee": {"rate": "3"}}
    }"#;
    ContextFile::from_json(json).unwrap().context(chain)
}

fn transfer(group: &Group, chain: Chain) -> Request {
    let network = Network::Testnet;
    let own = group.addresses(0).into_iter().find(|a| a.chain == chain && a.network == network).unwrap();
    let intent = Intent::Transfer { to: own.address, amount: "0.001".to_owned(), memo: None };
    Request { chain, network, account: 3, content: Content::Build { intent, context: context(chain) } }
}

fn propose(group: &mut Group, by: usize, request: Request) -> String {
    group.command(by, Command::Propose { wallet: None, request, note: "rent".to_owned(), ttl: 60_000 });
    group.run();
    group.request(by)
}

#[test]
fn two_of_three_sign_on_every_chain_of_a_schnorr_key() {
    let mut group = Group::with_wallet(30);
    for (index, chain) in [Chain::Solana, Chain::Near, Chain::Bitcoin].into_iter().enumerate() {
        let (proposer, approver) = (index % 3, (index + 1) % 3);
        let request = transfer(&group, chain);
        let id = propose(&mut group, proposer, request);
        assert_eq!(group.request(approver), id);
        group.command(approver, Command::Approve { request: id.clone() });
        group.run();
        for node in 0..3 {
            let signed = group.signed(node).into_iter().find(|signed| signed.request == id);
            let signed = signed.unwrap_or_else(|| panic!("{chain}: device {node} has no signature"));
            let key =
                PublicKey::from_bytes(chain.purpose(), &hex::decode(&signed.public_key).unwrap()).unwrap();
            let bytes = hex::decode(&signed.signed).unwrap();
            verify_signed(chain, signed.network, &bytes, &key).unwrap();
        }
    }
}

#[test]
fn no_address_is_shown_and_nothing_proposed_where_nothing_can_be_signed() {
    let mut group = Group::with_wallet(34);
    assert!(group.addresses(0).iter().all(|address| address.chain != Chain::Ethereum));
    let to = "0x3535353535353535353535353535353535353535".to_owned();
    let intent = Intent::Transfer { to, amount: "0.001".to_owned(), memo: None };
    let content = Content::Build { intent, context: Context::None };
    let request = Request { chain: Chain::Ethereum, network: Network::Testnet, account: 0, content };
    let propose = Command::Propose { wallet: None, request, note: String::new(), ttl: 60_000 };
    let error = group.nodes[0].device.handle_command(propose, group.now).unwrap_err();
    assert_eq!(error.to_string(), "this version can not sign for ethereum");
}

#[test]
fn a_refused_request_is_not_signed() {
    let mut group = Group::with_wallet(33);
    let request = transfer(&group, Chain::Solana);
    let id = propose(&mut group, 0, request);
    for device in 1..3 {
        group.command(device, Command::Refuse { request: id.clone(), reason: "not due".to_owned() });
        group.run();
    }
    let failed =
        |view: &View| matches!(view, View::RequestFailed { reason, .. } if reason.contains("refused"));
    assert!((0..3).all(|node| group.nodes[node].views.iter().any(failed)));
    assert!(group.signed(0).is_empty());
}

#[test]
fn a_refusal_is_final_also_after_a_restart() {
    let mut group = Group::with_wallet(60);
    let request = transfer(&group, Chain::Solana);
    let id = propose(&mut group, 0, request);
    group.command(1, Command::Refuse { request: id.clone(), reason: "too much".to_owned() });
    group.run();
    group.restart(1);
    let approve = Command::Approve { request: id.clone() };
    let error = group.nodes[1].device.handle_command(approve, group.now).unwrap_err();
    assert!(error.to_string().contains("decided already"), "{error}");
    group.command(2, Command::Approve { request: id });
    group.run();
    assert_eq!(group.signed(0).len(), 1, "the others may still sign");
}

#[test]
fn a_member_can_not_use_up_the_others_requests() {
    let mut group = Group::with_wallet(63);
    for _ in 0..40 {
        let request = transfer(&group, Chain::Solana);
        propose(&mut group, 0, request);
    }
    let request = transfer(&group, Chain::Near);
    let id = propose(&mut group, 1, request);
    assert_eq!(group.request(2), id);
}

/// Ended requests of another member take bounded room, and one that is forgotten is not asked for again.
#[test]
fn e4_refused_requests_are_forgotten_and_stay_refused() {
    let mut group = Group::with_wallet(61);
    let ask_and_refuse = |group: &mut Group| {
        let request = transfer(group, Chain::Solana);
        let before = group.wire.len();
        let id = propose(group, 0, request);
        let proposal = before..group.wire.len();
        for device in 1..3 {
            group.command(device, Command::Refuse { request: id.clone(), reason: "no".to_owned() });
            group.run();
        }
        (id, proposal)
    };
    let (first, proposal) = ask_and_refuse(&mut group);
    for _ in 0..40 {
        group.pass(1);
        ask_and_refuse(&mut group);
    }
    let remembered = |group: &mut Group| {
        group.command(1, Command::Requests);
        let Some(View::Requests { requests }) = group.nodes[1].views.pop() else { panic!("no list") };
        requests.into_iter().map(|request| request.id).collect::<Vec<_>>()
    };
    assert_eq!(remembered(&mut group).len(), 33);
    group.repeat(proposal);
    assert!(!remembered(&mut group).contains(&first));
}

#[test]
fn c1_an_approver_that_restarts_withdraws_and_a_new_session_signs() {
    let mut group = Group::with_wallet(36);
    let request = transfer(&group, Chain::Near);
    let id = propose(&mut group, 0, request);
    group.restart(0);
    group.pass(2);
    let failed = |view: &View| matches!(view, View::RequestFailed { request, .. } if *request == id);
    assert!(group.nodes[1].views.iter().any(failed), "the proposer's nonces are gone");
    group.command(0, Command::Resume { request: id.clone(), ttl: 60_000 });
    group.run();
    let again = group.request(1);
    assert_ne!(again, id);
    group.command(1, Command::Approve { request: again });
    group.run();
    assert_eq!(group.signed(0).len(), 1);
    assert_eq!(group.signed(2).len(), 1);
}

#[test]
fn b14_open_requests_are_capped() {
    let mut group = Group::with_wallet(39);
    for _ in 0..64 {
        let request = transfer(&group, Chain::Solana);
        propose(&mut group, 0, request);
    }
    let request = transfer(&group, Chain::Solana);
    let command = Command::Propose { wallet: None, request, note: String::new(), ttl: 60_000 };
    let error = group.nodes[0].device.handle_command(command, group.now).unwrap_err();
    assert_eq!(error.to_string(), "64 requests are open: decide some first");
}

#[test]
fn the_wire_carries_nothing_in_clear() {
    let mut group = Group::with_wallet(42);
    let request = transfer(&group, Chain::Solana);
    let id = propose(&mut group, 0, request);
    group.command(1, Command::Approve { request: id });
    group.run();
    let wire: Vec<u8> = group.wire.concat();
    let contains = |needle: &[u8]| wire.windows(needle.len()).any(|window| window == needle);
    for address in group.addresses(0) {
        assert!(!contains(address.address.as_bytes()));
        assert!(!contains(&hex::decode(&address.public_key).unwrap()));
    }
    assert!(!contains(b"treasury") && !contains(b"alice") && !contains(b"rent"));
    assert!(contains(&group.wire[0]), "the search itself works");
}
