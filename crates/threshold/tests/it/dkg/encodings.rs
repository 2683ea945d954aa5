//! Points, scalars, keys, lengths and bytes that are not what they should be, in every place that has them.

use std::rc::Rc;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use quorate_primitives::encoding::body_from_bytes;
use quorate_primitives::{KeyPurpose, Secret};
use quorate_threshold::dkg::{Complaint, Dealing, Fault, KeyDealing, Messages, Offence, Participant};
use x25519_dalek::{PublicKey, StaticSecret};

use super::harness::{Ceremony, Message, Run, only, p, terms};
use super::puppet::{self, Puppet, scalars};

const SEED: u64 = 60;

fn forge(amend: impl Fn(&mut Dealing) + 'static) -> Run {
    Ceremony::new(2, 3, SEED)
        .puppet(3, |puppet| puppet.amend_dealing = Rc::new(move |_, dealing| amend(dealing)))
        .run()
}

#[test]
fn k19_b1_polynomials_of_another_degree_are_refused() {
    for (t, n) in [(2, 3), (3, 5)] {
        for slot in 0..3 {
            for count in [0, 1, t - 1, t + 1, 2 * t, 64] {
                let purpose = KeyPurpose::ALL[slot];
                let run = Ceremony::new(t, n, SEED)
                    .puppet(n, |puppet| {
                        puppet.polynomials.insert(purpose, scalars(purpose, count.max(1), 1));
                        puppet.amend_dealing =
                            Rc::new(move |_, dealing| dealing.keys[slot].coefficients.truncate(count.into()));
                    })
                    .run();
                run.assert_all_blame(n, Offence::Degree, &format!("{count} coefficients for {t} of {n}"));
            }
        }
    }
}

#[test]
fn b1_trailing_zero_coefficients_are_refused() {
    for slot in 0..3 {
        for (name, identity) in identities(KeyPurpose::ALL[slot]) {
            let zero = identity.clone();
            let run =
                forge(move |dealing| *dealing.keys[slot].coefficients.last_mut().unwrap() = zero.clone());
            run.assert_all_blame(3, Offence::Point, name);
            let run = forge(move |dealing| dealing.keys[slot].coefficients.push(identity.clone()));
            run.assert_all_blame(3, Offence::Degree, name);
        }
    }
}

#[test]
fn b1_keys_for_other_purposes_are_refused() {
    let amends: [fn(&mut Dealing); 5] = [
        |dealing| drop(dealing.keys.pop()),
        |dealing| dealing.keys.clear(),
        |dealing| dealing.keys.push(dealing.keys[0].clone()),
        |dealing| dealing.keys.swap(0, 1),
        |dealing| dealing.keys[0].purpose = KeyPurpose::Bip340Secp256k1,
    ];
    for amend in amends {
        forge(amend).assert_all_blame(3, Offence::Purposes, "other purposes");
    }
}

#[test]
fn b3_rounds_take_one_message_of_every_counterparty_and_of_nobody_else() {
    let world = Ceremony::new(2, 3, SEED).run().world;
    let any = only!(world.get(0, 2, 1), Announcement);
    for senders in [vec![], vec![2], vec![3], vec![1, 2], vec![1, 2, 3], vec![2, 3, 4], vec![2, 4]] {
        let seed = Secret::new([1; 32]);
        let (round, _) = Participant::new(terms(2, 3), p(1), seed).unwrap().announce();
        let messages: Messages<_> = senders.iter().map(|sender| (p(*sender), any.clone())).collect();
        let refused = round.finish(messages).map(drop);
        assert!(matches!(refused, Err(Fault::Misuse(_))), "{senders:?}: {refused:?}");
    }
}

#[test]
fn b3_complaints_name_participants_only() {
    for dealer in [0_u16, 65, 255, 256, u16::MAX] {
        let bytes = [dealer.to_le_bytes().as_slice(), &[7; 32]].concat();
        assert!(body_from_bytes::<Complaint>(&bytes, 64, "complaint").is_err(), "{dealer}");
    }
}

/// Encodings of the identity, true and attempted.
fn identities(purpose: KeyPurpose) -> Vec<(&'static str, Vec<u8>)> {
    if purpose == KeyPurpose::Ed25519 {
        let mut plain = vec![0; 32];
        plain[0] = 1;
        let mut signed = plain.clone();
        signed[31] = 0x80;
        return vec![
            ("identity", plain),
            ("identity with a sign", signed),
            ("identity plus p", little_endian(0xee, 0x7f)),
            ("identity plus p with a sign", little_endian(0xee, 0xff)),
        ];
    }
    let mut tagged = vec![0; 33];
    tagged[0] = 2;
    vec![("zeros", vec![0; 33]), ("SEC1 identity", vec![0]), ("x = 0", tagged)]
}

fn little_endian(first: u8, last: u8) -> Vec<u8> {
    let mut bytes = vec![0xff; 32];
    (bytes[0], bytes[31]) = (first, last);
    bytes
}

/// What must not be taken for a point, some of it made from a good one.
fn bad_points(purpose: KeyPurpose, good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut bad = identities(purpose);
    bad.extend([
        ("nothing", Vec::new()),
        ("too short", good[1..].to_vec()),
        ("too long", [good, &[0]].concat()),
        ("twice", [good, good].concat()),
    ]);
    if purpose == KeyPurpose::Ed25519 {
        let point = CompressedEdwardsY::from_slice(good).unwrap().decompress().unwrap();
        bad.extend(EIGHT_TORSION.iter().map(|small| ("low order", small.compress().to_bytes().to_vec())));
        bad.extend(
            EIGHT_TORSION[1..].iter().map(|t| ("torsioned", (point + t).compress().to_bytes().to_vec())),
        );
        let small = (0xed..=0xff).flat_map(|low| [little_endian(low, 0x7f), little_endian(low, 0xff)]);
        bad.extend(small.map(|bytes| ("y not below p", bytes)));
        let off_curve = (2_u8..).map(|y| [&[y][..], &[0; 31]].concat());
        let mut off_curve =
            off_curve.filter(|bytes| CompressedEdwardsY::from_slice(bytes).unwrap().decompress().is_none());
        bad.push(("not on the curve", off_curve.next().unwrap()));
    } else {
        let tagged = |tag: u8, x: &[u8]| [&[tag], x].concat();
        bad.extend([0, 1, 4, 5, 6, 7, 0x82, 0xff].map(|tag| ("tag", tagged(tag, &good[1..]))));
        let mut p_plus_one = [0xff; 32];
        p_plus_one[27..].copy_from_slice(&[0xfe, 0xff, 0xff, 0xfc, 0x30]);
        bad.push(("x = p + 1, where x = 1 is on the curve", tagged(2, &p_plus_one)));
        bad.push(("x not below p", tagged(3, &[0xff; 32])));
        let mut five = [0; 32];
        five[31] = 5;
        bad.push(("not on the curve", tagged(2, &five)));
        let uncompressed = k256::PublicKey::from_sec1_bytes(good).unwrap();
        bad.push((
            "uncompressed",
            k256::elliptic_curve::sec1::ToEncodedPoint::to_encoded_point(&uncompressed, false)
                .as_bytes()
                .to_vec(),
        ));
    }
    bad
}

#[test]
fn b4_bad_points_are_refused_in_every_place_of_a_dealing() {
    let honest = Ceremony::new(2, 3, SEED).puppet(3, |_| {}).run();
    for slot in 0..3 {
        let key = &honest.world.dealing(3, 1).keys[slot];
        let places = key.coefficients.iter().chain([&key.proof.commitment]).enumerate();
        for (place, good) in places {
            for (name, bad) in bad_points(key.purpose, good) {
                let what = format!("{name} in place {place} of {:?}", key.purpose);
                let run = forge(move |dealing| {
                    let KeyDealing { coefficients, proof, .. } = &mut dealing.keys[slot];
                    *coefficients.get_mut(place).unwrap_or(&mut proof.commitment) = bad.clone();
                });
                run.assert_all_blame(3, Offence::Point, &what);
            }
        }
    }
}

/// The order of the group, in the curve's byte order.
fn order(purpose: KeyPurpose) -> [u8; 32] {
    let minus_one = puppet::minus_one(purpose);
    add(purpose, &minus_one, &little(1))
}

fn little(low: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = low;
    bytes
}

/// Adds a little-endian number to a scalar's bytes as integers.
fn add(purpose: KeyPurpose, scalar: &[u8; 32], number: &[u8; 32]) -> [u8; 32] {
    let mut sum = *scalar;
    let big_endian = purpose != KeyPurpose::Ed25519;
    if big_endian {
        sum.reverse();
    }
    let mut carry = 0;
    for (byte, other) in sum.iter_mut().zip(number) {
        let wide = u16::from(*byte) + u16::from(*other) + carry;
        *byte = wide.to_le_bytes()[0];
        carry = wide >> 8;
    }
    assert_eq!(carry, 0, "does not fit");
    if big_endian {
        sum.reverse();
    }
    sum
}

/// Numbers that are not below the group order.
fn bad_scalars(purpose: KeyPurpose) -> Vec<[u8; 32]> {
    let order = order(purpose);
    vec![order, add(purpose, &order, &little(1)), [0xff; 32]]
}

fn reversed(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes.reverse();
    bytes
}

#[test]
fn b4_responses_not_below_the_group_order_are_refused() {
    for slot in 0..3 {
        let purpose = KeyPurpose::ALL[slot];
        for response in bad_scalars(purpose) {
            let run = forge(move |dealing| dealing.keys[slot].proof.response = response);
            run.assert_all_blame(3, Offence::Proof, "response");
        }
    }
    // On Ed25519 the same number fits into 32 bytes with the order added.
    let run = forge(|dealing| {
        let response = &mut dealing.keys[2].proof.response;
        *response = add(KeyPurpose::Ed25519, response, &order(KeyPurpose::Ed25519));
    });
    run.assert_all_blame(3, Offence::Proof, "z + ℓ");
}

#[test]
fn b4_shares_not_below_the_group_order_are_refused() {
    for slot in 0..3 {
        let purpose = KeyPurpose::ALL[slot];
        // f = 1 + x: the true share of P1 is 2, and 2 + q fits.
        let order = order(purpose);
        let number = if purpose == KeyPurpose::Ed25519 { order } else { reversed(order) };
        let one = add(purpose, &[0; 32], &little(1));
        let two_plus_order = add(purpose, &add(purpose, &one, &little(1)), &number);
        let same = Ceremony::new(2, 3, SEED)
            .puppet(3, |puppet| drop(puppet.polynomials.insert(purpose, vec![one, one])))
            .run();
        assert_eq!(same.outcomes().len(), 2);
        for share in bad_scalars(purpose).into_iter().chain([two_plus_order]) {
            let run = Ceremony::new(2, 3, SEED)
                .puppet(3, |puppet| {
                    puppet.polynomials.insert(purpose, vec![one, one]);
                    puppet.amend_shares = Rc::new(move |to, fields| {
                        if to == p(1) {
                            fields[slot] = share;
                        }
                    });
                })
                .run();
            let complaints = run.complaints();
            let verdict = run.verdict(p(1), complaints[&p(1)]);
            assert_eq!(
                (verdict.culprit, verdict.offence),
                (p(3), Offence::Share),
                "{purpose:?}: {share:02x?}"
            );
        }
    }
}

/// X25519 keys that give everybody the same secret, or that have another spelling.
fn bad_keys(good: &[u8; 32]) -> Vec<[u8; 32]> {
    let mut bad: Vec<_> = EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes()).collect();
    for low in 0xec..=0xff {
        bad.push(little_endian(low, 0x7f).try_into().unwrap());
        bad.push(little_endian(low, 0xff).try_into().unwrap());
    }
    let small = bad.clone().into_iter().chain([*good]);
    bad.extend(small.map(|mut key| {
        key[31] |= 0x80;
        key
    }));
    bad
}

#[test]
fn b4_bad_announced_keys_are_refused_in_every_place() {
    for place in 0..2 {
        let good = Puppet::new(p(3), terms(2, 3), SEED).announcement.ephemeral_keys[place];
        for key in bad_keys(&good) {
            let run = Ceremony::new(2, 3, SEED)
                .puppet(3, |puppet| puppet.announcement.ephemeral_keys[place] = key)
                .run();
            run.assert_all_blame(3, Offence::EphemeralKey, &format!("{key:02x?}"));
        }
    }
    let run = Ceremony::new(2, 3, SEED)
        .puppet(3, |puppet| puppet.announcement.ephemeral_keys[1] = puppet.announcement.ephemeral_keys[0])
        .run();
    run.assert_all_blame(3, Offence::EphemeralKey, "twice the same");
    for count in [0, 1, 3, 63, 64] {
        let run = Ceremony::new(2, 3, SEED)
            .puppet(3, |puppet| {
                let more = (0..64).map(|i| PublicKey::from(&StaticSecret::from([i; 32])).to_bytes());
                puppet.announcement.ephemeral_keys = more.take(count).collect();
            })
            .run();
        run.assert_all_blame(3, Offence::EphemeralKeyCount, &format!("{count} keys"));
    }
}

/// The bad key is bound and used as an honest one would be: nothing but the check refuses it.
#[test]
fn b4_bad_sealing_keys_name_their_dealer() {
    let secret = StaticSecret::from([0x21; 32]);
    let good = PublicKey::from(&secret).to_bytes();
    let with_key = |key: [u8; 32]| {
        Ceremony::new(2, 3, SEED)
            .puppet(3, |_| {})
            .tamper(|flight, from, to, world, message| {
                if (flight, from, to) == (4, p(3), p(1)) {
                    let plaintext = plaintext_for(p(1));
                    *message = Message::Shares(puppet::seal(world, from, to, &secret, key, &plaintext));
                }
                true
            })
            .run()
    };
    assert_eq!(with_key(good).outcomes().len(), 2, "the way the bad ones are made is right");
    for key in bad_keys(&good) {
        let run = with_key(key);
        let complaints = run.complaints();
        let verdict = run.verdict(p(1), complaints[&p(1)]);
        assert_eq!((verdict.culprit, verdict.offence), (p(3), Offence::Ciphertext), "{key:02x?}");
    }
}

/// What the puppet P3 seals to a recipient.
fn plaintext_for(to: quorate_primitives::ParticipantId) -> Vec<u8> {
    let puppet = Puppet::new(p(3), terms(2, 3), SEED);
    let shares = puppet.polynomials.iter().map(|(purpose, f)| puppet::evaluate(*purpose, f, to));
    shares.chain([puppet.chain_code_part]).collect::<Vec<_>>().concat()
}
