use quorate_primitives::Secret;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::*;
use crate::{Fault, Misuse, Obstacle, Offence, Part};

/// Keys as an honest set-up leaves them, without its cost: for tests of what comes after. The first holds Δ as Alice
/// towards the second.
pub(crate) fn dealt(rng: &mut impl RngCore, delta: u128) -> [PairKeys; 2] {
    let mut draw = || {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        u128::from_le_bytes(bytes)
    };
    let other_delta = draw();
    let mut side = |delta: u128| {
        let bob: Vec<u128> = (0..TREES * LEAVES).map(|_| draw()).collect();
        let alice = (0..TREES * LEAVES)
            .filter(|at| at % LEAVES != 0)
            .map(|at| bob[at ^ usize::from(ggm::nibble(delta, u8::try_from(at / LEAVES).unwrap()))])
            .collect();
        (Secret::new(alice), Secret::new(bob))
    };
    let ((alice_1, bob_2), (alice_2, bob_1)) = (side(delta), side(other_delta));
    let [one, two] = [1, 2].map(|id| ParticipantId::try_from(id).unwrap());
    let pair = crate::Pair::new(one, two).unwrap();
    [
        PairKeys::new((pair, one, 1), [0; 32], Secret::new(delta), alice_1, bob_1),
        PairKeys::new((pair, two, 1), [0; 32], Secret::new(other_delta), alice_2, bob_2),
    ]
    .map(|keys| keys.confirm(&[0; 32]).unwrap())
}

fn id(index: u16) -> ParticipantId {
    ParticipantId::try_from(index).unwrap()
}

fn context(me: u16, peer: u16) -> PairContext {
    PairContext { session: [1; 32], me: id(me), peer: id(peer), generation: 1 }
}

/// Changes the peer's message, knowing ours.
type Edit = fn(&mut Transfers, &Transfers);

struct FirstFlights {
    one: AwaitingTransfers,
    two: AwaitingTransfers,
    from_one: Transfers,
    from_two: Transfers,
}

fn first_flights(seed: u64) -> FirstFlights {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (one, from_one) = context(1, 2).begin(None, b"1", &mut rng).unwrap();
    let (two, from_two) = context(2, 1).begin(None, b"2", &mut rng).unwrap();
    FirstFlights { one, two, from_one, from_two }
}

/// The trees rebuilt are the trees planted, at every leaf but Δ's, in both directions.
#[test]
fn both_sides_hold_correlated_seeds() {
    let flights = first_flights(1);
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (one, trees_1) = flights.one.finish(&flights.from_two, b"1", &mut rng).unwrap();
    let (two, trees_2) = flights.two.finish(&flights.from_one, b"2", &mut rng).unwrap();
    let (one, two) = (one.finish(&trees_2).unwrap(), two.finish(&trees_1).unwrap());
    assert_eq!(one.statement(), two.statement());
    for (alice, bob) in [(&one, &two), (&two, &one)] {
        let delta = *alice.delta().expose();
        for tree in 0..TREES {
            let missing = usize::from(ggm::nibble(delta, u8::try_from(tree).unwrap()));
            for distance in 1..LEAVES {
                let known = alice.alice_seeds()[tree * (LEAVES - 1) + distance - 1];
                assert_eq!(known, bob.bob_seeds()[tree * LEAVES + (missing ^ distance)]);
            }
            let hidden = bob.bob_seeds()[tree * LEAVES + missing];
            assert!(!alice.alice_seeds().contains(&hidden));
        }
    }
}

#[test]
fn k5_k9_k12_b4_degenerate_base_transfers_are_refused() {
    let point = Offence::Point { part: Part::BaseTransfers };
    let edits: [(&str, Edit, Offence); 7] = [
        ("A is the identity", |peer, _| peer.point = [0; 32], point),
        ("A is not canonical", |peer, _| peer.point = [0xff; 32], point),
        ("r_0 is the identity", |peer, _| peer.offers[5][0] = [0; 32], point),
        ("r_1 is no point", |peer, _| peer.offers[127][1] = [0xff; 32], point),
        ("r_0 = r_1", |peer, _| peer.offers[0][0] = peer.offers[0][1], Offence::DegenerateTransfer),
        ("a repeated offer", |peer, _| peer.offers[1] = peer.offers[0], Offence::DegenerateTransfer),
        ("our own A", |peer, own| peer.offers[9][1] = own.point, Offence::DegenerateTransfer),
    ];
    for (name, edit, offence) in edits {
        let flights = first_flights(3);
        let mut peer = flights.from_two.clone();
        edit(&mut peer, &flights.from_one);
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let refused = flights.one.finish(&peer, b"1", &mut rng).map(|_| ()).unwrap_err();
        assert_eq!(refused, offence.of(id(2)), "{name}");
        assert!(!offence.is_evident());
    }
    let flights = first_flights(3);
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let reflected = flights.one.finish(&flights.from_one, b"1", &mut rng).map(|_| ()).unwrap_err();
    assert_eq!(reflected, Misuse::Reflected.into());
}

/// A changed tree is found by its check, or, where Alice could not see it, by the confirmation.
#[test]
fn k5_b4_changed_trees_never_give_a_usable_generation() {
    let mut found = [0; 2];
    for at in (0..Trees::LEN).step_by(401) {
        let flights = first_flights(5);
        let mut rng = ChaCha20Rng::seed_from_u64(6);
        let (one, trees_1) = flights.one.finish(&flights.from_two, b"1", &mut rng).unwrap();
        let (two, trees_2) = flights.two.finish(&flights.from_one, b"2", &mut rng).unwrap();
        let mut bytes = trees_2.to_bytes();
        bytes[at] ^= 1;
        let changed = Trees::from_bytes(&bytes).unwrap();
        let two = two.finish(&trees_1).unwrap();
        match one.finish(&changed) {
            Err(fault) => {
                assert_eq!(fault, Offence::Trees.of(id(2)));
                found[0] += 1;
            }
            Ok(one) => {
                // By value: keys that were not confirmed are gone.
                let split = Obstacle::SplitView { witnesses: vec![id(2)] };
                assert_eq!(one.confirm(two.statement()).map(|_| ()), Err(split.into()));
                found[1] += 1;
            }
        }
    }
    assert!(found[0] > 0 && found[1] > 0, "{found:?}");
}

/// A process that is copied together with its random source answers two different peers: were the trees the same, the
/// two would know all leaves together.
#[test]
fn c5_a_stuck_source_plants_other_trees_for_other_transfers() {
    let flights = [5, 6].map(|seed| {
        let flights = first_flights(seed);
        let (stuck, _) = context(1, 2).begin(None, b"1", &mut ChaCha20Rng::seed_from_u64(5)).unwrap();
        let (_, trees) = stuck.finish(&flights.from_two, b"1", &mut ChaCha20Rng::seed_from_u64(9)).unwrap();
        trees
    });
    // The sum of the check values depends on the leaves, and on no key.
    let [one, other] = flights.map(|trees| trees.trees.iter().map(|tree| tree.check_sum).collect::<Vec<_>>());
    assert!(one.iter().all(|sum| !other.contains(sum)));
}

#[test]
fn k13_generations_only_rise() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    for (generation, over) in [(1, 1), (1, 5)] {
        let context = PairContext { generation, ..context(1, 2) };
        let refused = context.begin(Some(over), b"1", &mut rng).map(|_| ()).unwrap_err();
        assert_eq!(refused, Misuse::DeadGeneration { generation });
    }
    assert_eq!(context(2, 2).begin(None, b"", &mut rng).map(|_| ()).unwrap_err(), Misuse::SelfPair);
    let later = PairContext { generation: 6, ..context(1, 2) };
    assert!(later.begin(Some(5), b"1", &mut rng).is_ok());
}

#[test]
fn keys_are_stored_and_found_again_and_print_nothing() {
    let [keys, _] = dealt(&mut ChaCha20Rng::seed_from_u64(8), 0x1234_5678);
    let bytes = keys.to_secret_bytes();
    let again = PairKeys::from_secret_bytes(&bytes).unwrap();
    assert_eq!(again.to_secret_bytes(), bytes);
    assert!(again.is_usable());
    let printed = format!("{keys:?}");
    assert!(printed.contains("<redacted>") && !printed.contains(&format!("{}", 0x1234_5678)));
    for cut in [0, 1, 100, bytes.expose().len() - 1] {
        assert!(PairKeys::from_secret_bytes(&Secret::new(bytes.expose()[..cut].to_vec())).is_err());
    }
    let mut longer = bytes.expose().clone();
    longer.push(0);
    assert!(PairKeys::from_secret_bytes(&Secret::new(longer)).is_err());
    let tombstone = keys.ban();
    assert_eq!((tombstone.generation(), tombstone.pair().high()), (1, id(2)));
    assert_eq!(Fault::Ban(vec![tombstone]).disclosures(id(1)), [crate::Disclosure::Pair(tombstone.pair())]);
}
