//! Honest signers sign, with every shape of group.

use std::collections::{BTreeMap, BTreeSet};

use quorate_dkls::presign::{Commitment, Extension, Multiplication, Opening};
use quorate_dkls::sign::{Statement, TweakedKey};
use quorate_threshold::derive::{Derivation, Epsilon, derive_public};

use crate::support::{Group, assert_valid, p};

fn signs(t: u16, n: u16, signers: &[u16], batch: u16) {
    let group = Group::of(t, n, signers, u64::from(t) << 8 | u64::from(n));
    let mut ready = group.presign(signers, 1, batch, 5);
    for number in 0..batch {
        let derivation = Derivation::child(vec![0, u32::from(number)]);
        let key = TweakedKey::derive(group.public(), &derivation).unwrap();
        assert_eq!(
            key.public_key().as_slice(),
            derive_public(group.public(), &derivation).unwrap().public_key
        );
        let (shares, signings) = group.shares(&mut ready, &key);
        for signing in signings.values() {
            let signature = signing.plan().combine(&shares).unwrap();
            assert_valid(&signature, &key, &crate::support::DIGEST);
        }
    }
}

#[test]
fn two_of_two_sign_with_child_keys() {
    signs(2, 2, &[1, 2], 1);
}

#[test]
fn k34_g11_many_signatures_have_low_s_and_the_right_recovery_id() {
    signs(2, 3, &[1, 3], 33);
}

#[test]
fn three_of_five_sign() {
    signs(3, 5, &[2, 3, 5], 2);
}

#[test]
fn five_of_eight_sign() {
    signs(5, 8, &[1, 2, 4, 7, 8], 1);
}

#[test]
fn the_stored_key_itself_signs() {
    let group = Group::of(2, 3, &[2, 3], 1);
    let mut ready = group.presign(&[2, 3], 1, 1, 5);
    let (shares, signings) = group.shares(&mut ready, &group.root());
    let signature = signings[&p(2)].plan().combine(&shares).unwrap();
    assert_valid(&signature, &group.root(), &crate::support::DIGEST);
}

#[test]
fn messages_have_the_lengths_that_the_protocol_names() {
    assert_eq!(Commitment::LEN, 32 + 32);
    assert_eq!(Extension::len(1), 32 + 2640);
    assert!(Commitment::LEN + Extension::len(1) <= 2_672 + 64);
    assert!(Opening::len(1) + Multiplication::len(1) <= 40_195 + 64);
    let offline = |batch| {
        Commitment::LEN
            + Extension::len(batch)
            + Opening::len(batch)
            + Multiplication::len(batch)
            + quorate_dkls::presign::Confirmation::len(batch)
    };
    assert!(offline(1) <= 45_000);
    assert!(offline(16) / 16 <= 42_500);
    assert_eq!(quorate_dkls::sign::OnlineShare::LEN, 64);
    assert_eq!(quorate_dkls::pair::Transfers::LEN, 8_192 + 32);
    assert_eq!(quorate_dkls::pair::Trees::LEN, 6_144);
    let group = Group::of(2, 2, &[1, 2], 1);
    let round1 = group.begin(&group.terms(&[1, 2], 1, 3), &[1, 2], 1);
    let (_, commitment, extensions) = &round1[&1];
    assert_eq!(commitment.to_bytes().len(), Commitment::LEN);
    assert_eq!(extensions[&p(2)].to_bytes().len(), Extension::len(3));
    let round2 = group.extend(round1, &[1, 2], 1);
    let (_, opening, multiplications): &_ = &round2[&1];
    assert_eq!(opening.to_bytes().len(), Opening::len(3));
    assert_eq!(multiplications[&p(2)].to_bytes().len(), Multiplication::len(3));
}

/// One presignature, dealt again and again from one seed: whatever is signed changes R'.
#[test]
fn k16_b19_another_statement_has_another_nonce_point() {
    let signers = [1, 2];
    let group = Group::of(2, 3, &signers, 6);
    let child = TweakedKey::derive(group.public(), &Derivation::child(vec![1])).unwrap();
    let changes: [&dyn Fn(&mut Statement); 5] = [
        &|_| (),
        &|one| one.entropy[0] ^= 1,
        &|one| one.entropy[31] ^= 0x80,
        &|one| one.digest[31] ^= 1,
        &|one| one.key = child.clone(),
    ];
    let mut seen = BTreeSet::new();
    for change in changes {
        let mut shares = BTreeMap::new();
        let mut made = None;
        for (me, mut pool) in group.presign(&signers, 1, 1, 6) {
            let presignature = pool.pop().unwrap();
            let mut statement = group.statement(&presignature, &group.root());
            change(&mut statement);
            let (share, signing) = presignature.sign(&statement).unwrap();
            shares.insert(p(me), share);
            made = Some((signing, statement));
        }
        let (signing, statement) = made.unwrap();
        let signature = signing.plan().combine(&shares).unwrap();
        assert_valid(&signature, &statement.key, &statement.digest);
        assert!(seen.insert(signature.r), "two statements with one nonce point");
    }
}

/// The key, account and path of near/mpc's derivation vector: nobody holds its secret here, and the signature is that
/// of the published child.
#[test]
fn signs_under_the_tweak_of_chain_signatures_for_the_published_child() {
    let secret = hex::decode("1be2d390d2a3b5c70752bdd3fd3b7151f064cd7ca05322c010d2ef76727fce31").unwrap();
    let near_key = |encoded: &str| {
        let bytes = bs58::decode(encoded).into_vec().unwrap();
        [[2 | bytes[63] & 1].as_slice(), &bytes[..32]].concat()
    };
    let root =
        near_key("3PsZsvCDaDgG99DinUdnvrh22BYtXBWXZ7tNCboGUS6VangNYEcTLjKubkDQEhJFcP5yKsFRTthYVYnp5XkAVoZu");
    let child =
        near_key("4zvzanBjPrvRWAr3mjdPX9sSkS8GZTZ11L6V2pcAbmHRd3HHbTyboHdWauExDmHrEoWnbhDkUwnzVEa8hg52C55p");
    let group = Group::with_secret(&secret.try_into().unwrap(), &[1, 3], 7);
    assert_eq!(group.public().group_key, root);
    let epsilon = Epsilon::new("hello", "my-path").unwrap();
    let key = TweakedKey::new(group.public(), &epsilon.added_to(group.public().purpose).unwrap()).unwrap();
    assert_eq!(key.public_key().as_slice(), child);
    assert_eq!(epsilon.public_key(group.public()).unwrap(), child);
    let mut ready = group.presign(&[1, 3], 1, 1, 7);
    let (shares, signings) = group.shares(&mut ready, &key);
    for signing in signings.values() {
        assert_valid(&signing.plan().combine(&shares).unwrap(), &key, &crate::support::DIGEST);
    }
}
