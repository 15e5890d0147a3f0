"""Writes what the packages of the models make of the recordings in this folder.

pip install pymicro-wakeword==2.5.0 soundfile; then run it here.
"""

from pathlib import Path

import numpy as np
import soundfile
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

UNIT = 0.0390625

for model in Model:
    name = model.value
    pcm, rate = soundfile.read(f"{name}.flac", dtype="int16")
    assert rate == 16_000 and pcm.ndim == 1
    spotter = MicroWakeWord.from_builtin(model)
    rows, scores = [], []
    whole = pcm[: len(pcm) // 160 * 160]
    for row in MicroWakeWordFeatures().process_streaming(whole.tobytes()):
        rows.append(row.reshape(-1))
        score = spotter.process_streaming_prob(row)
        if not spotter._features:
            scores.append(score)
    np.round(np.array(rows) / UNIT).astype("<u2").tofile(f"{name}.features")
    Path(f"{name}.scores").write_text("".join(f"{score:.6f}\n" for score in scores))
