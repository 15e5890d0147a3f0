"""The protocol server of the `speech-to-speech` package with a stub behind it.

usage: stub_pipeline.py PORT

The stub hears a voice by its loudness, writes down "what time is it", and says one sentence as a
tone.
"""

import sys
import threading
from queue import Queue
from threading import Event

import numpy as np
from speech_to_speech.api.openai_realtime.pipeline_unit import PipelineUnit
from speech_to_speech.api.openai_realtime.server import RealtimeServer
from speech_to_speech.api.openai_realtime.service import RealtimeService
from speech_to_speech.pipeline.cancel_scope import CancelScope
from speech_to_speech.pipeline.control import is_control_message
from speech_to_speech.pipeline.events import (
    AssistantOutputEvent,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    TranscriptionCompletedEvent,
)
from speech_to_speech.pipeline.messages import AUDIO_RESPONSE_DONE, AudioOutput

RATE = 16_000
SENTENCE = "It is time for tea."


def listen(unit):
    """Finds speech: 100 ms of sound begin it, 500 ms of silence end it."""
    loud, quiet, turn, ms = 0.0, 0.0, 0, 0.0
    speaking = False
    while True:
        message = unit.input_queue.get()
        if is_control_message(message):
            # A session that ended in the middle of a word leaves nothing behind for the next one.
            speaking, loud, quiet = False, 0.0, 0.0
            # The end of a session goes through all of the chain: what comes out behind it is the
            # next one's.
            unit.text_prompt_queue.put(message)
            continue
        chunk = message[0] if isinstance(message, tuple) else message
        pcm = np.frombuffer(chunk, dtype=np.int16)
        span = len(pcm) * 1000 / RATE
        ms += span
        if np.abs(pcm).max(initial=0) > 1000:
            loud, quiet = loud + span, 0.0
        else:
            quiet += span
        if not speaking and loud > 100:
            speaking, turn = True, turn + 1
            unit.text_output_queue.put(
                SpeechStartedEvent(audio_start_ms=int(ms), turn_id=f"t{turn}", turn_revision=0)
            )
        if speaking and quiet > 500:
            speaking, loud = False, 0.0
            unit.text_output_queue.put(
                SpeechStoppedEvent(
                    duration_s=1.0, audio_end_ms=int(ms), turn_id=f"t{turn}", turn_revision=0
                )
            )
            unit.text_output_queue.put(
                TranscriptionCompletedEvent(
                    transcript="what time is it", turn_id=f"t{turn}", turn_revision=0
                )
            )


def think(unit):
    while True:
        request = unit.text_prompt_queue.get()
        if is_control_message(request):
            unit.output_queue.put(request)
            continue
        generation = unit.cancel_scope.generation
        keyed = {
            "cancel_generation": generation,
            "response_key": request.response_key,
            "turn_id": request.turn_id,
            "turn_revision": request.turn_revision,
        }
        unit.output_queue.put(AssistantOutputEvent(text=SENTENCE, **keyed))
        tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
        for part in np.split((tone * 32767).astype(np.int16), 20):
            unit.output_queue.put(
                AudioOutput(
                    audio=part, cancel_generation=generation, response_key=request.response_key
                )
            )
        unit.output_queue.put(
            AudioOutput(
                audio=AUDIO_RESPONSE_DONE,
                cancel_generation=generation,
                response_key=request.response_key,
            )
        )


def main():
    prompts, should_listen = Queue(), Event()
    unit = PipelineUnit(
        index=0,
        service=RealtimeService(text_prompt_queue=prompts, should_listen=should_listen),
        cancel_scope=CancelScope(),
        should_listen=should_listen,
        response_playing=Event(),
        input_queue=Queue(),
        output_queue=Queue(),
        text_output_queue=Queue(),
        text_prompt_queue=prompts,
        handlers=[],
    )
    for work in (listen, think):
        threading.Thread(target=work, args=(unit,), daemon=True).start()
    RealtimeServer(Event(), [unit], host="127.0.0.1", port=int(sys.argv[1])).run()


main()
