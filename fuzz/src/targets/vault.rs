//! The vault's file: its header, and a log to which a disk did something.

use std::sync::LazyLock;

use quorate_vault::format::{HEADER_LEN, Header};
use quorate_vault::{KdfParams, Password, UnlockKey, log};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::Target;
use crate::oracle::canonical;

pub const TARGETS: &[Target] = &[
    Target::new("vault_header", |bytes| {
        let first = bytes.get(..HEADER_LEN).unwrap_or(bytes);
        canonical(
            first,
            |bytes| Header::parse(bytes).map(|(header, _)| header),
            |header| header.to_bytes().to_vec(),
        );
    })
    .with_seeds(|| vec![INTACT.bytes.clone()]),
    Target::new("vault_log_edits", damaged_log).with_seeds(|| {
        let len = u32::try_from(INTACT.bytes.len()).unwrap_or(u32::MAX);
        // Nothing, a flipped bit in the middle, and the last ten bytes gone.
        vec![
            len.to_le_bytes().to_vec(),
            [len.to_le_bytes().as_slice(), &(len / 2).to_le_bytes(), &[1]].concat(),
            (len - 10).to_le_bytes().to_vec(),
        ]
    }),
];

const RECORDS: [&[u8]; 4] = [b"first", b"", &[7; 3000], b"last"];

struct Intact {
    key: UnlockKey,
    bytes: Vec<u8>,
}

static INTACT: LazyLock<Intact> = LazyLock::new(|| {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let password = Password::new("correct horse").expect("a password");
    let key = UnlockKey::derive(&password, KdfParams::FLOOR, &mut rng).expect("a key");
    let mut snapshot = log::write(&key, [9; 16], 1, RECORDS[..2].iter().copied(), &mut rng).expect("a vault");
    for record in &RECORDS[2..] {
        let mut frame = log::seal(&mut snapshot.chain, [*record], &mut rng).expect("a frame");
        snapshot.bytes.append(&mut frame);
    }
    Intact { key, bytes: snapshot.bytes }
});

/// Cuts an intact file to the length in the first four bytes and alters single bytes as the rest says. What can
/// still be read is a prefix of what was written; whatever else happens is a refusal.
fn damaged_log(edits: &[u8]) {
    let Some((len, edits)) = edits.split_first_chunk::<4>() else { return };
    let mut bytes = INTACT.bytes.clone();
    let mut altered = false;
    for edit in edits.as_chunks::<5>().0 {
        let [a, b, c, d, mask] = *edit;
        let at = u32::from_le_bytes([a, b, c, d]) as usize % bytes.len();
        bytes[at] ^= mask;
        altered |= mask != 0;
    }
    bytes.truncate(u32::from_le_bytes(*len) as usize);
    let untouched = !altered && bytes.len() == INTACT.bytes.len();
    match log::read(&bytes, (&INTACT.key).into()) {
        Ok(contents) => {
            assert!(contents.records.iter().zip(RECORDS).all(|(found, written)| found.expose() == written));
            assert!(contents.records.len() <= RECORDS.len());
            assert!(!untouched || contents.records.len() == RECORDS.len(), "an intact file lost a record");
        }
        Err(error) => assert!(!untouched, "an intact file is refused: {error}"),
    }
}
