use proptest::prelude::*;
use quorate_primitives::Timestamp;

use super::*;

const ID: MessageId = MessageId([1; 16]);
const NOW: Timestamp = Timestamp(1000);

fn message(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn id(number: u8) -> MessageId {
    MessageId([number; 16])
}

/// The bytes of a chunk with fields that `split` would never give it.
fn raw(index: u16, count: u16, len: usize) -> Vec<u8> {
    Chunk { message_id: ID, index, count, bytes: vec![0; len] }.encode()
}

#[test]
fn sizes_are_the_documented_ones() {
    assert_eq!((CHUNK_BYTES, MAX_CHUNKS), (65_511, 65));
    for (len, count) in [(1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2), (MAX_MESSAGE, 65)] {
        let chunks = split(ID, &message(len)).unwrap();
        assert_eq!(chunks.len(), count, "{len}");
        assert!(chunks.iter().all(|chunk| chunk.encode().len() <= MAX_PAYLOAD));
    }
    assert_eq!(split(ID, &[]), Err(ChunkError::Empty));
    assert_eq!(split(ID, &vec![0; MAX_MESSAGE + 1]), Err(ChunkError::TooLong(MAX_MESSAGE + 1)));
}

#[test]
fn a1_chunks_make_their_message_in_any_order_and_repeated() {
    let message = message(3 * CHUNK_BYTES + 5);
    let mut chunks = split(ID, &message).unwrap();
    chunks.reverse();
    let mut reassembler = Reassembler::new(Limits::default());
    let last = chunks.pop().unwrap();
    for chunk in chunks.iter().chain(&chunks) {
        assert_eq!(reassembler.accept(&1, chunk.clone(), NOW), Ok(None));
    }
    assert_eq!(reassembler.accept(&1, last, NOW), Ok(Some(message)));
    assert_eq!((reassembler.bytes(), reassembler.next_deadline()), (0, None));
}

#[test]
fn e3_impossible_shapes_are_refused() {
    for (index, count, len) in [
        (0, 0, 1),
        (1, 1, 1),
        (0, 1, 0),
        (0, 2, CHUNK_BYTES - 1),
        (0, 2, 0),
        (1, 2, 0),
        (0, 66, CHUNK_BYTES),
        (64, 65, CHUNK_BYTES),
        (0, u16::MAX, CHUNK_BYTES),
    ] {
        let error = Chunk::decode(&raw(index, count, len)).unwrap_err();
        assert_eq!(error, ChunkError::Shape { index, count, len });
    }
    assert!(matches!(Chunk::decode(&[]), Err(ChunkError::Decode(DecodeError::Empty))));
    let bomb = [&[1][..], &[0; 20], &[0xff; 4]].concat();
    assert!(matches!(Chunk::decode(&bomb), Err(ChunkError::Decode(DecodeError::Malformed { .. }))));
    let long = vec![1; MAX_PAYLOAD + 1];
    assert!(matches!(Chunk::decode(&long), Err(ChunkError::Decode(DecodeError::TooLong { .. }))));
}

#[test]
fn e4_one_peer_never_costs_another_anything() {
    let limits = Limits { peers: 2, messages_per_peer: 2, bytes_per_peer: 3 * CHUNK_BYTES, timeout: 100 };
    let mut reassembler = Reassembler::new(limits);
    let honest = split(id(0), &message(2 * CHUNK_BYTES)).unwrap();
    assert_eq!(reassembler.accept(&"honest", honest[0].clone(), NOW), Ok(None));
    for number in 1..100 {
        let garbage = split(id(number), &message(3 * CHUNK_BYTES)).unwrap();
        let _ = reassembler.accept(&"garbage", garbage[0].clone(), NOW);
        let _ = reassembler.accept(&"garbage", garbage[1].clone(), NOW);
        assert!(reassembler.bytes() <= 4 * CHUNK_BYTES);
    }
    assert_eq!(reassembler.accept(&"third", honest[0].clone(), NOW), Err(ChunkError::TooManyPeers));
    assert_eq!(
        reassembler.accept(&"third", split(ID, b"short").unwrap()[0].clone(), NOW),
        Ok(Some(b"short".into()))
    );
    assert_eq!(reassembler.accept(&"honest", honest[1].clone(), NOW), Ok(Some(message(2 * CHUNK_BYTES))));
}

#[test]
fn a2_a_contradicting_chunk_does_not_block_the_true_message() {
    let message = message(2 * CHUNK_BYTES);
    let chunks = split(ID, &message).unwrap();
    let mut wrong = chunks[0].clone();
    wrong.bytes[9] ^= 1;
    let mut longer = chunks[0].clone();
    longer.count = 3;
    for forged in [wrong, longer] {
        let mut reassembler = Reassembler::new(Limits::default());
        assert_eq!(reassembler.accept(&1, forged, NOW), Ok(None));
        assert_eq!(reassembler.accept(&1, chunks[0].clone(), NOW), Err(ChunkError::Conflict));
        assert_eq!(reassembler.accept(&1, chunks[1].clone(), NOW), Ok(Some(message.clone())));
    }
}

#[test]
fn unfinished_messages_end_at_their_deadline() {
    let mut reassembler = Reassembler::new(Limits { timeout: 100, ..Limits::default() });
    let chunks = split(ID, &message(2 * CHUNK_BYTES)).unwrap();
    assert_eq!(reassembler.accept(&1, chunks[0].clone(), NOW), Ok(None));
    assert_eq!(reassembler.next_deadline(), Some(NOW.after(100)));
    assert_eq!(reassembler.expire(NOW.after(99)), 0);
    assert_eq!(reassembler.expire(NOW.after(100)), 1);
    assert_eq!(reassembler.accept(&1, chunks[1].clone(), NOW.after(101)), Ok(None));
}

proptest! {
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(
        index in 0_u16..4, count in 0_u16..4, len in 0_usize..100, extra in proptest::collection::vec(any::<u8>(), 0..3),
    ) {
        let bytes = [raw(index, count, len), extra].concat();
        if let Ok(chunk) = Chunk::decode(&bytes) {
            prop_assert_eq!(chunk.encode(), bytes);
        }
    }

    #[test]
    fn bounds_hold_under_any_chunks(
        steps in proptest::collection::vec((0_u8..4, 0_u8..6, 0_u16..4, 1_u16..5, any::<u8>(), 0_u64..50), 1..60),
    ) {
        let limits = Limits { peers: 3, messages_per_peer: 2, bytes_per_peer: 4 * CHUNK_BYTES, timeout: 200 };
        let mut reassembler = Reassembler::new(limits);
        let mut now = NOW;
        for (peer, number, index, count, fill, wait) in steps {
            now = now.after(wait);
            let last = index + 1 == count;
            let chunk = Chunk { message_id: id(number), index, count, bytes: vec![fill; if last { 7 } else { CHUNK_BYTES }] };
            if index >= count {
                continue;
            }
            if let Ok(Some(whole)) = reassembler.accept(&peer, chunk, now) {
                prop_assert_eq!(whole.len(), (usize::from(count) - 1) * CHUNK_BYTES + 7);
            }
            prop_assert!(reassembler.bytes() <= 3 * limits.bytes_per_peer);
            prop_assert!(reassembler.next_deadline().is_none_or(|at| at > now));
        }
    }
}
