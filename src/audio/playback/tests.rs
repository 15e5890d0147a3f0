use super::*;
use crate::audio::{Earcon, Path, path};

const ONE: Epoch = Epoch(1);
const TWO: Epoch = Epoch(2);

/// A path at full volume whose live epoch is [`ONE`].
fn speaking() -> Path {
    let path = path(Volume::new(100));
    path.shared.set_live(ONE);
    path
}

fn queue(path: &mut Path, epoch: Epoch, level: f32, blocks: usize) {
    for _ in 0..blocks {
        path.feed.push(Block::new(epoch, &[level; BLOCK_SAMPLES])).unwrap();
    }
}

fn pull(path: &mut Path, len: usize) -> Vec<f32> {
    let mut out = vec![9.0; len];
    path.playback.pull(&mut out);
    out
}

#[test]
fn the_live_reply_is_played_to_the_sample_and_counted() {
    let mut path = speaking();
    let pcm: Vec<f32> = (0..600).map(|n| n as f32 / 1_000.0).collect();
    for piece in pcm.chunks(BLOCK_SAMPLES) {
        path.feed.push(Block::new(ONE, piece)).unwrap();
    }
    path.feed.push(Block::end(ONE)).unwrap();
    let mut out = pull(&mut path, 7);
    out.extend(pull(&mut path, 480));
    assert_eq!(path.shared.progress(), (ONE, 487));
    assert_eq!(path.shared.ended(), Epoch::NONE);
    out.extend(pull(&mut path, 480));
    assert_eq!(out[..600], pcm[..]);
    assert_eq!((path.shared.played(ONE), path.shared.ended()), (600, ONE));
    assert_eq!(path.shared.counts().underruns, 0);
}

#[test]
fn nothing_sounds_but_the_live_epoch() {
    let mut path = speaking();
    queue(&mut path, Epoch(7), 0.5, 3);
    queue(&mut path, ONE, 0.25, 1);
    queue(&mut path, Epoch(8), 0.5, 3);
    let out = pull(&mut path, 240);
    assert_eq!(out, [0.25; 240]);
    let out = pull(&mut path, 480);
    assert!(out.iter().all(|s| s.abs() <= 0.25), "a stale block sounds");
    assert_eq!(path.shared.played(ONE), 240);
    assert_eq!(path.shared.played(Epoch(7)), 0);
}

#[test]
fn a_cut_fades_over_five_milliseconds_and_the_count_holds_the_fade() {
    // The fade fits within one period, or spans two or three.
    for period in [100, 150, 480] {
        let mut path = speaking();
        queue(&mut path, ONE, 0.5, 10);
        pull(&mut path, 480);
        path.shared.set_live(Epoch::NONE);
        assert_eq!(path.shared.hushed(ONE), None, "the edge has not seen it yet");
        let mut out = Vec::new();
        while out.len() < 480 {
            out.extend(pull(&mut path, period));
        }
        for (n, sample) in out.iter().enumerate() {
            let ideal = 0.5 * (1.0 - n as f32 / FADE_SAMPLES as f32).max(0.0);
            assert!((sample - ideal).abs() < 1e-6, "{sample} at {n}, period {period}");
        }
        assert_eq!(path.shared.hushed(ONE), Some(480 + FADE_SAMPLES as u64));
    }
}

#[test]
fn a_reply_that_stood_still_goes_on_from_the_sample_it_is_told() {
    for period in [100, 240, 480, 1_000] {
        let mut path = speaking();
        for n in 0..20 {
            path.feed.push(Block::new(ONE, &[n as f32 / 100.0; BLOCK_SAMPLES])).unwrap();
        }
        path.feed.push(Block::end(ONE)).unwrap();
        pull(&mut path, 2_000);
        path.shared.pause();
        for _ in 0..20 {
            pull(&mut path, period);
        }
        // The fade counts, and nothing else.
        let given = 2_000 + FADE_SAMPLES as u64;
        assert_eq!(path.shared.played(ONE), given);
        assert_eq!(path.shared.counts().underruns, 0);
        path.shared.resume(1_200);
        let mut out = Vec::new();
        while out.len() < 6_000 {
            out.extend(pull(&mut path, period));
        }
        assert_eq!(path.shared.played(ONE), 4_800);
        assert_eq!(path.shared.ended(), ONE);
        assert_eq!(path.shared.counts().underruns, 0, "period {period}");
        for (n, sample) in out[..3_600].iter().enumerate().skip(FADE_SAMPLES) {
            let ideal = ((1_200 + n) / BLOCK_SAMPLES) as f32 / 100.0;
            assert!((sample - ideal).abs() < 1e-6, "{sample} at {n}, period {period}");
        }
        assert!(out[..FADE_SAMPLES].windows(2).all(|pair| pair[0] <= pair[1]), "no click");
    }
}

#[test]
fn a_reply_is_cut_at_once_while_it_stands_still_or_says_a_word_again() {
    for resumed in [false, true] {
        let mut path = speaking();
        queue(&mut path, ONE, 0.5, 20);
        pull(&mut path, 2_000);
        path.shared.pause();
        pull(&mut path, 480);
        if resumed {
            path.shared.resume(0);
            pull(&mut path, 480);
        }
        path.shared.set_live(Epoch::NONE);
        let out = pull(&mut path, 480);
        assert!(out[240..].iter().all(|sample| *sample == 0.0), "resumed: {resumed}");
        assert_eq!(path.shared.hushed(ONE), Some(2_000 + FADE_SAMPLES as u64));
        path.shared.resume(0);
        path.shared.set_live(TWO);
        queue(&mut path, TWO, 0.25, 1);
        assert_eq!(pull(&mut path, 240), [0.25; 240]);
    }
}

#[test]
fn the_next_reply_follows_the_fade_in_the_same_period() {
    let mut path = speaking();
    queue(&mut path, ONE, 0.5, 4);
    pull(&mut path, 480);
    path.shared.set_live(TWO);
    queue(&mut path, TWO, -0.5, 2);
    let out = pull(&mut path, 480);
    assert!(out[..239].iter().all(|s| *s > 0.0));
    assert_eq!(out[240..], [-0.5; 240]);
    assert_eq!(path.shared.hushed(ONE), Some(720));
    assert_eq!(path.shared.progress(), (TWO, 240));
}

#[test]
fn a_reply_that_had_just_ended_takes_nothing_of_the_next_one_with_it() {
    let mut path = speaking();
    queue(&mut path, ONE, 0.5, 2);
    path.feed.push(Block::end(ONE)).unwrap();
    pull(&mut path, 480);
    path.shared.set_live(TWO);
    queue(&mut path, TWO, -0.5, 8);
    let out = pull(&mut path, 240 + 1_920);
    assert_eq!(out[240..], [-0.5; 1_920]);
    assert_eq!((path.shared.hushed(ONE), path.shared.played(TWO)), (Some(480), 1_920));
    assert_eq!(path.shared.ended(), ONE);
}

/// Sample `n` of `epoch`, which cannot be confused with a fade or decay of another sample.
fn numbered(epoch: u32, n: usize) -> f32 {
    ((epoch << 16) + n as u32) as f32 / (1 << 24) as f32
}

#[derive(Clone, Debug)]
enum Op {
    Push(usize),
    End,
    Next,
    Hush,
    Pull(usize),
}

fn op() -> impl proptest::strategy::Strategy<Value = Op> {
    use proptest::prelude::*;
    prop_oneof![
        4 => (1..=BLOCK_SAMPLES).prop_map(Op::Push),
        1 => Just(Op::End),
        1 => Just(Op::Next),
        1 => Just(Op::Hush),
        4 => (1..700_usize).prop_map(Op::Pull),
    ]
}

proptest::proptest! {
    /// Whatever comes before: each sample queued for an epoch while it is live plays once, in
    /// order, as long as it stays live; so do those queued just before.
    #[test]
    fn every_sample_of_the_live_epoch_plays_once(
        ops in proptest::collection::vec(op(), 0..120),
        early in 0..3_usize,
    ) {
        let mut path = path(Volume::new(100));
        let mut epoch = 1;
        let mut queued = 0;
        let mut live = false;
        for op in ops {
            match op {
                Op::Push(len) => {
                    let pcm: Vec<f32> = (0..len).map(|n| numbered(epoch, n)).collect();
                    let _ = path.feed.push(Block::new(Epoch(epoch), &pcm));
                }
                Op::End => drop(path.feed.push(Block::end(Epoch(epoch)))),
                Op::Next => {
                    epoch += 1;
                    path.shared.set_live(Epoch(epoch));
                    live = true;
                }
                Op::Hush => {
                    path.shared.set_live(Epoch::NONE);
                    live = false;
                }
                Op::Pull(len) => drop(pull(&mut path, len)),
            }
        }
        // The last epoch: part of it is queued just before it goes live, the rest after.
        let before = path.shared.live();
        epoch += 1;
        let mut push = |path: &mut Path| {
            let pcm: Vec<f32> = (queued..queued + 77).map(|n| numbered(epoch, n)).collect();
            if path.feed.push(Block::new(Epoch(epoch), &pcm)).is_ok() {
                queued += 77;
            }
        };
        (0..early).for_each(|_| push(&mut path));
        path.shared.set_live(Epoch(epoch));
        let mut out = Vec::new();
        for _ in 0..8 {
            push(&mut path);
            out.extend(pull(&mut path, 500));
        }
        out.extend(pull(&mut path, 3_000));
        let heard: Vec<f32> = out.into_iter().filter(|s| *s >= numbered(epoch, 0)).collect();
        let ideal: Vec<f32> = (0..queued).map(|n| numbered(epoch, n)).collect();
        proptest::prop_assert_eq!(heard, ideal);
        proptest::prop_assert_eq!(path.shared.played(Epoch(epoch)), queued as u64);
        if live {
            proptest::prop_assert!(path.shared.hushed(before).is_some());
        }
    }
}

#[test]
fn replies_that_change_while_the_callback_runs_lose_nothing() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let Path { mut feed, mut playback, shared, .. } = path(Volume::new(100));
    let over = AtomicBool::new(false);
    let mut lost = None;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut out = [0.0; 97];
            while !over.load(Ordering::Relaxed) {
                playback.pull(&mut out);
                std::thread::yield_now();
            }
        });
        for epoch in 1..3_000 {
            let epoch = Epoch(epoch);
            shared.set_live(epoch);
            for _ in 0..3 {
                let mut block = Block::new(epoch, &[0.5; 100]);
                while let Err(back) = feed.push(block) {
                    block = back;
                    std::thread::yield_now();
                }
            }
            let mut looks = 0;
            while shared.played(epoch) < 300 && looks < 10_000_000 {
                looks += 1;
                std::thread::yield_now();
            }
            if shared.played(epoch) < 300 {
                lost = Some((epoch, shared.played(epoch)));
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(lost, None);
}

#[test]
fn a_cut_with_an_empty_ring_fades_the_last_sample() {
    let mut path = speaking();
    queue(&mut path, ONE, 0.5, 2);
    pull(&mut path, 480);
    path.shared.set_live(Epoch::NONE);
    let out = pull(&mut path, 480);
    assert!(out.windows(2).all(|w| w[0] >= w[1] && w[0] - w[1] < 0.003), "it clicks");
    assert_eq!(path.shared.hushed(ONE), Some(480), "made-up samples are not counted");
}

#[test]
fn an_epoch_that_never_sounded_is_let_go_at_once() {
    let mut path = speaking();
    pull(&mut path, 10);
    path.shared.set_live(TWO);
    pull(&mut path, 10);
    assert_eq!(path.shared.hushed(ONE), Some(0));
}

#[test]
fn a_ring_that_runs_dry_is_counted_once_and_does_not_click() {
    let mut path = speaking();
    pull(&mut path, 480);
    assert_eq!(path.shared.counts().underruns, 0, "waiting for the first sound is none");
    queue(&mut path, ONE, 0.5, 1);
    pull(&mut path, 240);
    let out = pull(&mut path, 480);
    assert!(out[0] > 0.45 && out[240].abs() < 1e-3 && out[479] == 0.0);
    pull(&mut path, 480);
    queue(&mut path, ONE, 0.5, 1);
    pull(&mut path, 240);
    let counts = path.shared.counts();
    assert_eq!((counts.underruns, counts.starved), (1, 960));
    assert_eq!(path.shared.played(ONE), 480);
}

#[test]
fn volume_and_ducking_move_without_steps() {
    let volume = Volume::new(100);
    let mut path = path(volume.clone());
    path.shared.set_live(ONE);
    queue(&mut path, ONE, 1.0, 30);
    pull(&mut path, 480);
    path.shared.set_duck(true);
    let out = pull(&mut path, 480);
    assert!(out.windows(2).all(|w| (w[0] - w[1]).abs() <= 1.01 * GAIN_STEP));
    assert!((out[479] - DUCKED).abs() < 1e-3);
    path.shared.set_duck(false);
    volume.set(50);
    pull(&mut path, 480);
    assert!((pull(&mut path, 1)[0] - 0.5).abs() < 1e-3);
    volume.mute(true);
    pull(&mut path, 480);
    assert!(pull(&mut path, 480).iter().all(|s| *s == 0.0));
    assert_eq!(path.shared.played(ONE), 5 * 480 + 1, "a muted reply goes on");
}

#[test]
fn earcons_sound_without_an_epoch_and_over_a_reply() {
    let mut path = path(Volume::new(100));
    path.shared.chime(Earcon::ListenStart);
    let out = pull(&mut path, 24_000);
    assert!(out.iter().any(|s| s.abs() > 0.03));
    assert!(out[20_000..].iter().all(|s| *s == 0.0), "it ends");
    assert_eq!(path.shared.progress(), (Epoch::NONE, 0));
    path.shared.set_live(ONE);
    queue(&mut path, ONE, 0.25, 4);
    path.shared.chime(Earcon::Error);
    let out = pull(&mut path, 960);
    assert!(out.iter().any(|s| (s - 0.25).abs() > 0.01));
    assert_eq!(path.shared.progress(), (ONE, 960));
}

#[test]
fn draining_gives_the_reply_and_no_silence() {
    let mut path = speaking();
    let mut out = [0.0; 1_000];
    assert_eq!(path.playback.drain(&mut out), 0);
    queue(&mut path, ONE, 0.5, 2);
    assert_eq!(path.playback.drain(&mut out), 480);
    assert_eq!(out[..480], [0.5; 480]);
    assert_eq!(path.playback.drain(&mut out), 0);
    assert_eq!(path.shared.played(ONE), 480);
}

#[test]
fn a_full_ring_hands_the_block_back() {
    let mut path = speaking();
    queue(&mut path, ONE, 0.5, SPEAKER_RING);
    assert_eq!(path.feed.vacant(), 0);
    let block = Block::new(ONE, &[0.1; 3]);
    assert_eq!(path.feed.push(block), Err(block));
}
