use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::pair::tests::dealt;

const SESSION: [u8; 32] = [3; 32];

fn call(keys: &PairKeys, direction: Direction) -> Call<'_> {
    Call { session: &SESSION, direction, pair: keys.statement(), shape: Shape::of_batch(1) }
}

fn nibble(delta: u128, column: usize) -> u8 {
    u8::try_from(delta >> (4 * column) & 0xf).unwrap()
}

/// A Bob who uses other choice bits in one tree and answers as if Δ_m were `guess`.
fn cheat(alice: &PairKeys, bob: &PairKeys, column: usize, guess: u8, rng: &mut ChaCha20Rng) -> bool {
    let call_of_bob = call(bob, bob.as_bob());
    let width = call_of_bob.shape.width();
    let (_, mut message) = call_of_bob.choose(bob, rng);
    let error: Vec<u128> = (0..width).map(|_| random_block(rng)).collect();
    matrix::xor(&mut message.columns[column * width..(column + 1) * width], &error);
    // Everything he can compute: v from his seeds, β = u ⊕ U of an honest tree, the new challenge.
    let prefix = call_of_bob.stream_prefix(&message.nonce);
    let mut planes = vec![0; KAPPA * width];
    let mut buffer = prg::Buffer::new(width);
    let mut beta = message.columns[..width].to_vec();
    if column == 0 {
        matrix::xor(&mut beta, &error);
    }
    let trees = planes.chunks_exact_mut(DEPTH * width).zip(bob.bob_seeds().chunks_exact(LEAVES));
    for (tree, (planes, seeds)) in (0..).zip(trees) {
        for (seed, x) in seeds.iter().zip(0..) {
            let stream = buffer.fill(&prefix, tree, *seed);
            matrix::add_multiple(planes, stream, x);
            if tree == 0 {
                matrix::xor(&mut beta, stream);
            }
        }
    }
    let hash = LinearHash::new(&call_of_bob.challenge(&message.nonce, &message.columns), width);
    message.choice_hash = hash.of(&beta);
    let mut hashes: Vec<u128> = planes.chunks_exact(width).map(|plane| hash.of(plane)).collect();
    for bit in 0..DEPTH {
        if guess >> bit & 1 == 1 {
            hashes[column * DEPTH + bit] ^= hash.of(&error);
        }
    }
    message.column_hash = call_of_bob.column_hash(&message.nonce, hashes.into_iter());
    call(alice, alice.as_alice()).accept(alice, &message).is_ok()
}

/// What the note's arguments rest on. Challenges are hashes: 256 bits for columns, scalars of 512 bits for products, and
/// a linear hash over a field of 128 bits, because a prover can grind.
#[test]
fn k2_counts_and_challenges_are_those_of_the_note() {
    assert_eq!((KAPPA, TREES, DEPTH, LEAVES), (128, 32, 4, 16));
    assert_eq!(crate::pair::TRANSFERS, 128);
    assert_eq!(OTS, 256 + 2 * 80);
    assert_eq!(crate::vole::MASKED_LEN, OTS * (2 + 1) * 32);
    for batch in 1..=crate::presign::MAX_BATCH {
        let shape = Shape::of_batch(batch);
        assert!((shape.width() - 1) * 128 >= OTS * usize::from(batch), "a block of its own masks the check");
        assert_eq!(shape.corrections(), TREES * shape.width());
    }
    assert_eq!(crate::vole::chi(&[0; OTS]), k256::Scalar::ZERO);
    let hash = |column: &[u128]| LinearHash::new(&[1; 32], column.len()).of(column);
    let top = 1 << 127;
    assert_ne!(hash(&[top, 0]) >> 64, 0, "the check's field is as wide as a block");
    assert_ne!(hash(&[1, 0, 0]), hash(&[0, 1, 0]), "each block has a factor of its own");
    assert_eq!(hash(&[0, 0, 7]), 7, "the last one masks");
}

/// Fewer corrections than the batch has rows for: a shorter proof is none.
#[test]
fn k2_k9_a_truncated_extension_is_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let [alice, bob] = dealt(&mut rng, 7);
    let (_, message) = call(&bob, bob.as_bob()).choose(&bob, &mut rng);
    let len = message.columns.len();
    for keep in [0, 1, len / 2, len - 5, len - 1] {
        let mut shorter = message.clone();
        shorter.columns.truncate(keep);
        assert_eq!(call(&alice, alice.as_alice()).accept(&alice, &shorter).map(|_| ()), Err(CheckFailed));
    }
    let mut longer = message;
    longer.columns.push(0);
    assert_eq!(call(&alice, alice.as_alice()).accept(&alice, &longer).map(|_| ()), Err(CheckFailed));
}

#[test]
fn rows_differ_by_delta_where_the_choice_is_one() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let delta = random_block(&mut rng);
    let [alice, bob] = dealt(&mut rng, delta);
    for batch in [1, 5] {
        let of = |keys, direction| Call { shape: Shape::of_batch(batch), ..call(keys, direction) };
        let (rows, message) = of(&bob, bob.as_bob()).choose(&bob, &mut rng);
        let accepted = of(&alice, alice.as_alice()).accept(&alice, &message).unwrap();
        assert_eq!(accepted.expose().len(), OTS * usize::from(batch));
        for ((q, v), choice) in accepted.expose().iter().zip(rows.rows.expose()).zip(rows.beta.expose()) {
            assert_eq!(q ^ v, if *choice == 1 { delta } else { 0 });
        }
    }
}

/// 1,000 adaptive tries: a cheat in one tree passes iff Δ_m is what Bob guessed. He goes from tree to tree
/// until the first failure, which ends the generation.
#[test]
fn k10_b9_selective_aborts_stop_at_the_first_failure() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (mut tries, mut passed, mut bans) = (0, 0, 0);
    while tries < 1_000 {
        let delta = random_block(&mut rng);
        let [alice, bob] = dealt(&mut rng, delta);
        for column in 0..TREES {
            tries += 1;
            let passes = cheat(&alice, &bob, column, 0, &mut rng);
            assert_eq!(passes, nibble(delta, column) == 0, "column {column} of {delta:032x}");
            if !passes {
                // By value: there is no second try with these keys.
                assert_eq!(alice.ban().generation(), 1);
                bans += 1;
                break;
            }
            passed += 1;
        }
    }
    assert!(bans > 900 && (30..100).contains(&passed), "{passed} passed, {bans} bans");
}

/// KOS15's lemma would let errors in many planes cancel. Here each plane is checked alone.
#[test]
fn k11_a_guess_is_right_for_one_value_of_its_column_only() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    for column in [0, 1, 31] {
        let delta = random_block(&mut rng);
        let [alice, bob] = dealt(&mut rng, delta);
        let passing: Vec<u8> =
            (0..16).filter(|guess| cheat(&alice, &bob, column, *guess, &mut rng)).collect();
        assert_eq!(passing, [nibble(delta, column)]);
    }
}

#[test]
fn k13_a_repeated_session_has_other_rows() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let [_, bob] = dealt(&mut rng, 5);
    let (first, one) = call(&bob, bob.as_bob()).choose(&bob, &mut rng);
    let (second, other) = call(&bob, bob.as_bob()).choose(&bob, &mut rng);
    assert_ne!(one.nonce, other.nonce);
    let repeated = first.rows.expose().iter().filter(|row| second.rows.expose().contains(row)).count();
    assert_eq!(repeated, 0);
}

#[test]
fn b4_a_message_of_another_session_pair_or_generation_fails_the_check() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let [alice, bob] = dealt(&mut rng, u128::MAX);
    let (_, message) = call(&bob, bob.as_bob()).choose(&bob, &mut rng);
    let right = call(&alice, alice.as_alice());
    assert!(right.accept(&alice, &message).is_ok());
    let wrong = [
        Call { session: &[4; 32], ..call(&alice, alice.as_alice()) },
        Call { pair: &[4; 32], ..call(&alice, alice.as_alice()) },
        Call { direction: alice.as_bob(), ..call(&alice, alice.as_alice()) },
        Call { shape: Shape::of_batch(2), ..call(&alice, alice.as_alice()) },
    ];
    for call in wrong {
        assert!(call.accept(&alice, &message).is_err());
    }
}
