#!/usr/bin/env python3
"""Writes lens.bin: how the speech embedding differs within ordinary speech.

Usage: make_lens.py speech-embedding.onnx SOUND...   (needs numpy, onnxruntime and ffmpeg)

The mean of all embeddings of the sounds, then a matrix of 96 rows: the covariance to the power of
-1/4, after which what most speech has in common weighs less. Little-endian 32-bit floats. Made
from Debian's asterisk-core-sounds-en-g722 (CC-BY-SA) and the LibriVox recordings of its
pocketsphinx-testdata (public domain); only these 9,312 numbers are kept.
"""
import subprocess
import sys

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1])
rows = []
for path in sys.argv[2:]:
    raw = ["-f", "g722"] if path.endswith(".g722") else []
    command = ["ffmpeg", "-loglevel", "error", *raw, "-i", path, "-ar", "16000", "-ac", "1", "-f", "f32le", "-"]
    pcm = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)
    quiet = np.random.default_rng(len(rows)).standard_normal(24_000).astype("f") * 3e-4
    pcm = np.concatenate([quiet, pcm, quiet[:16_000]])
    for start in range(0, len(pcm) - 12_400, 160_000):
        piece = pcm[None, start : start + 160_000 + 12_400 - 1_280]
        rows.append(session.run(None, {"samples:0": piece})[0][0, :, 0, :])
rows = np.concatenate(rows)
mean = rows.mean(0)
values, vectors = np.linalg.eigh(np.cov((rows - mean).T))
matrix = (vectors * (values + 1e-3 * values.max()) ** -0.25) @ vectors.T
np.concatenate([mean, matrix.ravel()]).astype("<f4").tofile("lens.bin")
