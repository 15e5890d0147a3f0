//! Sound files as users have them: every common kind of WAV, encoded ones, broken ones; and files
//! as microphone and loudspeaker.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::f64::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aloud::audio::{
    AudioError, Block, CaptureEvent, Choice, Pace, Settings, Side, SideState, Sound, SoundEvent,
    path,
};
use aloud::base::{Clock, Epoch, Moment, Rate, SPEAKER_RATE, Volume};
use aloud::pcm::{FileError, WavFile, read_file};

/// A tone of 400 Hz, peak 0.5.
fn tone(rate: u32, seconds: f64) -> Vec<f32> {
    let step = TAU * 400.0 / f64::from(rate);
    (0..(seconds * f64::from(rate)) as usize)
        .map(|n| 0.5 * (step * n as f64).sin() as f32)
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Coding {
    Int(u16),
    Float32,
    Float64,
    Alaw,
}

/// The bytes of a WAV file of one tone on all channels, built by hand so that it can be wrong.
fn wav(coding: Coding, channels: u16, rate: u32, extensible: bool, pcm: &[f32]) -> Vec<u8> {
    let (tag, bits) = match coding {
        Coding::Int(bits) => (1u16, bits),
        Coding::Float32 => (3, 32),
        Coding::Float64 => (3, 64),
        Coding::Alaw => (6, 8),
    };
    let mut data = Vec::<u8>::new();
    for sample in pcm {
        let bytes = match coding {
            Coding::Int(8) => vec![(sample * 127.0 + 128.0).round() as u8],
            Coding::Int(bits) => {
                let level = (f64::from(*sample) * 2_147_483_647.0) as i32;
                level.to_le_bytes()[4 - usize::from(bits) / 8..].to_vec()
            }
            Coding::Float32 => sample.to_le_bytes().to_vec(),
            Coding::Float64 => f64::from(*sample).to_le_bytes().to_vec(),
            // Loud or soft is enough to see that it is decoded at all.
            Coding::Alaw => vec![if *sample >= 0.0 { 0xb5 } else { 0x35 }],
        };
        for _ in 0..channels {
            data.extend(&bytes);
        }
    }
    let frame = channels * bits / 8;
    let mut format = Vec::<u8>::new();
    format.extend(if extensible { 0xfffeu16 } else { tag }.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(frame)).to_le_bytes());
    format.extend(frame.to_le_bytes());
    format.extend(bits.to_le_bytes());
    if extensible {
        format.extend(22u16.to_le_bytes());
        format.extend(bits.to_le_bytes());
        format.extend(((1u32 << channels) - 1).to_le_bytes());
        format.extend(tag.to_le_bytes());
        format.extend([0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113]);
    }
    if coding == Coding::Alaw {
        format.extend([0, 0]);
    }
    let mut file = b"RIFF".to_vec();
    file.extend((data.len() as u32 + format.len() as u32 + 20 + 18).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend((format.len() as u32).to_le_bytes());
    file.extend(format);
    // An unknown chunk of odd length, as recorders like to add.
    file.extend(b"JUNK\x09\0\0\0of no use\0");
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

fn save(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Frequency and loudness, from the middle half.
fn measure(pcm: &[f32], rate: u32) -> (f64, f32) {
    let middle = &pcm[pcm.len() / 4..pcm.len() * 3 / 4];
    let crossings = middle.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
    let rms = (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt();
    (crossings as f64 * f64::from(rate) / middle.len() as f64, rms)
}

#[test]
fn every_common_wav_is_the_same_tone() {
    let dir = tempfile::tempdir().unwrap();
    let codings = [
        Coding::Int(8),
        Coding::Int(16),
        Coding::Int(24),
        Coding::Int(32),
        Coding::Float32,
        Coding::Float64,
    ];
    let rates = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000];
    for coding in codings {
        for (rate, channels) in rates.into_iter().zip([1, 2, 3, 4, 5, 6, 7, 8]) {
            for extensible in [false, true] {
                let what = format!("{coding:?}, {channels} channels, {rate} Hz, {extensible}");
                let bytes = wav(coding, channels, rate, extensible, &tone(rate, 0.5));
                let clip = read_file(&save(&dir, "tone.wav", &bytes)).expect(&what);
                assert_eq!(clip.warning, None, "{what}");
                assert_eq!(clip.pcm.len(), 8_000, "{what}");
                let (frequency, rms) = measure(&clip.pcm, 16_000);
                assert!((frequency - 400.0).abs() < 6.0, "{what}: {frequency} Hz");
                assert!((rms - 0.3535).abs() < 0.02, "{what}: loudness {rms}");
            }
        }
    }
}

#[test]
fn packed_files_are_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let alaw = save(&dir, "a.wav", &wav(Coding::Alaw, 1, 8_000, false, &tone(8_000, 0.5)));
    for (path, ideal) in [
        (data.join("tone.mp3"), 440.0),
        (data.join("tone.flac"), 440.0),
        (data.join("tone.ogg"), 440.0),
        (data.join("tone.opus"), 440.0),
        (data.join("tone.m4a"), 440.0),
        (data.join("tone-alac.m4a"), 440.0),
        (data.join("tone.aac"), 440.0),
        (data.join("tone.webm"), 440.0),
        (data.join("tone.aiff"), 440.0),
        (data.join("tone.caf"), 440.0),
        (data.join("tone-ima.wav"), 440.0),
        (data.join("tone-ms.wav"), 440.0),
        (alaw, 400.0),
    ] {
        let clip = read_file(&path).unwrap();
        assert!((0.45..0.6).contains(&clip.seconds), "{}: {} s", path.display(), clip.seconds);
        let (frequency, rms) = measure(&clip.pcm, 16_000);
        assert!((frequency - ideal).abs() < 6.0, "{}: {frequency} Hz", path.display());
        assert!(rms > 0.02, "{}: loudness {rms}", path.display());
    }
}

#[test]
fn a_file_is_told_by_its_bytes_and_not_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (made, named) in [("tone.flac", "a.wav"), ("tone.opus", "b.mp3"), ("tone.m4a", "c")] {
        let clip = read_file(&save(&dir, named, &fs::read(data.join(made)).unwrap())).unwrap();
        assert!((0.45..0.6).contains(&clip.seconds), "{made} as {named}");
    }
}

/// A WAV file of 16 bits, mono, 16 kHz, with `junk` before its data and these fields.
fn built(riff: &[u8; 4], block: u16, junk: &[u8], length: u32, pcm: &[f32]) -> Vec<u8> {
    let mut file = riff.to_vec();
    file.extend(u32::MAX.to_le_bytes());
    file.extend(b"WAVE");
    if riff != b"RIFF" {
        file.extend(b"ds64\x1c\0\0\0");
        file.extend((pcm.len() as u64 * 2 + 80).to_le_bytes());
        file.extend((pcm.len() as u64 * 2).to_le_bytes());
        file.extend((pcm.len() as u64).to_le_bytes());
        file.extend([0; 4]);
    }
    file.extend(b"fmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0");
    file.extend(block.to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(junk);
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(pcm.iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()));
    file
}

#[test]
fn long_headers_missing_pads_and_wrong_block_sizes_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let pcm = tone(16_000, 0.5);
    let all = pcm.len() as u32 * 2;
    let list = b"LIST\x03\0\0\0abc";
    for (name, bytes, warns) in [
        ("rf64.wav", built(b"RF64", 2, b"", u32::MAX, &pcm), None),
        ("bw64.wav", built(b"BW64", 2, b"", u32::MAX, &pcm), None),
        ("unpadded.wav", built(b"RIFF", 2, list, all, &pcm), None),
        ("block.wav", built(b"RIFF", 4, b"", all, &pcm), Some("wrong block size")),
        ("noblock.wav", built(b"RIFF", 0, b"", all, &pcm), Some("wrong block size")),
    ] {
        let clip = read_file(&save(&dir, name, &bytes)).unwrap();
        assert_eq!(clip.pcm.len(), 8_000, "{name}");
        let (frequency, _) = measure(&clip.pcm, 16_000);
        assert!((frequency - 400.0).abs() < 6.0, "{name}: {frequency} Hz");
        let warning = clip.warning.as_deref();
        assert_eq!(warning.is_some(), warns.is_some(), "{name}: {warning:?}");
        assert!(warning.unwrap_or_default().contains(warns.unwrap_or_default()), "{warning:?}");
    }
}

#[test]
fn channels_that_cancel_each_other_out_are_not_silence() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = wav(Coding::Int(16), 2, 16_000, false, &tone(16_000, 0.5));
    let at = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    for frame in bytes[at..].chunks_exact_mut(4) {
        let left = i16::from_le_bytes([frame[0], frame[1]]);
        frame[2..].copy_from_slice(&(-left).to_le_bytes());
    }
    let clip = read_file(&save(&dir, "wired.wav", &bytes)).unwrap();
    let (frequency, rms) = measure(&clip.pcm, 16_000);
    assert!((frequency - 400.0).abs() < 6.0 && (rms - 0.3535).abs() < 0.02);
    assert!(clip.warning.unwrap().contains("cancel each other out"));
}

#[test]
fn packed_files_that_break_off_anywhere_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for name in ["tone.mp3", "tone.m4a", "tone.opus", "tone.flac", "tone.webm", "tone-ima.wav"] {
        let whole = fs::read(data.join(name)).unwrap();
        for part in 0..24 {
            let bytes = &whole[..whole.len() * part / 24];
            match read_file(&save(&dir, name, bytes)) {
                Ok(clip) => assert!(clip.seconds < 0.6, "{name} {part}"),
                Err(why) => assert_eq!(why.exit_code(), 65, "{name} {part}: {why}"),
            }
        }
    }
    let cut = &fs::read(data.join("tone.mp3")).unwrap()[..250];
    assert_eq!(read_file(&save(&dir, "cut.mp3", cut)).unwrap_err().exit_code(), 65);
}

#[test]
fn a_wav_cut_short_gives_what_it_has_and_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let whole = wav(Coding::Int(16), 1, 16_000, false, &tone(16_000, 1.0));
    let clip = read_file(&save(&dir, "cut.wav", &whole[..whole.len() / 2 + 1])).unwrap();
    assert!((0.45..0.51).contains(&clip.seconds));
    assert!(clip.warning.unwrap().ends_with("cut.wav is cut short"));
}

#[test]
fn a_wav_from_a_pipe_has_no_length_and_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for open in [0u32, 0x7fff_ffff, 0xffff_ffff] {
        let mut bytes = wav(Coding::Int(16), 2, 16_000, false, &tone(16_000, 0.5));
        let at = bytes.windows(4).position(|w| w == b"data").unwrap() + 4;
        bytes[at..at + 4].copy_from_slice(&open.to_le_bytes());
        bytes[4..8].copy_from_slice(&open.to_le_bytes());
        let clip = read_file(&save(&dir, "pipe.wav", &bytes)).unwrap();
        assert_eq!((clip.pcm.len(), clip.warning), (8_000, None));
    }
}

#[test]
fn numbers_that_are_none_and_shouting_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let pcm = [f32::NAN, f32::INFINITY, 3.0, -3.0, 0.25];
    let clip = read_file(&save(&dir, "odd.wav", &wav(Coding::Float32, 1, 16_000, false, &pcm)));
    assert_eq!(clip.unwrap().pcm, [0.0, 0.0, 1.0, -1.0, 0.25]);
}

#[test]
fn what_is_no_sound_is_refused_with_its_reason_and_code() {
    let dir = tempfile::tempdir().unwrap();
    let good = wav(Coding::Int(16), 1, 16_000, false, &tone(16_000, 0.1));
    let edited = |at: usize, with: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    for (name, bytes, says, code) in [
        ("empty.wav", vec![], "is empty", 65),
        ("text.wav", b"To be, or not to be, that is the question.".to_vec(), "not a sound", 65),
        ("html.mp3", b"<!doctype html><title>404</title>".to_vec(), "not a sound", 65),
        ("header.wav", good[..30].to_vec(), "ends inside its header", 65),
        ("riff.wav", good[..12].to_vec(), "ends inside its header", 65),
        ("silent.wav", good[..62].to_vec(), "contains no sound", 65),
        ("channels.wav", edited(22, &[0, 0]), "no channel", 65),
        ("rate.wav", edited(24, &[0; 4]), "rate of 0 Hz", 65),
        ("tag.wav", edited(20, &[0x55, 0x99]), "not known", 65),
        ("note.amr", b"#!AMR\n\x3c\0\0\0\0\0\0\0\0".to_vec(), "is AMR", 65),
        (
            "noise.flac",
            b"fLaC but not really, only its first word".to_vec(),
            "cannot be decoded",
            65,
        ),
    ] {
        let why = read_file(&save(&dir, name, &bytes)).expect_err(name);
        assert!(why.to_string().contains(says), "{why}");
        assert!(why.to_string().contains(name), "{why}");
        assert_eq!(why.exit_code(), code, "{why}");
    }
    let why = read_file(&dir.path().join("missing.wav")).unwrap_err();
    assert!(why.to_string().ends_with("no such file; check the path"), "{why}");
    assert_eq!(why.exit_code(), 66);
    assert_eq!(read_file(dir.path()).unwrap_err().exit_code(), 66);
    let why = WavFile::create(&dir.path().join("no/such/folder.wav"), Rate(16_000)).err().unwrap();
    assert_eq!(why.exit_code(), 73);
    if Path::new("/dev/full").exists() {
        let why = WavFile::create(Path::new("/dev/full"), Rate(16_000)).err().unwrap();
        assert!(why.to_string().contains("the disk is full"), "{why}");
    }
}

#[test]
fn random_bytes_after_a_good_header_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let good = wav(Coding::Int(16), 2, 16_000, true, &tone(16_000, 0.01));
    for at in 0..90 {
        for with in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = with;
            let _ = read_file(&save(&dir, "fuzz.wav", &bytes));
        }
    }
}

/// A path from one file to another.
fn between(input: &Path, output: &Path, pace: Pace) -> Settings {
    Settings {
        input: Some(Choice::File(input.to_owned())),
        output: Some(Choice::File(output.to_owned())),
        pace,
        trail: Duration::from_millis(500),
        ..Settings::default()
    }
}

#[test]
fn files_as_microphone_and_speaker_run_as_fast_as_they_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let input = save(&dir, "in.wav", &wav(Coding::Int(16), 1, 44_100, false, &tone(44_100, 20.0)));
    let output = dir.path().join("out.wav");
    let mut ends = path(Volume::new(100));
    ends.shared.set_live(Epoch(1));
    let (sound, mut events) =
        Sound::open(&between(&input, &output, Pace::Fast), ends.capture, ends.playback).unwrap();
    sound.ready(Duration::from_secs(20)).unwrap();
    let clock = Clock::start();
    let (mut heard, mut silence, mut over) = (Vec::new(), 0, false);
    let mut piece = [0.0; 4_096];
    let mut ended = false;
    loop {
        assert!(clock.now().since(Moment::ZERO) < Duration::from_secs(15), "it is not fast");
        match ends.tail.poll() {
            Some(CaptureEvent::End) => over = true,
            Some(CaptureEvent::Restart { rate }) => assert_eq!(rate, Rate(44_100)),
            Some(CaptureEvent::Gap { lost }) => panic!("{lost} samples lost"),
            None => {}
        }
        let n = ends.tail.read(&mut piece);
        if ended && n == 0 {
            break;
        }
        if over {
            assert!(piece[..n].iter().all(|s| *s == 0.0));
            silence += n;
        } else {
            heard.extend_from_slice(&piece[..n]);
        }
        while let Ok(event) = events.try_recv() {
            ended |= event == SoundEvent::Ended;
        }
        std::thread::yield_now();
    }
    assert_eq!((heard.len(), silence), (882_000, 22_050));

    let reply = tone(48_000, 3.0);
    for piece in reply.chunks(240) {
        let mut block = Block::new(Epoch(1), piece);
        while let Err(back) = ends.feed.push(block) {
            block = back;
            std::thread::yield_now();
        }
    }
    while ends.shared.played(Epoch(1)) < reply.len() as u64 {
        std::thread::yield_now();
    }
    sound.close().unwrap();
    let written = read_file(&output).unwrap();
    assert_eq!(written.pcm.len(), 48_000, "the reply and no pause");
    let (frequency, rms) = measure(&written.pcm, 16_000);
    assert!((frequency - 400.0).abs() < 2.0 && (rms - 0.3535).abs() < 0.01);
}

#[test]
fn at_real_pace_a_second_takes_a_second_and_pauses_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let input = save(&dir, "in.wav", &wav(Coding::Int(16), 1, 16_000, false, &tone(16_000, 0.3)));
    let output = dir.path().join("out.wav");
    let mut ends = path(Volume::new(100));
    let clock = Clock::start();
    let (sound, mut events) =
        Sound::open(&between(&input, &output, Pace::Real), ends.capture, ends.playback).unwrap();
    let mut up = 0;
    loop {
        match events.blocking_recv().unwrap() {
            SoundEvent::Up { .. } => up += 1,
            SoundEvent::Ended => break,
            event @ (SoundEvent::Moved { .. }
            | SoundEvent::Closed { .. }
            | SoundEvent::Lost { .. }) => panic!("{event:?}"),
        }
    }
    assert_eq!(up, 2);
    let took = clock.now().since(Moment::ZERO);
    assert!(took >= Duration::from_millis(780), "0.8 s of sound took {took:?}");
    assert!(matches!(sound.state(Side::Output), SideState::Up { .. }));
    while ends.tail.poll().is_some() {}
    assert_eq!(ends.tail.read(&mut [0.0; 4_800]), 4_800);
    sound.close().unwrap();
    let reader = hound::WavReader::open(&output).unwrap();
    assert_eq!(reader.spec().sample_rate, SPEAKER_RATE.0);
    assert!(reader.duration() >= 36_000, "{} samples of silence", reader.duration());
}

#[test]
fn a_file_that_cannot_be_used_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let input = save(&dir, "in.wav", &wav(Coding::Int(16), 1, 16_000, false, &tone(16_000, 0.1)));
    let open = |input: &Path, output: &Path| {
        let ends = path(Volume::new(100));
        Sound::open(&between(input, output, Pace::Fast), ends.capture, ends.playback).err().unwrap()
    };
    let missing = dir.path().join("missing.wav");
    assert!(matches!(
        open(&missing, &dir.path().join("o.wav")),
        AudioError::File(FileError::NoFile { .. })
    ));
    assert!(matches!(
        open(&input, &missing.join("o.wav")),
        AudioError::File(FileError::CannotWrite { .. })
    ));
}
