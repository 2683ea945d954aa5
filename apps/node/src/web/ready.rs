//! Whether the node would sign now, and if not, every reason.

use core::time::Duration;
use std::time::Instant;

use crate::events::{CommitteeStatus, Phase, Progress};
use crate::observe::Sight;

/// A block that was acted on longer ago than this is not news.
const STALE: Duration = Duration::from_secs(30);

/// What a call of 300 Tgas has to be paid with in advance, at the least price: 0.3 NEAR, in yoctoNEAR.
const CALL_PRICE: u128 = 300_000_000_000_000_000_000_000;

/// Blocks that may wait to be acted on.
const MAX_BEHIND: usize = 10;

/// Returns why the node would not sign at `now`; nothing if it would.
#[must_use]
pub fn reasons(sight: &Sight, status: &CommitteeStatus, now: Instant, account: &str) -> Vec<String> {
    let mut reasons = of_the_chain(sight, now);
    reasons.extend(of_the_contract(sight, account));
    reasons.extend(of_the_committee(status));
    reasons
}

fn of_the_chain(sight: &Sight, now: Instant) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(fault) = &sight.rpc_fault {
        reasons.push(format!("RPC: {fault}"));
    }
    match sight.applied {
        None => reasons.push("no block was acted on yet".to_owned()),
        Some((block, at)) if now.saturating_duration_since(at) > STALE => {
            let seconds = now.saturating_duration_since(at).as_secs();
            reasons.push(format!("no block after {} for {seconds} s", block.height));
        }
        Some(_) => {}
    }
    if sight.behind > MAX_BEHIND {
        reasons.push(format!("{} blocks behind", sight.behind));
    }
    reasons
}

fn of_the_contract(sight: &Sight, account: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(fault) = &sight.contract_fault {
        reasons.push(format!("contract: {fault}"));
    }
    if let Some(fault) = &sight.account_fault {
        reasons.push(format!("account: {fault}"));
    }
    if sight.balance.is_some_and(|balance| balance < CALL_PRICE) {
        reasons.push("account: the balance is below the 0.3 NEAR that a call needs".to_owned());
    }
    let parameters = match sight.contract.as_ref().map(|view| &view.phase) {
        None => return [reasons, vec!["the contract was not read yet".to_owned()]].concat(),
        Some(Phase::NotInitialized) => {
            return [reasons, vec!["the contract is not initialised".to_owned()]].concat();
        }
        Some(Phase::Running(running)) => {
            if running.keyset.keys.is_empty() {
                reasons.push("the contract has no domain: vote_add_domains is needed".to_owned());
            }
            &running.parameters
        }
        Some(Phase::Initializing(state)) => {
            if state.keyset.keys.is_empty() {
                reasons.push("the first key is being made".to_owned());
            }
            &state.event.parameters
        }
        Some(Phase::Resharing(state)) => &state.previous.parameters,
    };
    if parameters.member(account).is_none() {
        reasons.push(format!("{account} is no participant"));
    }
    if sight.attested == Some(false) {
        reasons.push("the contract has not this node's keys yet (submit_participant_info)".to_owned());
    }
    reasons
}

fn of_the_committee(status: &CommitteeStatus) -> Vec<String> {
    let mut reasons = Vec::new();
    match status.progress {
        Progress::Starting => reasons.push("the committee is starting".to_owned()),
        Progress::Observing => reasons.push("the node observes only".to_owned()),
        Progress::Generating | Progress::Resharing | Progress::Signing => {}
    }
    if status.domains.is_empty() {
        reasons.push("no key share is held".to_owned());
    }
    let connected = 1 + status.peers.iter().filter(|peer| peer.connected).count();
    for domain in &status.domains {
        let needed = usize::try_from(domain.threshold).unwrap_or(usize::MAX);
        if connected < needed {
            reasons.push(format!(
                "domain {}: {connected} participants are connected, {needed} are needed",
                domain.domain
            ));
        }
        if domain.needs_presignatures && domain.presignatures_online == 0 {
            reasons.push(format!("domain {}: no presignature is ready", domain.domain));
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::events::{
        BlockRef, ContractView, Domain, DomainKey, DomainKeyBytes, DomainStatus, Keyset, Member, MemberId,
        Parameters, PeerStatus, Purpose, Running, Scheme,
    };

    fn good(now: Instant) -> (Sight, CommitteeStatus) {
        let member =
            Member { id: MemberId(0), account: "n.near".into(), url: String::new(), tls_key: [0; 32] };
        let domain = Domain { id: 0, scheme: Scheme::Secp256k1, purpose: Purpose::Sign, threshold: None };
        let key = DomainKey { domain, attempt: 0, key: DomainKeyBytes::Secp256k1([1; 64]) };
        let running = Running {
            keyset: Keyset { epoch: 0, keys: vec![key] },
            parameters: Parameters { threshold: 2, members: vec![member] },
        };
        let view = ContractView { version: "3.14.1".into(), height: 1, phase: Phase::Running(running) };
        let sight = Sight {
            applied: Some((BlockRef { height: 1, hash: [0; 32] }, now)),
            contract: Some(Arc::new(view)),
            attested: Some(true),
            ..Sight::default()
        };
        let peer = PeerStatus { id: MemberId(1), account: "m.near".into(), connected: true, height: None };
        let domain = DomainStatus {
            domain: 0,
            threshold: 2,
            presignatures_online: 1,
            presignatures_offline: 0,
            needs_presignatures: true,
        };
        let status = CommitteeStatus {
            progress: Progress::Signing,
            peers: vec![peer],
            domains: vec![domain],
            ..CommitteeStatus::default()
        };
        (sight, status)
    }

    fn one_reason(break_it: impl FnOnce(&mut Sight, &mut CommitteeStatus)) -> String {
        let now = Instant::now();
        let (mut sight, mut status) = good(now);
        break_it(&mut sight, &mut status);
        let found = reasons(&sight, &status, now + Duration::from_secs(20), "n.near");
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn a_node_that_would_sign_is_ready() {
        let now = Instant::now();
        let (sight, status) = good(now);
        assert_eq!(reasons(&sight, &status, now, "n.near"), Vec::<String>::new());
    }

    #[test]
    fn every_obstacle_is_named() {
        assert!(one_reason(|sight, _| sight.rpc_fault = Some("late".into())).contains("late"));
        assert!(one_reason(|sight, _| sight.applied = None).contains("no block"));
        assert!(one_reason(|sight, _| sight.behind = 11).contains("11 blocks behind"));
        assert!(one_reason(|sight, _| sight.account_fault = Some("poor".into())).contains("poor"));
        assert!(one_reason(|sight, _| sight.balance = Some(CALL_PRICE - 1)).contains("balance"));
        assert!(one_reason(|sight, _| sight.contract_fault = Some("odd".into())).contains("odd"));
        assert!(one_reason(|sight, _| sight.contract = None).contains("not read"));
        assert!(one_reason(|sight, _| sight.attested = Some(false)).contains("submit_participant_info"));
        assert!(one_reason(|_, status| status.progress = Progress::Observing).contains("observes"));
        assert!(one_reason(|_, status| status.domains.clear()).contains("no key share"));
        assert!(one_reason(|_, status| status.peers[0].connected = false).contains("2 are needed"));
        assert!(
            one_reason(|_, status| status.domains[0].presignatures_online = 0).contains("no presignature")
        );
    }

    #[test]
    fn a_stuck_chain_is_a_reason() {
        let now = Instant::now();
        let (sight, status) = good(now);
        let found = reasons(&sight, &status, now + Duration::from_secs(31), "n.near");
        assert_eq!(found, ["no block after 1 for 31 s"]);
    }
}
