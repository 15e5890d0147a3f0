//! The ring that carries a reply from the speaker task to the playback callback, block by block.

use ringbuf::traits::{Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::base::Epoch;

/// Samples in a [`Block`]: 5 ms at 48 kHz.
pub const BLOCK_SAMPLES: usize = 240;

/// Blocks in the speaker ring: 150 ms. When it is full, [`PlaybackFeed::push`] returns the block
/// and the speaker task tries again a few milliseconds later; nothing is lost.
pub const SPEAKER_RING: usize = 30;

/// 5 ms of one reply: mono at [`crate::base::SPEAKER_RATE`], samples in -1.0..=1.0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The reply it belongs to. It sounds only while this is the live epoch.
    pub epoch: Epoch,
    /// Valid samples in `pcm`, at most [`BLOCK_SAMPLES`]; 0 marks the end of the epoch.
    pub len: u16,
    /// The samples.
    pub pcm: [f32; BLOCK_SAMPLES],
}

impl Block {
    /// A block of the first [`BLOCK_SAMPLES`] of `pcm`, or fewer if it is shorter.
    pub fn new(epoch: Epoch, pcm: &[f32]) -> Self {
        let len = pcm.len().min(BLOCK_SAMPLES);
        let mut block = Self { epoch, len: len as u16, pcm: [0.0; BLOCK_SAMPLES] };
        block.pcm[..len].copy_from_slice(&pcm[..len]);
        block
    }

    /// The marker after the last block of `epoch`. When the edge reaches it, it sets
    /// [`super::SharedState::ended`], and silence from there on is not an underrun.
    pub fn end(epoch: Epoch) -> Self {
        Self { epoch, len: 0, pcm: [0.0; BLOCK_SAMPLES] }
    }
}

/// The writing end of the speaker ring.
pub struct PlaybackFeed(HeapProd<Block>);

impl PlaybackFeed {
    /// Queues `block`, or returns it if the ring is full.
    ///
    /// Queue a block only once its epoch is live: the edge drops blocks of other epochs on sight.
    // The block is returned by value on purpose: boxing it would allocate 200 times a second.
    #[allow(clippy::result_large_err)]
    pub fn push(&mut self, block: Block) -> Result<(), Block> {
        self.0.try_push(block)
    }

    /// Free space, in blocks.
    pub fn vacant(&self) -> usize {
        self.0.vacant_len()
    }
}

/// An empty ring: the writing end, and the blocks for the playback edge.
pub(super) fn speaker_ring() -> (PlaybackFeed, HeapCons<Block>) {
    let (producer, consumer) = HeapRb::new(SPEAKER_RING).split();
    (PlaybackFeed(producer), consumer)
}
