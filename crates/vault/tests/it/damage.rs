//! Bit rot, truncation, swaps and hostile bytes: the same records, a prefix of them, or a typed refusal.

use proptest::prelude::*;
use quorate_vault::log::{self, Contents};
use quorate_vault::{Recovery, Unlock, Vault, VaultError};

use crate::support::{disk_with, key, plain, rng};

const HEADER_LEN: usize = quorate_vault::format::HEADER_LEN;
const COMMITS: &[&[&[u8]]] = &[&[b"first"], &[b"", b"third record"], &[b"fourth"], &[&[0x44; 100]]];

fn file() -> Vec<u8> {
    disk_with(COMMITS).bytes().unwrap()
}

fn all_records() -> Vec<Vec<u8>> {
    COMMITS.iter().flat_map(|commit| commit.iter().map(|record| record.to_vec())).collect()
}

fn read(bytes: &[u8]) -> Result<Contents, VaultError> {
    log::read(bytes, Unlock::Key(&key()))
}

/// The beginning of each frame, and the end of the file.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![HEADER_LEN];
    while *starts.last().unwrap() < bytes.len() {
        let at = *starts.last().unwrap();
        let body = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        starts.push(at + 28 + usize::try_from(body).unwrap());
    }
    starts
}

/// Number of records in the frames before the one that holds byte `at`.
fn records_before(starts: &[usize], at: usize) -> usize {
    let frame = starts.iter().rposition(|start| *start <= at).unwrap();
    COMMITS.iter().take(frame.saturating_sub(1)).map(|commit| commit.len()).sum()
}

#[test]
fn c9_every_flipped_bit_is_refused_or_cuts_the_last_commit_off() {
    let file = file();
    let starts = frames(&file);
    let last = starts[starts.len() - 2];
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut bytes = file.clone();
            bytes[at] ^= 1 << bit;
            let result = read(&bytes);
            if at < HEADER_LEN {
                // The derivation's parameters and salt are part of the key's identity, so they are refused as such.
                assert!(result.is_err(), "header byte {at} bit {bit}");
            } else if at < last {
                let record = records_before(&starts, at) as u64;
                assert_eq!(result.unwrap_err(), VaultError::Damaged { record }, "byte {at} bit {bit}");
            } else if let Ok(contents) = result {
                assert_eq!(plain(&contents.records), all_records()[..4], "byte {at} bit {bit}");
                assert_eq!(contents.torn_len, (file.len() - last) as u64);
            } else {
                // A shortened length leaves bytes behind the last frame, which no crash does.
                assert!(at < last + 4, "byte {at} bit {bit}");
                assert_eq!(result.unwrap_err(), VaultError::Damaged { record: 4 });
            }
        }
    }
}

#[test]
fn c9_every_truncation_gives_a_whole_prefix_or_is_refused() {
    let file = file();
    let starts = frames(&file);
    for len in 0..file.len() {
        let result = read(&file[..len]);
        if len < HEADER_LEN {
            assert_eq!(result.unwrap_err(), VaultError::NotAVault, "{len} bytes");
        } else if len < starts[1] {
            assert_eq!(result.unwrap_err(), VaultError::Damaged { record: 0 }, "{len} bytes");
        } else {
            let contents = result.unwrap();
            assert_eq!(
                plain(&contents.records),
                all_records()[..records_before(&starts, len)],
                "{len} bytes"
            );
            let whole = starts.iter().copied().filter(|start| *start <= len).max().unwrap();
            assert_eq!(contents.torn_len, (len - whole) as u64, "{len} bytes");
        }
    }
}

#[test]
fn c9_a_snapshot_is_never_taken_for_torn() {
    let disk = disk_with(COMMITS);
    let (mut vault, ..) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
    let big = vec![7; 6 << 20];
    vault.rewrite([b"small".as_slice(), &big, &big, &big]).unwrap();
    let file = disk.bytes().unwrap();
    let starts = frames(&file);
    assert_eq!(starts.len(), 4, "frame 0 and two of the snapshot");
    assert_eq!(plain(&read(&file).unwrap().records), [b"small".to_vec(), big.clone(), big.clone(), big]);
    for (len, record) in [(starts[1], 0), (starts[2] - 1, 0), (starts[2], 3), (starts[3] - 1, 3)] {
        assert_eq!(read(&file[..len]).unwrap_err(), VaultError::Damaged { record }, "{len} bytes");
    }
}

/// Two damaged frames in a row at the end cannot come from one interrupted commit.
#[test]
fn c9_damage_of_the_last_two_commits_is_refused() {
    let file = file();
    let starts = frames(&file);
    let mut bytes = file.clone();
    bytes[starts[3] + 40] ^= 1;
    bytes[starts[4] + 40] ^= 1;
    assert_eq!(read(&bytes).unwrap_err(), VaultError::Damaged { record: 3 });
    // The same with a length that claims to reach beyond the end of the file, as a torn frame would.
    let mut bytes = file;
    bytes[starts[2] + 2] ^= 1;
    assert_eq!(read(&bytes).unwrap_err(), VaultError::Damaged { record: 1 });
}

#[test]
fn c9_a_damaged_vault_is_not_changed() {
    let disk = disk_with(COMMITS);
    let mut bytes = disk.bytes().unwrap();
    let at = frames(&bytes)[2] + 50;
    bytes[at] ^= 0x10;
    disk.set_bytes(&bytes);
    let error = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap_err();
    assert_eq!(error, VaultError::Damaged { record: 1 });
    assert_eq!(error.to_string(), "the vault is damaged from record 1 on");
    assert_eq!(disk.bytes().unwrap(), bytes);
}

#[test]
fn c9_a_torn_end_is_cut_off_and_reported() {
    let disk = disk_with(COMMITS);
    let file = disk.bytes().unwrap();
    let last = frames(&file)[4];
    disk.set_bytes(&file[..file.len() - 1]);
    let (mut vault, records, report) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
    assert_eq!(plain(&records), all_records()[..4]);
    assert_eq!(report.recovery, Recovery::Recovered { bytes: (file.len() - 1 - last) as u64 });
    assert_eq!(disk.bytes().unwrap(), file[..last]);
    vault.append(b"after").unwrap();
    vault.commit().unwrap();
    drop(vault);
    let (_, records, report) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
    assert_eq!(records.last().unwrap().expose(), b"after");
    assert_eq!(report.recovery, Recovery::Clean);
}

/// Frames moved, doubled, left out, or taken from another vault or another history of this one.
#[test]
fn f5_no_frame_can_stand_in_for_another() {
    let file = file();
    let starts = frames(&file);
    let frame = |i: usize| &file[starts[i]..starts[i + 1]];
    let build = |order: &[&[u8]]| [&file[..starts[1]], &order.concat()].concat();
    assert_eq!(build(&[frame(1), frame(2), frame(3), frame(4)]), file);

    assert_eq!(
        read(&build(&[frame(1), frame(3), frame(2), frame(4)])).unwrap_err(),
        VaultError::Damaged { record: 1 }
    );
    assert_eq!(read(&build(&[frame(1), frame(3), frame(4)])).unwrap_err(), VaultError::Damaged { record: 1 });
    assert_eq!(read(&build(&[frame(1), frame(1), frame(2)])).unwrap_err(), VaultError::Damaged { record: 1 });

    // The same at the very end, where it must not be taken for torn.
    assert_eq!(read(&build(&[frame(1), frame(2), frame(4)])).unwrap_err(), VaultError::Damaged { record: 3 });
    assert_eq!(read(&build(&[frame(1), frame(2), frame(2)])).unwrap_err(), VaultError::Damaged { record: 3 });

    // Another history: the same file went on in another way from frame 3.
    let fork = disk_with(COMMITS);
    fork.set_bytes(&file[..starts[3]]);
    let (mut vault, ..) = Vault::open_on(fork.storage(), &key(), rng(99)).unwrap();
    vault.append(b"FOURTH").unwrap();
    vault.commit().unwrap();
    let other = fork.bytes().unwrap();
    let foreign = &other[starts[3]..];
    assert_eq!(foreign.len(), frame(3).len());
    let spliced = build(&[frame(1), frame(2), foreign, frame(4)]);
    assert_eq!(read(&spliced).unwrap_err(), VaultError::Damaged { record: 4 });

    // Another vault under the same unlock key.
    let disk = quorate_vault::SimulatedDisk::new();
    let mut vault = Vault::create_on(disk.storage(), key(), rng(8)).unwrap();
    for commit in COMMITS {
        commit.iter().for_each(|record| vault.append(record).unwrap());
        vault.commit().unwrap();
    }
    let other = disk.bytes().unwrap();
    for i in 0..5 {
        let swapped = [&file[..starts[i]], &other[starts[i]..starts[i + 1]], &file[starts[i + 1]..]].concat();
        if i == 4 {
            assert_eq!(plain(&read(&swapped).unwrap().records), all_records()[..4]);
        } else {
            assert!(matches!(read(&swapped).unwrap_err(), VaultError::Damaged { .. }), "frame {i}");
        }
    }
    let header_swapped = [&other[..HEADER_LEN], &file[HEADER_LEN..]].concat();
    assert_eq!(read(&header_swapped).unwrap_err(), VaultError::Damaged { record: 0 });
}

/// Bytes that look like many frames must not keep the reader busy.
#[test]
fn e3_a_tail_of_fake_frames_is_refused_in_bounded_work() {
    let mut bytes = file();
    let next = frames(&bytes).len() as u64 - 1;
    let fake = [&(4_u32 << 20).to_le_bytes()[..], &(next + 1).to_le_bytes(), &[0; 8]].concat();
    bytes.extend_from_slice(&[0; 40]);
    let fakes = fake.repeat((1 << 20) / fake.len());
    bytes.extend_from_slice(&fakes);
    bytes.resize(bytes.len() + (14 << 20), 0);
    assert_eq!(read(&bytes).unwrap_err(), VaultError::Damaged { record: 5 });
}

#[test]
fn e3_a_tail_longer_than_any_commit_is_refused() {
    let mut bytes = file();
    bytes.resize(bytes.len() + quorate_vault::format::MAX_FRAME_LEN, 0);
    assert_eq!(plain(&read(&bytes).unwrap().records), all_records());
    bytes.push(0);
    assert_eq!(read(&bytes).unwrap_err(), VaultError::Damaged { record: 5 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Several damages at once: whatever is read is a prefix of what was written.
    #[test]
    fn c9_any_damage_gives_a_prefix_or_a_refusal(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
        junk in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut bytes = file();
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        bytes.extend(junk);
        for (at, mask) in edits {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        match read(&bytes) {
            Ok(contents) => prop_assert!(all_records().starts_with(&plain(&contents.records))),
            Err(VaultError::Damaged { record }) => prop_assert!(record <= 5),
            Err(error) => prop_assert!(
                matches!(
                    error,
                    VaultError::NotAVault
                        | VaultError::WrongPassword
                        | VaultError::UnsupportedVersion { .. }
                        | VaultError::UnsupportedKdf { .. }
                        | VaultError::KdfOutOfRange { .. }
                ),
                "{error:?}"
            ),
        }
    }

    /// F10: what comes out is byte for byte what went in, whatever the grouping.
    #[test]
    fn f10_records_come_back_exactly(
        commits in proptest::collection::vec(proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..5), 0..8),
    ) {
        let refs: Vec<Vec<&[u8]>> = commits.iter().map(|c| c.iter().map(Vec::as_slice).collect()).collect();
        let refs: Vec<&[&[u8]]> = refs.iter().map(Vec::as_slice).collect();
        let disk = disk_with(&refs);
        let (_, records, report) = Vault::open_on(disk.storage(), &key(), rng(1)).unwrap();
        prop_assert_eq!(plain(&records), commits.concat());
        prop_assert_eq!(report.recovery, Recovery::Clean);
    }
}
