"""Makes the reference that the Rust port of hibari is compared with, from the original package.

    python3 -m venv venv && venv/bin/pip install hibari-tts==0.2.1 onnxruntime==1.31.1 numpy
    venv/bin/python tests/data/hibari/make_reference.py

Writes beside this file:

reference.tsv   for each line of sentences.txt: the sentence, its phonemes, the number of samples,
                and the fingerprint of its sound in hexadecimal: 24 mel bands for each 125 ms, one
                byte a value, 10 * (14 + ln of the mean power), as `fingerprint` in tests/hibari.rs
wave.txt        every third sample of the sound of spectra that a formula gives, without noise, as
                in the tests of src/engine/local/hibari/wave.rs
"""
import pathlib

import numpy as np
import onnxruntime as ort
from hibari import Hibari, dsp
from hibari.tts import ASSETS

HERE = pathlib.Path(__file__).parent
RATE, FFT, HOP, BANDS, GROUP = 24000, 1200, 300, 24, 10
AUDIBLE, ATTACK = 0.004, 360


def mel(hertz):
    return 1127 * np.log(1 + hertz / 700)


def filters():
    """Triangles of equal width in mel, 80 to 11000 Hz, as [band, bin]."""
    edges = np.linspace(mel(80), mel(11000), BANDS + 2)
    bins = mel(np.arange(FFT // 2 + 1) * RATE / FFT)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rising, falling), 0, None)


def fingerprint(sound):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
    count = (len(sound) - FFT) // HOP + 1
    frames = np.stack([sound[n * HOP:n * HOP + FFT] * window for n in range(count)])
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ filters().T
    groups = [power[n:n + GROUP].mean(0) for n in range(0, count - GROUP + 1, GROUP)]
    values = np.round(10 * (14 + np.log(np.array(groups) + 1e-6)))
    return np.clip(values, 0, 255).astype(np.uint8).tobytes().hex()


def with_durations():
    """The model with its durations as a further output, by appending to the protocol buffer."""
    name = b"/Cast_32_output_0"
    output = b"\x0a" + bytes([len(name)]) + name
    graph = b"\x62" + bytes([len(output)]) + output
    model = pathlib.Path(ASSETS, "hibari.onnx").read_bytes() + b"\x3a" + bytes([len(graph)]) + graph
    return ort.InferenceSession(model, providers=["CPUExecutionProvider"])


def speak(tts, session, phonemes):
    """The sound of a sentence, without most of the silence before it."""
    if phonemes.rstrip(' )”"“')[-1] not in ".!?…,;:—":
        phonemes += "."
    ids = np.asarray([tts.ids(phonemes)], np.int64)
    *parts, steps = session.run(None, {"ids": ids, "speed": np.ones(1, np.float32)})
    sound = dsp.synth(*(part[0] for part in parts), np.random.default_rng(1))
    lead = np.abs(sound[:int(steps[0]) * 2 * HOP])
    loud = np.flatnonzero(lead >= AUDIBLE)
    quiet = loud[0] if len(loud) else len(lead)
    return sound[max(quiet - ATTACK, 0):]


def formula(frames=24):
    frame, bins = np.arange(frames, dtype=np.float32), np.arange(FFT // 2 + 1, dtype=np.float32)[:, None]
    pitch = np.where((frame >= 6) & (frame < frames - 5), 180 + 40 * np.sin(0.3 * frame), 0)
    full = np.zeros((FFT // 2 + 1, frames), np.float32)
    parts = [1.7 - 0.006 * bins + np.sin(0.2 * frame), 0.5 * np.sin(0.05 * bins + 0.1 * frame), full - 60,
             full - 1 + 0.5 * np.cos(0.03 * bins), 0.7 * bins + 1.3 * frame, pitch]
    return dsp.synth(*(part.astype(np.float32) for part in parts), np.random.default_rng(1))


def main():
    tts, session = Hibari(), with_durations()
    with open(HERE / "reference.tsv", "w", encoding="utf-8") as out:
        for sentence in (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines():
            phonemes = tts.phonemize(sentence)
            sound = np.concatenate([speak(tts, session, piece) for piece in phonemes])
            print(sentence, " ".join(phonemes), len(sound), fingerprint(sound), sep="\t", file=out)
    sound = formula()
    (HERE / "wave.txt").write_text("".join(f"{x:.6f}\n" for x in sound[::3]), encoding="utf-8")


if __name__ == "__main__":
    main()
