use quorate_primitives::ParticipantId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::*;

/// Both sides' rows, as an honest extension leaves them, and Alice's Δ.
struct Rows {
    delta: u128,
    alice: Vec<u128>,
    bob: Vec<u128>,
    choices: Vec<u8>,
}

fn rows(rng: &mut ChaCha20Rng) -> Rows {
    let mut draw = || u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
    let delta = draw();
    let alice: Vec<u128> = (0..OTS).map(|_| draw()).collect();
    let choices: Vec<u8> = (0..OTS).map(|_| u8::from(draw() & 1 == 1)).collect();
    let bob = alice.iter().zip(&choices).map(|(row, choice)| row ^ (delta * u128::from(*choice))).collect();
    Rows { delta, alice, bob, choices }
}

fn direction(alice: u16, bob: u16) -> Direction {
    let [alice, bob] = [alice, bob].map(|id| ParticipantId::try_from(id).unwrap());
    Direction { alice, bob }
}

fn context() -> Context {
    Context::new(&[1; 32], direction(1, 2), &[2; 32], &[3; 32], &[4; 32])
}

fn scalars(rng: &mut ChaCha20Rng) -> [Scalar; 3] {
    [(); 3].map(|()| Secp256k1::random_scalar(rng))
}

#[test]
fn outputs_are_shares_of_both_products() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let rows = rows(&mut rng);
    let [a_1, a_2, check] = scalars(&mut rng);
    let (product, c) = context().multiply(0, &rows.alice, rows.delta, [&a_1, &a_2], &check);
    let d = context().receive(0, &rows.bob, &rows.choices, &product).unwrap();
    let chi = chi(&rows.choices);
    for ((c, d), a) in c.expose().iter().zip(d.expose()).zip([a_1, a_2]) {
        assert_eq!(c + d, a * chi);
    }
}

/// Everything public that the product is about, changed in one place each.
#[test]
fn k5_k26_b7_a_product_of_another_context_fails_its_check() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let rows = rows(&mut rng);
    let [a_1, a_2, check] = scalars(&mut rng);
    let (product, _) = context().multiply(0, &rows.alice, rows.delta, [&a_1, &a_2], &check);
    let receive =
        |context: &Context, index| context.receive(index, &rows.bob, &rows.choices, &product).map(|_| ());
    let right = direction(1, 2);
    let others = [
        ("session", Context::new(&[9; 32], right, &[2; 32], &[3; 32], &[4; 32])),
        ("direction", Context::new(&[1; 32], direction(2, 1), &[2; 32], &[3; 32], &[4; 32])),
        ("Alice", Context::new(&[1; 32], direction(3, 2), &[2; 32], &[3; 32], &[4; 32])),
        ("Bob's nonce", Context::new(&[1; 32], right, &[9; 32], &[3; 32], &[4; 32])),
        ("Alice's nonce", Context::new(&[1; 32], right, &[2; 32], &[9; 32], &[4; 32])),
        ("nonces in each other's place", Context::new(&[1; 32], right, &[3; 32], &[2; 32], &[4; 32])),
        ("extension", Context::new(&[1; 32], right, &[2; 32], &[3; 32], &[9; 32])),
    ];
    for (what, other) in others {
        assert_eq!(receive(&other, 0), Err(Offence::Multiplication), "{what}");
    }
    assert_eq!(receive(&context(), 1), Err(Offence::Multiplication), "index");
    assert_eq!(receive(&context(), 0), Ok(()));
}

/// Another input in one row only, which would tell Alice a bit of β if nobody looked.
#[test]
fn k5_b9_inputs_that_differ_between_rows_are_refused_where_bob_chose_one() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let rows = rows(&mut rng);
    let [a_1, a_2, check] = scalars(&mut rng);
    let (honest, _) = context().multiply(0, &rows.alice, rows.delta, [&a_1, &a_2], &check);
    for at in [0, 1, 200, OTS - 1] {
        for column in 0..WIDTH {
            let mut product = honest.clone();
            let place = (at * WIDTH + column) * SCALAR_LEN;
            let field = &mut product.masked[place..place + SCALAR_LEN];
            let changed = decode(field).unwrap() + Scalar::ONE;
            field.copy_from_slice(&scalar_bytes(&changed));
            let refused = context().receive(0, &rows.bob, &rows.choices, &product).map(|_| ());
            assert_eq!(refused, Err(Offence::Multiplication), "row {at}, column {column}");
        }
    }
}

/// Both nonces in every pad: a session that is repeated never gives two products under one pad.
#[test]
fn k13_pads_of_a_repeated_session_are_independent() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let rows = rows(&mut rng);
    let again = Context::new(&[1; 32], direction(1, 2), &[2; 32], &[9; 32], &[4; 32]);
    let mut seen = std::collections::BTreeSet::new();
    for (row, j) in rows.alice.iter().zip(0..) {
        for context in [&context(), &again] {
            seen.extend(context.pads(0, j, *row).iter().map(scalar_bytes));
            seen.extend(context.pads(0, j, row ^ rows.delta).iter().map(scalar_bytes));
        }
    }
    assert_eq!(seen.len(), OTS * 2 * 2 * WIDTH);
}
