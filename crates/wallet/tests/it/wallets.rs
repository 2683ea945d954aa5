//! From an invite to certified keys.

use quorate_wallet::chains::{Chain, Network};
use quorate_wallet::{Command, View, addresses_on};

use crate::group::Group;

#[test]
fn three_devices_make_one_wallet() {
    let group = Group::with_wallet(1);
    let addresses = group.addresses(0);
    assert_eq!(addresses.len(), 3 * Chain::ALL.len());
    assert_eq!(group.addresses(1), addresses);
    assert_eq!(group.addresses(2), addresses);
}

#[test]
fn an_account_has_one_address_on_all_networks_of_ethereums_machine() {
    let addresses = Group::with_wallet(2).addresses(0);
    let of = |network| addresses_on(&addresses, network).unwrap();
    let [base] = &of(Network::Evm(8453))[..] else { panic!("not one address") };
    assert_eq!((base.chain, base.network), (Chain::Ethereum, Network::Evm(8453)));
    for network in [Network::Mainnet, Network::Testnet, Network::Regtest] {
        let listed = of(network);
        assert_eq!(listed.len(), Chain::ALL.len());
        assert!(listed.iter().all(|address| address.network == network && addresses.contains(address)));
        assert!(listed.iter().any(|listed| listed.address == base.address));
    }
    for id in [0, 1, u64::MAX] {
        assert!(addresses_on(&addresses, Network::Evm(id)).is_err(), "{id}");
    }
}

#[test]
fn all_devices_show_the_same_words_and_nothing_happens_before_they_are_confirmed() {
    let mut group = Group::new(9);
    group.create(false);
    let invite = group.invite();
    for index in 1..3 {
        group.command(index, Command::Join { invite: invite.clone(), accept_words: false });
    }
    group.run();
    let words: Vec<Vec<String>> = group
        .nodes
        .iter()
        .map(|node| {
            let shown = |view: &View| match view {
                View::SafetyWords { words, confirm: true, .. } => Some(words.clone()),
                _ => None,
            };
            node.views.iter().find_map(shown).expect("safety words")
        })
        .collect();
    assert_eq!(words[0], words[1]);
    assert_eq!(words[1], words[2]);
    assert!(!group.nodes.iter().any(|node| node.views.iter().any(|v| matches!(v, View::Progress { .. }))));
    group.command(1, Command::ConfirmWords { wallet: None, same: true });
    group.run();
    group.command(0, Command::ConfirmWords { wallet: None, same: true });
    group.run();
    group.command(2, Command::ConfirmWords { wallet: None, same: true });
    group.run();
    group.pass(3);
    assert_eq!(group.addresses(0), group.addresses(2));
}

/// A group whose devices all show their words.
fn at_the_words(seed: u8) -> Group {
    let mut group = Group::new(seed);
    group.create(false);
    let invite = group.invite();
    for index in 1..3 {
        group.command(index, Command::Join { invite: invite.clone(), accept_words: false });
    }
    group.run();
    group
}

fn words_shown(group: &Group, index: usize) -> usize {
    group.nodes[index].views.iter().filter(|view| matches!(view, View::SafetyWords { .. })).count()
}

#[test]
fn a6_one_no_to_the_words_ends_it_on_every_device() {
    for objector in 0..3 {
        let mut group = at_the_words(80);
        let (sure, unsure) = ((objector + 1) % 3, (objector + 2) % 3);
        group.command(sure, Command::ConfirmWords { wallet: None, same: true });
        group.run();
        group.command(objector, Command::ConfirmWords { wallet: None, same: false });
        group.run();
        let said = format!("{} says the safety words differ", crate::group::NAMES[objector]);
        let failed = |view: &View| matches!(view, View::CeremonyFailed { reason, .. } if *reason == said);
        assert!(group.nodes[sure].views.iter().any(failed), "{:?}", group.nodes[sure].views);
        let ended = |view: &View| matches!(view, View::NotAdmitted { reason } if *reason == said);
        assert!(group.nodes[unsure].views.iter().any(ended), "{:?}", group.nodes[unsure].views);
        let own = |view: &View| matches!(view, View::NotAdmitted { .. });
        assert!(group.nodes[objector].views.iter().any(own));
    }
}

#[test]
fn words_are_shown_once_after_a_restart() {
    for victim in 0..3 {
        let mut group = at_the_words(83);
        group.restart(victim);
        group.pass(3);
        assert_eq!(words_shown(&group, victim), 1, "victim {victim}");
        for index in 0..3 {
            group.command(index, Command::ConfirmWords { wallet: None, same: true });
            group.run();
        }
        group.pass(40);
        assert_eq!(group.addresses(victim), group.addresses((victim + 1) % 3), "victim {victim}");
        assert_eq!(words_shown(&group, victim), 1, "victim {victim}");
    }
}

#[test]
fn who_joins_hears_how_many_are_here() {
    let mut group = Group::new(86);
    group.create(true);
    let invite = group.invite();
    let here = |group: &Group| {
        let present = |view: &View| match view {
            View::Present { present, total: 3 } => Some(*present),
            _ => None,
        };
        group.nodes[1].views.iter().filter_map(present).collect::<Vec<_>>()
    };
    group.command(1, Command::Join { invite: invite.clone(), accept_words: true });
    group.run();
    assert_eq!(here(&group), [2]);
    group.pass(3);
    assert_eq!(here(&group), [2]);
    group.command(2, Command::Join { invite, accept_words: true });
    group.run();
    assert_eq!(here(&group), [2, 3]);
}

#[test]
fn names_stand_for_numbers_in_what_is_told() {
    let mut group = at_the_words(87);
    group.command(0, Command::ConfirmWords { wallet: None, same: true });
    group.pass(601);
    let reason = |view: &View| match view {
        View::CeremonyFailed { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    let told = group.nodes[0].views.iter().find_map(reason).unwrap();
    assert_eq!(told, "no answer in time from bob, carol");
}

#[test]
fn a_device_that_restarts_in_the_middle_finishes() {
    for victim in 0..3 {
        let mut group = Group::new(20 + victim as u8 * 3);
        group.create(true);
        let invite = group.invite();
        group.offline.push(victim);
        for index in 1..3 {
            if !group.offline.contains(&index) || index == victim {
                group.command(index, Command::Join { invite: invite.clone(), accept_words: true });
            }
        }
        group.run();
        group.offline.clear();
        group.restart(victim);
        group.pass(40);
        for index in 0..3 {
            assert_eq!(group.addresses(index), group.addresses(0), "victim {victim}");
        }
    }
}

#[test]
fn a_restarted_device_knows_its_wallet_and_its_log_holds_no_ceremony() {
    let mut group = Group::with_wallet(3);
    // The device, the wallet, and of each of two pairs that it was made and confirmed.
    assert_eq!(group.nodes[0].log.len(), 2 + 2 * 2);
    group.restart(0);
    group.command(0, Command::List);
    let View::Wallets { wallets, .. } = group.nodes[0].views.last().unwrap() else { panic!("no list") };
    assert_eq!(wallets[0].state, "ready");
    assert_eq!(wallets[0].addresses, group.addresses(1));
}

#[test]
fn an_unfinished_ceremony_outlives_compaction_and_the_expiry_of_its_invite() {
    let mut group = Group::new(70);
    group.create(true);
    let invite = group.invite();
    group.command(1, Command::Join { invite: invite.clone(), accept_words: true });
    group.command(2, Command::Join { invite, accept_words: true });
    group.run_until(|nodes| nodes[2].views.iter().any(|v| matches!(v, View::Progress { done: 3, .. })));
    let log = group.nodes[2].device.snapshot();
    group.nodes[2].log = log.iter().map(|record| record.to_vec()).collect();
    group.now = group.now.after(4_000_000);
    group.restart(2);
    group.command(2, Command::List);
    let View::Wallets { wallets, .. } = group.nodes[2].views.last().unwrap() else { panic!("no list") };
    assert_eq!(wallets[0].state, "ready");
    assert_eq!(wallets[0].addresses, group.addresses(0));
}
