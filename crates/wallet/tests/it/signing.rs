//! Requests: proposed by one, decoded and approved by another.

use quorate_wallet::chains::{
    BitcoinContext, BitcoinFee, Chain, Context, ContextFile, Intent, Network, PublicKey, sample_utxo,
};
use quorate_wallet::{Command, CommandError, Content, Request, View, verify_signed};

use crate::group::Group;

/// The account that pays in these tests, and where it is paid from.
const ACCOUNT: u32 = 3;

fn context(group: &mut Group, chain: Chain) -> Context {
    let json = br#"{
        "solana": {"recent_blockhash": "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"},
        "near": {"nonce": 7, "block_hash": "11111111111111111111111111111111"},
        "bitcoin": {"utxos": [
            {"txid": "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "vout": 0, "value": 60000},
            {"txid": "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b", "vout": 1, "value": 70000}
        ], "fee": {"rate": "3"}},
        "ethereum": {"nonce": 0, "gas_limit": 21000, "fee": {"dynamic": {"max": "30", "priority": "1"}}},
        "cosmos": {"chain_id": "theta-testnet-001", "prefix": "cosmos", "account_number": 1, "sequence": 7,
            "denom": "uatom", "fee": [{"amount": "2000", "denom": "uatom"}], "gas": 100000},
        "xrp": {"sequence": 7, "last_ledger_sequence": 9000000, "fee": 12, "destination_tag": 42}
    }"#;
    let file = ContextFile::from_json(json).unwrap();
    match chain {
        Chain::BitcoinSegwit | Chain::Dogecoin => {
            let own = address(group, chain, ACCOUNT);
            let value = if chain == Chain::Dogecoin { 500_000_000 } else { 300_000 };
            let utxo = sample_utxo(chain, Network::Testnet, &own, value).unwrap();
            let rate = if chain == Chain::Dogecoin { "1000" } else { "3" };
            let context = BitcoinContext { utxos: vec![utxo], fee: BitcoinFee::Rate(rate.to_owned()) };
            if chain == Chain::Dogecoin {
                Context::Dogecoin(context)
            } else {
                Context::BitcoinSegwit(context)
            }
        }
        _ => file.context(chain),
    }
}

fn address(group: &mut Group, chain: Chain, account: u32) -> String {
    group.command(0, Command::Addresses { wallet: None, account });
    let Some(View::Addresses { addresses }) = group.nodes[0].views.pop() else { panic!("no addresses") };
    let own = addresses.into_iter().find(|a| a.chain == chain && a.network == Network::Testnet);
    own.unwrap().address
}

fn transfer(group: &mut Group, chain: Chain) -> Request {
    let to = address(group, chain, 0);
    let amount = if chain == Chain::Dogecoin { "1.5" } else { "0.001" };
    let intent = Intent::Transfer { to, amount: amount.to_owned(), memo: None };
    let context = context(group, chain);
    Request {
        chain,
        network: Network::Testnet,
        account: ACCOUNT,
        plain: false,
        content: Content::Build { intent, context },
    }
}

fn propose(group: &mut Group, by: usize, request: Request) -> String {
    group.command(by, Command::Propose { wallet: None, request, note: "rent".to_owned(), ttl: 60_000 });
    group.run();
    group.request(by)
}

#[test]
fn two_of_three_sign_on_every_chain() {
    let mut group = Group::with_wallet(30);
    for (index, chain) in Chain::ALL.into_iter().enumerate() {
        let (proposer, approver) = (index % 3, (index + 1) % 3);
        let request = transfer(&mut group, chain);
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

/// A device that stays makes presignatures ahead; a request then takes two of them out.
#[test]
fn pools_are_filled_while_members_are_online_and_used() {
    let mut group = Group::with_wallet(34);
    for node in &mut group.nodes {
        node.device.keep_presignatures(4);
    }
    group.pass(1);
    let held = |group: &mut Group, node: usize| {
        group.command(node, Command::Show { wallet: None });
        let Some(View::Wallet { wallet }) = group.nodes[node].views.pop() else { panic!("no wallet") };
        assert_eq!(wallet.pairs, (2, 2));
        wallet.presignatures
    };
    // Every device is in two of the three signer sets, and in each either member owns four.
    assert_eq!([0, 1, 2].map(|node| held(&mut group, node)), [16, 16, 16]);
    let request = transfer(&mut group, Chain::Ethereum);
    let id = propose(&mut group, 0, request);
    group.command(1, Command::Approve { request: id });
    group.run();
    assert_eq!(group.signed(2).len(), 1, "who did not sign has the signature too");
    assert_eq!([0, 1, 2].map(|node| held(&mut group, node)), [15, 15, 16]);
}

/// Whoever proposes reads what the others will read, in every kind of content.
#[test]
fn g11_the_proposer_and_the_approver_read_the_same_review() {
    let mut group = Group::with_wallet(44);
    let mut requests: Vec<Request> =
        Chain::ALL.into_iter().map(|chain| transfer(&mut group, chain)).collect();
    // Bitcoin's two addresses of one account: each is the account's own to the other.
    for (chain, other) in [(Chain::Bitcoin, Chain::BitcoinSegwit), (Chain::BitcoinSegwit, Chain::Bitcoin)] {
        let to = address(&mut group, other, ACCOUNT);
        let intent = Intent::Transfer { to, amount: "0.001".to_owned(), memo: None };
        let context = context(&mut group, chain);
        requests.push(on(chain, Content::Build { intent, context }));
    }
    for chain in [Chain::Ethereum, Chain::Solana, Chain::Near, Chain::Bitcoin, Chain::Cosmos] {
        requests.push(on(chain, message(chain)));
    }
    let (taproot, segwit) =
        (address(&mut group, Chain::Bitcoin, ACCOUNT), address(&mut group, Chain::BitcoinSegwit, ACCOUNT));
    for chain in [Chain::Bitcoin, Chain::BitcoinSegwit] {
        let bytes = hex::encode(mixed_psbt(&taproot, &segwit));
        requests.push(on(chain, Content::Import { bytes }));
    }
    for request in requests {
        let chain = request.chain;
        group.command(0, Command::Preview { wallet: None, request: request.clone() });
        let Some(View::Preview { review: mine }) = group.nodes[0].views.pop() else { panic!("no preview") };
        let id = propose(&mut group, 0, request);
        let of_request = |view: &View| match view {
            View::Request { request } if request.id == id => Some(request.review.clone()),
            _ => None,
        };
        for node in 0..3 {
            let theirs = group.nodes[node].views.iter().rev().find_map(of_request);
            assert_eq!(theirs.as_ref(), Some(&mine), "{chain}: device {node}");
        }
        for node in 1..3 {
            group.command(node, Command::Refuse { request: id.clone(), reason: String::new() });
        }
        group.run();
    }
}

fn on(chain: Chain, content: Content) -> Request {
    Request { chain, network: Network::Testnet, account: ACCOUNT, plain: false, content }
}

fn message(chain: Chain) -> Content {
    let near = |text: &str| (chain == Chain::Near).then(|| text.to_owned());
    let intent = Intent::Message {
        text: "I own this account".to_owned(),
        recipient: near("app.near"),
        nonce: near(&"07".repeat(32)),
        callback_url: None,
    };
    Content::Build { intent, context: Context::None }
}

/// Outputs of both Bitcoin keys in one transaction: one request, FROST and ECDSA side by side.
#[test]
fn one_request_spends_outputs_of_both_bitcoin_keys() {
    let mut group = Group::with_wallet(35);
    let (taproot, segwit) =
        (address(&mut group, Chain::Bitcoin, ACCOUNT), address(&mut group, Chain::BitcoinSegwit, ACCOUNT));
    let psbt = mixed_psbt(&taproot, &segwit);
    let content = Content::Import { bytes: hex::encode(psbt) };
    let request =
        Request { chain: Chain::Bitcoin, network: Network::Testnet, account: ACCOUNT, plain: false, content };
    let id = propose(&mut group, 0, request);
    group.command(2, Command::Approve { request: id });
    group.run();
    for node in 0..3 {
        let signed = group.signed(node);
        assert_eq!(signed[0].signatures.len(), 2, "device {node}");
    }
}

/// Two inputs, of a Taproot and of a P2WPKH output, and one output.
fn mixed_psbt(taproot: &str, segwit: &str) -> Vec<u8> {
    let spent: Vec<Vec<u8>> = [(Chain::Bitcoin, taproot), (Chain::BitcoinSegwit, segwit)]
        .map(|(chain, address)| sample_utxo(chain, Network::Testnet, address, 50_000).unwrap())
        .iter()
        .map(|utxo| hex::decode(utxo.transaction.as_ref().unwrap()).unwrap())
        .collect();
    let field = |key: &[u8], value: &[u8]| {
        let mut field = vec![u8::try_from(key.len()).unwrap()];
        field.extend(key);
        match u8::try_from(value.len()) {
            Ok(len) if len < 0xfd => field.push(len),
            _ => field.extend([&[0xfd][..], &u16::try_from(value.len()).unwrap().to_le_bytes()].concat()),
        }
        field.extend(value);
        field
    };
    let mut unsigned = vec![2, 0, 0, 0, 2];
    for transaction in &spent {
        unsigned.extend(txid(transaction));
        unsigned.extend([0, 0, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff]);
    }
    unsigned.extend([&[1][..], &90_000_u64.to_le_bytes(), &[22, 0, 20], &[9; 20], &[0; 4]].concat());
    let mut psbt = [&b"psbt\xff"[..], &field(&[0], &unsigned), &[0]].concat();
    for transaction in &spent {
        psbt.extend(field(&[0], transaction));
        psbt.push(0);
    }
    psbt.push(0);
    psbt
}

fn txid(transaction: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(Sha256::digest(transaction)).into()
}

/// A presignature lost in a restart costs the request, not the wallet: the next one signs.
#[test]
fn k15_c1_presignatures_die_with_the_process_and_new_ones_are_made() {
    let mut group = Group::with_wallet(36);
    group.nodes.iter_mut().for_each(|node| node.device.keep_presignatures(2));
    group.pass(1);
    group.restart(1);
    group.pass(1);
    let request = transfer(&mut group, Chain::Xrp);
    let id = propose(&mut group, 0, request);
    group.command(1, Command::Approve { request: id });
    group.run();
    assert_eq!(group.signed(1).len(), 1);
}

#[test]
fn a_refused_request_is_not_signed() {
    let mut group = Group::with_wallet(33);
    let request = transfer(&mut group, Chain::Solana);
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
    let request = transfer(&mut group, Chain::Solana);
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
        let request = transfer(&mut group, Chain::Solana);
        propose(&mut group, 0, request);
    }
    let request = transfer(&mut group, Chain::Near);
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
    let request = transfer(&mut group, Chain::Near);
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
        let request = transfer(&mut group, Chain::Solana);
        propose(&mut group, 0, request);
    }
    let request = transfer(&mut group, Chain::Solana);
    let command = Command::Propose { wallet: None, request, note: String::new(), ttl: 60_000 };
    let error = group.nodes[0].device.handle_command(command, group.now).unwrap_err();
    assert_eq!(error.to_string(), "64 requests are open: decide some first");
}

#[test]
fn the_wire_carries_nothing_in_clear() {
    let mut group = Group::with_wallet(42);
    let request = transfer(&mut group, Chain::Solana);
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

/// Plain mode: no device keeps anything for the request, and the others are told.
#[test]
fn a_plain_request_signs_what_it_was_bound_to() {
    for chain in [Chain::Ethereum, Chain::BitcoinSegwit] {
        let mut group = Group::with_wallet(37);
        let request = Request { plain: true, ..transfer(&mut group, chain) };
        let id = propose(&mut group, 0, request);
        group.command(2, Command::Approve { request: id });
        group.run();
        for node in 0..3 {
            assert_eq!(group.signed(node).len(), 1, "device {node}");
        }
    }
}

#[test]
fn plain_mode_is_refused_where_nothing_is_bound() {
    let mut group = Group::with_wallet(38);
    let request = Request { plain: true, ..transfer(&mut group, Chain::Solana) };
    let propose = Command::Propose { wallet: None, request, note: String::new(), ttl: 60_000 };
    let now = group.now;
    let refused = group.nodes[0].device.handle_command(propose, now);
    assert!(matches!(refused, Err(CommandError::NothingToBind(Chain::Solana))));
}

/// Each takes a presignature of its own, although one message is all that the two sign.
#[test]
fn two_plain_requests_of_one_message_at_once_are_both_signed() {
    let mut group = Group::with_wallet(39);
    let request = Request { plain: true, ..transfer(&mut group, Chain::Ethereum) };
    for note in ["one", "other"] {
        let (request, note) = (request.clone(), note.to_owned());
        group.command(0, Command::Propose { wallet: None, request, note, ttl: 60_000 });
    }
    group.run();
    let asked = group.nodes[2].views.iter().filter_map(|view| match view {
        View::Request { request } => Some(request.id.clone()),
        _ => None,
    });
    let asked: std::collections::BTreeSet<String> = asked.collect();
    assert_eq!(asked.len(), 2);
    for request in asked {
        group.command(2, Command::Approve { request });
    }
    group.run();
    assert_eq!(group.signed(0).len(), 2);
}
