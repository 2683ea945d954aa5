//! Carries messages between state machines of `round-based`, encoded as CBOR.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::rc::Rc;

use measured_rows::Run;
use round_based::state_machine::{ProceedResult, StateMachine};
use round_based::{Incoming, MessageDestination, MessageType};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Sender, kind and bytes.
type Letter = (u16, MessageType, Rc<Vec<u8>>);

pub fn run<M, O, E>(mut machines: Vec<M>, run: &mut Run) -> Vec<O>
where
    E: Debug,
    M: StateMachine<Output = Result<O, E>>,
    M::Msg: Serialize + DeserializeOwned,
{
    let mut inboxes: Vec<VecDeque<Letter>> = machines.iter().map(|_| VecDeque::new()).collect();
    let mut results: Vec<Option<O>> = machines.iter().map(|_| None).collect();
    let mut waiting = vec![false; machines.len()];
    let mut id = 0;
    while results.iter().any(Option::is_none) {
        for at in (0..machines.len()).filter(|at| results[*at].is_none()).collect::<Vec<_>>() {
            if waiting[at] {
                let Some((sender, msg_type, bytes)) = inboxes[at].pop_front() else { continue };
                id += 1;
                run.timed(at, || {
                    let msg: M::Msg = ciborium::from_reader(bytes.as_slice()).expect("a message");
                    let taken = machines[at].received_msg(Incoming { id, sender, msg_type, msg });
                    assert!(taken.is_ok(), "a message that nobody waits for");
                });
                waiting[at] = false;
            }
            while !waiting[at] && results[at].is_none() {
                match run.timed(at, || machines[at].proceed()) {
                    ProceedResult::SendMsg(sent) => {
                        let bytes = run.timed(at, || {
                            let mut bytes = Vec::new();
                            ciborium::into_writer(&sent.msg, &mut bytes).expect("bytes");
                            Rc::new(bytes)
                        });
                        deliver(&mut inboxes, at, sent.recipient, &bytes, run);
                    }
                    ProceedResult::NeedsOneMoreMessage => waiting[at] = true,
                    ProceedResult::Yielded => {}
                    ProceedResult::Output(result) => results[at] = Some(result.expect("no fault")),
                    ProceedResult::Error(error) => panic!("{error}"),
                }
            }
        }
    }
    results.into_iter().flatten().collect()
}

fn deliver(
    inboxes: &mut [VecDeque<Letter>],
    from: usize,
    to: MessageDestination,
    bytes: &Rc<Vec<u8>>,
    run: &mut Run,
) {
    let sender = u16::try_from(from).expect("few");
    match to {
        MessageDestination::OneParty(to) => {
            run.sends(from, bytes.len());
            inboxes[usize::from(to)].push_back((sender, MessageType::P2P, bytes.clone()));
        }
        _ => {
            run.sends(from, bytes.len() * (inboxes.len() - 1));
            for (_, inbox) in inboxes.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                inbox.push_back((sender, MessageType::Broadcast, bytes.clone()));
            }
        }
    }
}
