//! Forks, gaps, restarts and lies, against a chain that grows at random.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::near::answers::ChunkName;

const NOW: u64 = 1_000_000_000_000_000_000;

fn hash(branch: u8, height: u64) -> Hash {
    let mut bytes = [branch; 32];
    bytes[..8].copy_from_slice(&height.to_be_bytes());
    Hash(bytes)
}

/// A block whose only chunk is named after it.
fn block(hash: Hash, prev_hash: Hash, height: u64) -> Block {
    let header = Header { height, hash, prev_hash, timestamp: NOW };
    Block { header, chunks: vec![ChunkHeader { chunk_hash: hash, height_included: height }] }
}

fn line(from: u64, to: u64) -> Vec<Block> {
    (from..=to).map(|height| block(hash(1, height), hash(1, height - 1), height)).collect()
}

fn body(of: Hash) -> Vec<Chunk> {
    let header = ChunkName { chunk_hash: of };
    vec![Chunk { header, transactions: Vec::new(), receipts: Vec::new() }]
}

/// A follower with an RPC that has every block of `blocks`, and what was applied and not undone.
struct World {
    follower: Follower,
    blocks: BTreeMap<Hash, Block>,
    chain: Vec<BlockRef>,
    skipped: Vec<(u64, u64)>,
    fetched: usize,
}

impl World {
    fn new(lookback: usize, blocks: Vec<Block>) -> Self {
        let blocks = blocks.into_iter().map(|block| (block.header.hash, block)).collect();
        Self { follower: Follower::new(lookback), blocks, chain: Vec::new(), skipped: Vec::new(), fetched: 0 }
    }

    fn see(&mut self, head: Hash) -> Result<(), FollowFault> {
        let block = self.blocks[&head].clone();
        let result = self.follower.handle_head(&block, NOW);
        self.run();
        result
    }

    fn run(&mut self) {
        while let Some(output) = self.follower.poll_output() {
            match output {
                Output::FetchBlock(hash) => {
                    self.fetched += 1;
                    match self.blocks.get(&hash) {
                        Some(block) => self.follower.handle_block(hash, block).unwrap(),
                        None => self.follower.handle_absent(hash),
                    }
                }
                Output::FetchBody { block, .. } => {
                    self.follower.handle_body(Hash(block.hash), body(Hash(block.hash))).unwrap();
                }
                Output::Undo(block) => assert_eq!(self.chain.pop(), Some(block)),
                Output::Apply { block, .. } => {
                    assert!(self.chain.last().is_none_or(|last| last.height < block.height));
                    self.chain.push(block);
                }
                Output::Skipped { from, to } => self.skipped.push((from, to)),
            }
        }
    }

    fn heights(&self) -> Vec<u64> {
        self.chain.iter().map(|block| block.height).collect()
    }
}

#[test]
fn the_first_head_brings_the_blocks_before_it() {
    let mut world = World::new(5, line(1, 20));
    world.see(hash(1, 20)).unwrap();
    assert_eq!(world.heights(), [16, 17, 18, 19, 20]);
    world.see(hash(1, 20)).unwrap();
    assert_eq!(world.fetched, 4, "a head that is known costs nothing");
}

#[test]
fn a_short_gap_is_filled_and_a_long_one_is_skipped_and_named() {
    let mut world = World::new(5, line(1, 40));
    world.see(hash(1, 10)).unwrap();
    world.see(hash(1, 13)).unwrap();
    assert_eq!(world.heights(), [6, 7, 8, 9, 10, 11, 12, 13]);
    world.see(hash(1, 30)).unwrap();
    assert_eq!(world.skipped, [(13, 26)]);
    assert_eq!(world.heights()[8..], [26, 27, 28, 29, 30]);
}

#[test]
fn h1_blocks_of_a_branch_that_lost_are_undone_newest_first() {
    let mut blocks = line(1, 10);
    blocks.push(block(hash(2, 9), hash(1, 8), 9));
    blocks.push(block(hash(2, 11), hash(2, 9), 11));
    let mut world = World::new(20, blocks);
    world.see(hash(1, 10)).unwrap();
    world.see(hash(2, 11)).unwrap();
    assert_eq!(world.heights(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
    assert_eq!(world.chain[8].hash, hash(2, 9).0);
}

#[test]
fn h1_a_head_behind_is_refused_and_named_and_believed_after_a_minute() {
    let mut world = World::new(20, line(1, 10));
    world.see(hash(1, 10)).unwrap();
    let behind = FollowFault::Behind { head: 4, applied: 10 };
    assert_eq!(world.see(hash(1, 4)), Err(behind));
    assert_eq!(world.chain.len(), 10);
    let late = world.blocks[&hash(1, 4)].clone();
    let result = world.follower.handle_head(&late, NOW + REWIND_NANOS);
    world.run();
    assert_eq!(result, Err(FollowFault::Rewound { head: 4 }));
    assert_eq!(world.heights(), [1, 2, 3, 4]);
}

#[test]
fn h1_a_late_address_beside_an_honest_one_rewinds_nothing() {
    let mut world = World::new(20, line(1, 10));
    world.see(hash(1, 10)).unwrap();
    let (tip, late) = (world.blocks[&hash(1, 10)].clone(), world.blocks[&hash(1, 4)].clone());
    for second in 0..120 {
        let now = NOW + second * 1_000_000_000;
        assert!(matches!(world.follower.handle_head(&late, now), Err(FollowFault::Behind { .. })));
        let _ = world.follower.handle_head(&tip, now);
        world.run();
    }
    assert_eq!(world.chain.len(), 10);
}

#[test]
fn h1_another_block_at_the_same_height_changes_nothing() {
    let mut blocks = line(1, 10);
    blocks.push(block(hash(2, 10), hash(1, 9), 10));
    let mut world = World::new(20, blocks);
    world.see(hash(1, 10)).unwrap();
    assert_eq!(world.see(hash(2, 10)), Err(FollowFault::Behind { head: 10, applied: 10 }));
    assert_eq!(world.chain.last().unwrap().hash, hash(1, 10).0);
}

#[test]
fn h1_a_branch_that_never_meets_is_named_and_believed_after_a_minute() {
    let mut blocks = line(1, 10);
    blocks.push(block(hash(2, 1), Hash::default(), 1));
    blocks.extend((2..=14).map(|height| block(hash(2, height), hash(2, height - 1), height)));
    let mut world = World::new(20, blocks);
    world.see(hash(1, 10)).unwrap();
    world.see(hash(2, 14)).unwrap();
    let foreign = Err(FollowFault::Foreign { head: 14, applied: 10 });
    assert_eq!(world.see(hash(2, 14)), foreign);
    assert_eq!(world.chain.last().unwrap().hash, hash(1, 10).0);
    world.see(hash(2, 14)).unwrap();
    let head = world.blocks[&hash(2, 14)].clone();
    let result = world.follower.handle_head(&head, NOW + REWIND_NANOS);
    world.run();
    assert_eq!(result, Err(FollowFault::Rewound { head: 14 }));
    assert_eq!((world.chain.len(), world.chain[13].hash), (14, hash(2, 14).0));
}

#[test]
fn h1_substituted_blocks_and_bodies_are_named() {
    let mut world = World::new(20, line(1, 10));
    world.see(hash(1, 5)).unwrap();
    let mut follower = world.follower;
    follower.handle_head(&line(8, 8)[0], NOW).unwrap();
    assert!(matches!(follower.poll_output(), Some(Output::FetchBlock(asked)) if asked == hash(1, 7)));
    assert_eq!(follower.handle_block(hash(1, 7), &line(6, 6)[0]), Err(FollowFault::Substituted));
    follower.handle_head(&line(6, 6)[0], NOW).unwrap();
    assert!(matches!(follower.poll_output(), Some(Output::FetchBody { .. })));
    assert_eq!(follower.handle_body(hash(1, 6), body(hash(1, 5))), Err(FollowFault::Substituted));
    assert_eq!(follower.handle_body(hash(1, 6), Vec::new()), Err(FollowFault::Substituted));
    assert_eq!(follower.applied().unwrap().height, 5);
}

#[test]
fn h1_a_block_not_above_its_parent_is_named() {
    let mut world = World::new(20, line(1, 5));
    world.see(hash(1, 5)).unwrap();
    let liar = block(hash(3, 9), hash(1, 5), 9);
    let child = block(hash(3, 8), hash(3, 9), 8);
    world.follower.handle_head(&child, NOW).unwrap();
    let heights = FollowFault::Heights { height: 8, parent: 9 };
    assert_eq!(world.follower.handle_block(hash(3, 9), &liar), Err(heights));
}

#[test]
fn h1_old_and_future_heads_are_named() {
    let mut world = World::new(20, line(1, 5));
    let head = world.blocks[&hash(1, 5)].clone();
    let late = world.follower.handle_head(&head, NOW + 31_000_000_000);
    assert_eq!(late, Err(FollowFault::Late { seconds: 31 }));
    let future = world.follower.handle_head(&head, NOW - 121_000_000_000);
    assert_eq!(future, Err(FollowFault::Future { seconds: 121 }));
    world.run();
    assert_eq!(world.chain.len(), 5, "what they bring is acted on all the same");
}

#[test]
fn history_that_is_not_kept_is_where_the_node_begins() {
    let mut world = World::new(20, line(6, 10));
    world.see(hash(1, 10)).unwrap();
    assert_eq!(world.heights(), [6, 7, 8, 9, 10]);
}

#[test]
fn a_failed_answer_is_asked_for_again() {
    let mut follower = Follower::new(3);
    follower.handle_head(&line(5, 5)[0], NOW).unwrap();
    assert!(matches!(follower.poll_output(), Some(Output::FetchBlock(_))));
    follower.handle_failure(hash(1, 4));
    assert!(matches!(follower.poll_output(), Some(Output::FetchBlock(asked)) if asked == hash(1, 4)));
    assert!(follower.poll_output().is_none());
}

proptest! {
    /// Whatever the branches are and in whichever order heads are seen: what stands applied is a chain of parents that ends
    /// with the highest head, and applying and undoing never breaks it.
    #[test]
    fn h1_the_applied_blocks_are_always_one_branch(
        parents in prop::collection::vec((0_usize..6, any::<bool>()), 1..60),
    ) {
        let mut blocks = vec![block(hash(1, 1), Hash::default(), 1)];
        for (number, (back, _)) in parents.iter().enumerate() {
            let parent = blocks[blocks.len().saturating_sub(1 + back)].header;
            let height = parent.height + 1 + u64::try_from(number % 3 / 2).unwrap();
            let branch = u8::try_from(number + 2).unwrap();
            blocks.push(block(hash(branch, height), parent.hash, height));
        }
        let mut world = World::new(100, blocks.clone());
        let mut highest = 0;
        for (block, seen) in blocks.iter().zip(core::iter::once(true).chain(parents.iter().map(|(_, seen)| *seen))) {
            if !seen {
                continue;
            }
            let result = world.see(block.header.hash);
            if block.header.height > highest {
                prop_assert_eq!(result, Ok(()));
                highest = block.header.height;
                prop_assert_eq!(world.chain.last().unwrap().hash, block.header.hash.0);
            }
            let mut parent = Hash::default();
            for applied in &world.chain {
                prop_assert_eq!(world.blocks[&Hash(applied.hash)].header.prev_hash, parent);
                parent = Hash(applied.hash);
            }
        }
    }
}
