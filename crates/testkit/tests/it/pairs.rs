//! The stored pairs: what they must be, and how they are made anew.
//!
//! `QUORATE_BLESS=1` writes the file; the next build reads it.

use quorate_testkit::group::p;
use quorate_testkit::pairs;

#[test]
fn stored_pairs_are_what_a_set_up_makes_today() {
    let made = pairs::set_up();
    if std::env::var_os("QUORATE_BLESS").is_some() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pairs.bin");
        return std::fs::write(file, made).unwrap();
    }
    assert!(
        made == pairs::STORED,
        "logs of pairs changed; QUORATE_BLESS=1 accepts it, and old logs are lost"
    );
}

#[test]
fn every_two_of_four_members_find_their_pair() {
    for me in 1..=pairs::MEMBERS {
        for peer in (1..=pairs::MEMBERS).filter(|peer| *peer != me) {
            assert!(pairs::log(p(me), p(peer)).len() >= 2);
        }
    }
}
