//! Who may take part.

use proptest::prelude::*;
use quorate_primitives::encoding;
use quorate_primitives::{KeyPurpose, Threshold};
use quorate_session::roster::{Roster, RosterError, is_name};
use quorate_session::seat::{Seat, SeatError};
use quorate_testkit::group::identities;

use crate::support::Group;

#[test]
fn a6_two_members_never_share_a_key_or_a_name() {
    let group = Group::new(1, |_| {});
    let refused = |what, change: &dyn Fn(&mut Roster)| {
        let mut roster = group.roster.clone();
        change(&mut roster);
        assert_eq!(roster.check(), Err(RosterError::Duplicate(what)));
        let seat = Seat::new(group.identities[0].clone(), roster);
        assert_eq!(seat.unwrap_err(), SeatError::Roster(RosterError::Duplicate(what)));
    };
    refused("signing key", &|roster| roster.members[2].identity.signing = roster.members[1].identity.signing);
    refused("agreement key", &|roster| {
        roster.members[2].identity.agreement = roster.members[0].identity.agreement
    });
    refused("relay key", &|roster| roster.members[1].relay = roster.members[2].relay);
    refused("name", &|roster| roster.members[1].name = roster.members[0].name.clone());
    refused("signing key", &|roster| roster.members[1].identity = roster.members[0].identity);
}

proptest! {
    #[test]
    fn a6_any_two_members_with_one_key_are_refused(one in 0_usize..5, other in 0_usize..5, field in 0..3) {
        prop_assume!(one != other);
        let identities = identities(7, 5);
        let threshold = Threshold::new(3, 5).unwrap();
        let mut roster = quorate_testkit::group::roster(&identities, threshold, &KeyPurpose::ALL, [0; 32]);
        prop_assert_eq!(roster.check(), Ok(()));
        let copied = roster.members[one].clone();
        match field {
            0 => roster.members[other].identity.signing = copied.identity.signing,
            1 => roster.members[other].identity.agreement = copied.identity.agreement,
            _ => roster.members[other].relay = copied.relay,
        }
        prop_assert!(matches!(roster.check(), Err(RosterError::Duplicate(_))));
    }
}

#[test]
fn refuses_counts_purposes_and_names_that_do_not_fit() {
    let check = |change: &dyn Fn(&mut Roster)| {
        let mut roster = Group::new(1, |_| {}).roster;
        change(&mut roster);
        roster.check()
    };
    assert_eq!(check(&|_| {}), Ok(()));
    assert!(matches!(
        check(&|r| drop(r.members.pop())),
        Err(RosterError::MemberCount { members: 2, expected: 3 })
    ));
    for purposes in
        [vec![], vec![KeyPurpose::Ed25519; 2], vec![KeyPurpose::Ed25519, KeyPurpose::EcdsaSecp256k1]]
    {
        assert_eq!(check(&|r| r.purposes.clone_from(&purposes)), Err(RosterError::Purposes));
    }
    for name in ["", " a", "a ", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(65)] {
        assert!(
            matches!(check(&|r| name.clone_into(&mut r.members[1].name)), Err(RosterError::Name(_))),
            "{name:?}"
        );
        assert!(
            matches!(check(&|r| name.clone_into(&mut r.wallet_name)), Err(RosterError::Name(_))),
            "{name:?}"
        );
        assert!(!is_name(name));
    }
}

#[test]
fn a_stranger_has_no_seat() {
    let group = Group::new(1, |_| {});
    let stranger = identities(99, 1).remove(0);
    assert_eq!(Seat::new(stranger, group.roster).unwrap_err(), SeatError::NotAMember);
}

/// Whatever changes in a roster changes its hash, and with it every channel and every signature.
#[test]
fn a8_every_field_of_a_roster_is_in_its_hash() {
    let group = Group::new(1, |_| {});
    let changes: [&dyn Fn(&mut Roster); 8] = [
        &|r| r.group[0] ^= 1,
        &|r| r.wallet_name.push('x'),
        &|r| r.threshold = Threshold::new(3, 3).unwrap(),
        &|r| r.purposes = KeyPurpose::ALL.to_vec(),
        &|r| r.epoch = 1,
        &|r| r.members[1].name.push('x'),
        &|r| r.members[1].relay.0[0] ^= 1,
        &|r| r.members.swap(1, 2),
    ];
    let hash = group.roster.hash();
    for change in changes {
        let mut roster = group.roster.clone();
        change(&mut roster);
        assert_ne!(roster.hash(), hash);
        assert_ne!(roster.safety_words(), group.roster.safety_words());
    }
}

#[test]
fn rosters_are_read_strictly() {
    let bytes = encoding::to_bytes(&Group::new(1, |_| {}).roster);
    assert!(encoding::from_bytes::<Roster>(&bytes).is_ok());
    for len in 0..bytes.len() {
        assert!(encoding::from_bytes::<Roster>(&bytes[..len]).is_err(), "{len}");
    }
    assert!(encoding::from_bytes::<Roster>(&[bytes, vec![0]].concat()).is_err());
}
