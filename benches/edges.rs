//! The cost of the sound system's callbacks. A period is 10 ms; the budget is 1 % of it, 100 us.

use aloud::audio::{Block, Earcon, MicrophoneEdge, Path, SpeakerEdge, path};
use aloud::base::{Epoch, Moment, Rate, Volume};
use aloud::pcm::Resampler;
use divan::Bencher;

fn main() {
    divan::main();
}

/// A period of the playback edge during a reply, at the device's rate.
#[divan::bench(args = [48_000, 44_100])]
fn playback_period(bencher: Bencher<'_, '_>, rate: u32) {
    let Path { mut feed, playback, shared, .. } = path(Volume::new(80));
    let Ok((mut edge, _)) = SpeakerEdge::new(playback, 2, Rate(rate)) else { return };
    shared.set_live(Epoch(1));
    let mut out = vec![0.0f32; 2 * rate as usize / 100];
    let block = Block::new(Epoch(1), &[0.25; 240]);
    bencher.bench_local(|| {
        while feed.push(block).is_ok() {}
        edge.fill(divan::black_box(&mut out), 960, Moment::ZERO);
    });
}

/// The same in silence, which is most of the day.
#[divan::bench]
fn playback_period_in_silence(bencher: Bencher<'_, '_>) {
    let Path { playback, .. } = path(Volume::new(80));
    let Ok((mut edge, _)) = SpeakerEdge::new(playback, 1, Rate(48_000)) else { return };
    let mut out = vec![0.0f32; 480];
    bencher.bench_local(|| edge.fill(divan::black_box(&mut out), 960, Moment::ZERO));
}

/// From the new live epoch to the settled count, with a full ring of stale blocks: one period.
#[divan::bench]
fn cut(bencher: Bencher<'_, '_>) {
    let Path { mut feed, mut playback, shared, .. } = path(Volume::new(80));
    let mut out = vec![0.0f32; 480];
    let mut epoch = Epoch(1);
    shared.set_live(epoch);
    bencher.bench_local(|| {
        while feed.push(Block::new(epoch, &[0.25; 240])).is_ok() {}
        playback.pull(&mut out[..100]);
        epoch = epoch.next();
        shared.set_live(epoch);
        playback.pull(divan::black_box(&mut out));
    });
}

/// An earcon during a reply.
#[divan::bench]
fn earcon_period(bencher: Bencher<'_, '_>) {
    let Path { mut playback, shared, .. } = path(Volume::new(80));
    let mut out = vec![0.0f32; 480];
    bencher.bench_local(|| {
        shared.chime(Earcon::Notice);
        playback.pull(divan::black_box(&mut out));
    });
}

/// A period of the capture edge, 16-bit stereo to mono floats, and reading it.
#[divan::bench]
fn capture_period(bencher: Bencher<'_, '_>) {
    let Path { capture, mut tail, .. } = path(Volume::new(80));
    let (mut edge, _) = MicrophoneEdge::new(capture, 2, Rate(48_000));
    let data = vec![1_000i16; 960];
    let mut out = [0.0; 480];
    bencher.bench_local(|| {
        edge.take(divan::black_box(&data), Moment::ZERO);
        while tail.poll().is_some() {}
        tail.read(&mut out)
    });
}

/// 10 ms from the device's rate to the listening rate.
#[divan::bench(args = [48_000, 44_100])]
fn resample_to_16_khz(bencher: Bencher<'_, '_>, rate: u32) {
    let Ok(mut stream) = Resampler::new(Rate(rate), Rate(16_000)) else { return };
    let pcm = vec![0.25; rate as usize / 100];
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        stream.push(divan::black_box(&pcm), &mut out);
    });
}
