//! The table of states, and whole histories with forks against a model of the contract.

use core::slice::from_ref;

use proptest::prelude::*;

use super::*;
use crate::events::Request;
use crate::near::answers::{Actions, ChunkName, Receipt, Transaction};

const CONTRACT: &str = "v1.signer";

fn at(height: u64) -> BlockRef {
    on(0, height)
}

fn on(branch: u8, height: u64) -> BlockRef {
    let mut hash = [branch; 32];
    hash[..8].copy_from_slice(&height.to_be_bytes());
    BlockRef { height, hash }
}

fn receipt(id: u8, body: ReceiptBody) -> Receipt {
    Receipt {
        predecessor_id: "alice.near".into(),
        receiver_id: CONTRACT.into(),
        receipt_id: Hash([id; 32]),
        receipt: body,
    }
}

/// The call whose payload is `content`, in the form of this or the last generation.
fn call(content: u8) -> Action {
    let request = if content.is_multiple_of(2) {
        serde_json::json!({"path": "", "payload": vec![content; 32], "key_version": 0})
    } else {
        let payload = serde_json::json!({"Ecdsa": hex::encode([content; 32])});
        serde_json::json!({"path": "", "payload_v2": payload, "domain_id": 0})
    };
    let args = serde_json::json!({"request": request}).to_string().into_bytes();
    Action::Call { call: FunctionCall { method_name: "sign".into(), args } }
}

fn sign(id: u8, content: u8) -> Receipt {
    receipt(id, ReceiptBody::Action { action: Actions { actions: vec![call(content)] } })
}

fn resume(data: u8, answered: bool) -> Receipt {
    let data = Data {
        data_id: Hash([data; 32]),
        data: answered.then(|| "e30=".to_owned()),
        is_promise_resume: true,
    };
    receipt(255, ReceiptBody::Data { data })
}

fn chunk(receipts: Vec<Receipt>) -> Vec<Chunk> {
    vec![Chunk { header: ChunkName { chunk_hash: Hash::default() }, transactions: Vec::new(), receipts }]
}

fn requests() -> Requests {
    let mut requests = Requests::new(CONTRACT);
    requests.handle_domains([(0, Scheme::Secp256k1), (1, Scheme::Ed25519)].into());
    requests
}

fn asked(requests: &mut Requests) -> Vec<RequestKey> {
    let mut keys = Vec::new();
    while let Some(output) = requests.poll_output() {
        match output {
            Output::Ask(key) => keys.push(key),
            Output::Tell(event) => panic!("told {event:?}"),
        }
    }
    keys
}

fn told(requests: &mut Requests) -> Vec<Result<Arc<Request>, (RequestId, Finish)>> {
    let mut events = Vec::new();
    while let Some(output) = requests.poll_output() {
        match output {
            Output::Tell(ChainEvent::Requested(request)) => events.push(Ok(request)),
            Output::Tell(ChainEvent::Finished { id, how }) => events.push(Err((id, how))),
            Output::Tell(event) => panic!("told {event:?}"),
            Output::Ask(_) => {}
        }
    }
    events
}

fn id(number: u8) -> RequestId {
    RequestId([number; 32])
}

/// A request that was seen at 10 and confirmed with data id 77.
fn one_waiting() -> (Requests, RequestKey) {
    let mut requests = requests();
    requests.handle_block(at(10), &chunk(vec![sign(1, 5)]));
    let key = asked(&mut requests).remove(0);
    requests.handle_pending(&key, Some(Hash([77; 32])), 10);
    assert_eq!(told(&mut requests)[0].as_ref().unwrap().id, id(1));
    (requests, key)
}

#[test]
fn a_request_is_told_when_the_contract_waits_for_it() {
    let mut requests = requests();
    requests.handle_block(at(10), &chunk(vec![sign(1, 5)]));
    let keys = asked(&mut requests);
    assert_eq!(keys.len(), 1);
    requests.handle_pending(&keys[0], None, 10);
    assert!(told(&mut requests).is_empty(), "it may run later");
    requests.handle_block(at(11), &[]);
    assert_eq!(asked(&mut requests), keys);
    requests.handle_pending(&keys[0], Some(Hash([77; 32])), 11);
    let events = told(&mut requests);
    let request = events[0].as_ref().unwrap();
    assert_eq!((request.id, request.block, request.expires), (id(1), at(10), 211));
    assert_eq!((request.predecessor.as_str(), request.domain, request.same_as), ("alice.near", 0, None));
    assert_eq!(requests.waiting(id(1)), Some(&keys[0]));
}

#[test]
fn a_call_that_failed_is_asked_about_ever_less_and_forgotten() {
    let mut requests = requests();
    requests.handle_block(at(1), &chunk(vec![sign(1, 5)]));
    let mut asks = 0;
    for height in 2..=202 {
        for key in asked(&mut requests) {
            asks += 1;
            requests.handle_pending(&key, None, height - 1);
        }
        requests.handle_block(at(height), &[]);
    }
    assert!(asks <= 10, "{asks}");
    assert_eq!(requests.counts(), Counts::default());
    assert!(requests.entries.is_empty() && requests.by_key.is_empty());
}

#[test]
fn an_answer_ends_a_request() {
    let (mut requests, _) = one_waiting();
    requests.handle_block(at(13), &chunk(vec![resume(77, true)]));
    assert_eq!(told(&mut requests), [Err((id(1), Finish::Answered))]);
    assert_eq!(requests.waiting(id(1)), None);
}

#[test]
fn a_resume_without_data_is_a_timeout() {
    let (mut requests, _) = one_waiting();
    requests.handle_block(at(210), &chunk(vec![resume(77, false)]));
    assert_eq!(told(&mut requests), [Err((id(1), Finish::TimedOut))]);
}

#[test]
fn nothing_waits_longer_than_the_contract() {
    let (mut requests, _) = one_waiting();
    requests.handle_block(at(210), &[]);
    assert_eq!(told(&mut requests), []);
    requests.handle_block(at(211), &[]);
    assert_eq!(told(&mut requests), [Err((id(1), Finish::TimedOut))]);
}

#[test]
fn a_resume_of_anybody_elses_yield_changes_nothing() {
    let (mut requests, _) = one_waiting();
    requests.handle_block(at(12), &chunk(vec![resume(78, true)]));
    assert_eq!(told(&mut requests), []);
}

#[test]
fn the_response_may_be_seen_before_the_request_is_confirmed() {
    let mut requests = requests();
    requests.handle_block(at(10), &chunk(vec![sign(1, 5)]));
    let key = asked(&mut requests).remove(0);
    requests.handle_block(at(13), &chunk(vec![resume(77, true)]));
    requests.handle_pending(&key, Some(Hash([77; 32])), 12);
    assert_eq!(told(&mut requests), [], "what is answered is not told");
}

#[test]
fn a_missed_response_is_found_by_asking() {
    let (mut requests, key) = one_waiting();
    for height in 11..=10 + RECHECK {
        requests.handle_block(at(height), &[]);
    }
    assert_eq!(asked(&mut requests), from_ref(&key));
    requests.handle_pending(&key, None, 26);
    assert_eq!(told(&mut requests), [Err((id(1), Finish::Answered))]);
}

#[test]
fn h1_an_rpc_that_is_late_cannot_end_a_request() {
    let (mut requests, key) = one_waiting();
    requests.handle_pending(&key, None, 9);
    assert_eq!(told(&mut requests), []);
}

#[test]
fn h1_a_request_of_a_lost_block_is_orphaned_and_told_again_when_it_comes_back() {
    let (mut requests, key) = one_waiting();
    requests.handle_undo(at(10));
    assert_eq!(told(&mut requests), [Err((id(1), Finish::Orphaned))]);
    requests.handle_block(on(1, 11), &chunk(vec![sign(1, 5)]));
    assert_eq!(asked(&mut requests), from_ref(&key));
    requests.handle_pending(&key, Some(Hash([77; 32])), 11);
    assert_eq!(told(&mut requests)[0].as_ref().unwrap().block, on(1, 11));
}

#[test]
fn h1_a_request_whose_answer_is_undone_is_told_again() {
    let (mut requests, key) = one_waiting();
    requests.handle_block(at(13), &chunk(vec![resume(77, true)]));
    assert_eq!(told(&mut requests).len(), 1);
    requests.handle_undo(at(13));
    assert_eq!(asked(&mut requests), from_ref(&key));
    requests.handle_block(on(1, 14), &[]);
    requests.handle_pending(&key, Some(Hash([77; 32])), 14);
    assert!(told(&mut requests)[0].is_ok());
}

#[test]
fn h1_the_same_block_twice_tells_once() {
    let (mut requests, _) = one_waiting();
    requests.handle_block(at(10), &chunk(vec![sign(1, 5)]));
    assert_eq!(told(&mut requests), []);
}

#[test]
fn h2_identical_requests_share_one_answer() {
    let (mut requests, key) = one_waiting();
    requests.handle_block(at(12), &chunk(vec![sign(2, 5)]));
    assert_eq!(asked(&mut requests), from_ref(&key));
    requests.handle_pending(&key, Some(Hash([77; 32])), 12);
    assert_eq!(told(&mut requests)[0].as_ref().unwrap().same_as, Some(id(1)));
    requests.handle_block(at(13), &chunk(vec![resume(77, true), resume(78, true)]));
    assert_eq!(told(&mut requests), [Err((id(1), Finish::Answered)), Err((id(2), Finish::Answered))]);
}

#[test]
fn h2_an_identical_request_after_the_answer_is_a_new_one() {
    let (mut requests, key) = one_waiting();
    requests.handle_block(at(13), &chunk(vec![resume(77, true)]));
    told(&mut requests);
    requests.handle_block(at(14), &chunk(vec![sign(2, 5)]));
    assert_eq!(asked(&mut requests), from_ref(&key));
    requests.handle_pending(&key, Some(Hash([79; 32])), 14);
    assert_eq!(told(&mut requests)[0].as_ref().unwrap().same_as, None);
}

#[test]
fn h2_of_identical_requests_the_later_outlives_the_first() {
    let (mut requests, key) = one_waiting();
    requests.handle_block(at(60), &chunk(vec![sign(2, 5)]));
    asked(&mut requests);
    requests.handle_pending(&key, Some(Hash([77; 32])), 60);
    told(&mut requests);
    requests.handle_block(at(210), &chunk(vec![resume(77, false)]));
    assert_eq!(told(&mut requests), [Err((id(1), Finish::TimedOut))]);
    requests.handle_pending(&key, Some(Hash([78; 32])), 210);
    assert!(requests.waiting(id(2)).is_some());
}

#[test]
fn h3_requests_of_other_domains_and_kinds_are_not_told() {
    let mut requests = requests();
    requests.handle_domains([(0, Scheme::Ed25519), (2, Scheme::Secp256k1)].into());
    requests.handle_block(at(10), &chunk(vec![sign(1, 5)]));
    let key = asked(&mut requests).remove(0);
    requests.handle_pending(&key, Some(Hash([77; 32])), 10);
    assert_eq!(told(&mut requests), []);
    requests.handle_domains([(0, Scheme::Secp256k1)].into());
    assert_eq!(asked(&mut requests), from_ref(&key));
    requests.handle_pending(&key, Some(Hash([77; 32])), 10);
    assert_eq!(told(&mut requests).len(), 1);
}

#[test]
fn batches_other_methods_and_other_receivers_are_no_requests() {
    let mut requests = requests();
    let batch = ReceiptBody::Action { action: Actions { actions: vec![call(5), call(5)] } };
    let mut elsewhere = sign(2, 5);
    elsewhere.receiver_id = "v2.signer".into();
    let mut other = sign(3, 5);
    if let ReceiptBody::Action { action } = &mut other.receipt
        && let Some(Action::Call { call }) = action.actions.first_mut()
    {
        call.method_name = "signs".into();
    }
    requests.handle_block(at(1), &chunk(vec![receipt(1, batch), elsewhere, other]));
    assert!(asked(&mut requests).is_empty());
}

#[test]
fn the_contracts_own_transactions_are_local_receipts() {
    let mut requests = requests();
    let transaction = |signer: &str| Transaction {
        hash: Hash([9; 32]),
        signer_id: signer.into(),
        receiver_id: CONTRACT.into(),
        actions: vec![call(5)],
    };
    let mut body = chunk(Vec::new());
    body[0].transactions = vec![transaction("alice.near"), transaction(CONTRACT)];
    requests.handle_block(at(1), &body);
    let key = asked(&mut requests).remove(0);
    requests.handle_pending(&key, Some(Hash([77; 32])), 1);
    let events = told(&mut requests);
    assert_eq!(events[0].as_ref().unwrap().predecessor, CONTRACT);
}

#[test]
fn h4_a_flood_is_bounded_and_counted() {
    let mut requests = requests();
    for height in 0..300_u64 {
        let receipts = (0..100_u8).map(|number| {
            let mut one = sign(number, number);
            one.receipt_id.0[..8].copy_from_slice(&height.to_be_bytes());
            one
        });
        requests.handle_block(at(100), &chunk(receipts.collect()));
    }
    assert_eq!(requests.entries.len(), MAX_ENTRIES);
    assert_eq!(requests.totals().overflowed, 30_000 - u64::try_from(MAX_ENTRIES).unwrap());
}

/// What one block of the model does.
#[derive(Clone, Debug)]
struct Step {
    back: usize,
    signs: Vec<u8>,
    responds: Vec<u8>,
}

/// A block of the model with the contract's state after it: per content the yields that wait.
#[derive(Clone)]
struct ModelBlock {
    block: BlockRef,
    parent: usize,
    receipts: Vec<Receipt>,
    pending: BTreeMap<u8, Vec<(RequestId, Hash)>>,
    resumes: Vec<Receipt>,
}

fn grow(blocks: &mut Vec<ModelBlock>, number: u8, step: &Step) {
    let parent = blocks.len().saturating_sub(1 + step.back);
    let mut pending = blocks[parent].pending.clone();
    let mut receipts = blocks[parent].resumes.clone();
    for content in &step.signs {
        let yielded = Hash([100 + number; 32]);
        receipts.push(sign(number, *content));
        pending.entry(*content).or_default().push((id(number), yielded));
    }
    let mut resumes = Vec::new();
    for content in &step.responds {
        for (_, data) in pending.remove(content).unwrap_or_default() {
            resumes.push(resume(data.0[0], true));
        }
    }
    let block = on(number, blocks[parent].block.height + 1);
    blocks.push(ModelBlock { block, parent, receipts, pending, resumes });
}

fn branch_of(blocks: &[ModelBlock], mut tip: usize) -> Vec<usize> {
    let mut branch = Vec::new();
    while tip != 0 {
        branch.push(tip);
        tip = blocks[tip].parent;
    }
    branch.reverse();
    branch
}

/// The committee's view: told and not finished. Panics where an event makes no sense.
fn settle(requests: &mut Requests, state: &ModelBlock, open: &mut BTreeSet<RequestId>) {
    while let Some(output) = requests.poll_output() {
        match output {
            Output::Ask(key) => {
                let Payload::Ecdsa(digest) = &key.payload else { panic!("another payload") };
                let oldest = state.pending.get(&digest[0]).and_then(|yields| yields.first());
                requests.handle_pending(&key, oldest.map(|(_, data)| *data), state.block.height);
            }
            Output::Tell(ChainEvent::Requested(request)) => assert!(open.insert(request.id)),
            Output::Tell(ChainEvent::Finished { id, .. }) => assert!(open.remove(&id)),
            Output::Tell(event) => panic!("told {event:?}"),
        }
    }
}

proptest! {
    /// Through any forks, what the committee holds open at the end is what the contract waits for. Of identical requests one may
    /// be held open for the sake of another: the contract tells them apart by nothing, and one answer serves all.
    #[test]
    fn h1_what_is_open_is_what_the_contract_waits_for(
        steps in prop::collection::vec(
            (0_usize..4, prop::collection::vec(0_u8..4, 0..2), prop::collection::vec(0_u8..4, 0..2))
                .prop_map(|(back, signs, responds)| Step { back, signs, responds }),
            1..50,
        ),
    ) {
        let root = ModelBlock {
            block: at(1000), parent: 0, receipts: Vec::new(), pending: BTreeMap::new(), resumes: Vec::new(),
        };
        let mut blocks = vec![root];
        let mut requests = requests();
        let mut open = BTreeSet::new();
        let mut branch: Vec<usize> = Vec::new();
        for (number, step) in (1_u8..).zip(&steps) {
            grow(&mut blocks, number, step);
            let head = blocks.len() - 1;
            let tip = branch.last().map_or(1000, |tip| blocks[*tip].block.height);
            if blocks[head].block.height <= tip {
                continue;
            }
            let next = branch_of(&blocks, head);
            let common = branch.iter().zip(&next).take_while(|(a, b)| a == b).count();
            branch[common..].iter().rev().for_each(|undone| requests.handle_undo(blocks[*undone].block));
            for applied in &next[common..] {
                requests.handle_block(blocks[*applied].block, &chunk(blocks[*applied].receipts.clone()));
            }
            branch = next;
            settle(&mut requests, &blocks[head], &mut open);
        }
        // Quiet blocks, so that every resume is delivered and every question asked again.
        for number in 0..u8::try_from(RECHECK).unwrap() + 1 {
            grow(&mut blocks, 200 + number, &Step { back: 0, signs: vec![], responds: vec![] });
            let last = blocks.len() - 1;
            if number == 0 {
                let tip = branch.last().copied().unwrap_or(0);
                blocks[last].parent = tip;
                blocks[last].block.height = blocks[tip].block.height + 1;
                blocks[last].pending = blocks[tip].pending.clone();
                blocks[last].receipts = blocks[tip].resumes.clone();
            }
            requests.handle_block(blocks[last].block, &chunk(blocks[last].receipts.clone()));
            settle(&mut requests, &blocks[last], &mut open);
        }
        let pending = &blocks[blocks.len() - 1].pending;
        let waits: BTreeSet<RequestId> = pending.values().flatten().map(|(id, _)| *id).collect();
        prop_assert!(open.is_superset(&waits));
        let open_keys: BTreeSet<&RequestKey> = open.iter().filter_map(|id| requests.waiting(*id)).collect();
        let waiting_keys: BTreeSet<&RequestKey> = waits.iter().filter_map(|id| requests.waiting(*id)).collect();
        prop_assert_eq!(open_keys, waiting_keys);
    }
}
