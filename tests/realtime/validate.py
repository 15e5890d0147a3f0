"""Validates client events with the types of the `openai` package, one JSON object a line.

usage: validate.py ga|beta < events.jsonl

Every key that the types do not know is a mistake, and so is every required one that is missing.
"""

import inspect
import json
import re
import sys
import typing

from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict


def forbid(kind, seen):
    """Makes every TypedDict that is reached from `kind` refuse unknown keys."""
    if kind in seen:
        return
    seen.append(kind)
    if is_typeddict(kind):
        kind.__pydantic_config__ = {"extra": "forbid"}
        for field in typing.get_type_hints(kind).values():
            forbid(field, seen)
    for part in typing.get_args(kind):
        forbid(part, seen)


def read(value):
    """Reads to the end what is checked only while it is read, as items of an `Iterable` are."""
    for part in value.values() if isinstance(value, dict) else value:
        if not isinstance(part, str) and hasattr(part, "__iter__"):
            read(part)


def allow_null(kind):
    """Lets `turn_detection` of the session `kind` be null.

    The beta types of 2.28.0 say so below the field and forget it in the annotation. If the words
    are not there, neither is the excuse.
    """
    said = r'turn_detection: SessionTurnDetection\n    """[^"]*This can be set to `null` to turn off'
    assert re.search(said, inspect.getsource(kind)), f"{kind} does not say that null turns it off"
    hint = typing.get_type_hints(kind, include_extras=True)["turn_detection"]
    kind.__annotations__["turn_detection"] = typing.Optional[hint]


def main():
    dialect = sys.argv[1]
    if dialect == "ga":
        from openai.types.realtime import RealtimeClientEventParam as events
    else:
        from openai.types.beta.realtime import RealtimeClientEventParam as events
        from openai.types.beta.realtime import session_update_event_param as talk
        from openai.types.beta.realtime import transcription_session_update_param as writing

        allow_null(talk.Session)
        allow_null(writing.Session)
    forbid(events, [])
    adapters = {}
    for kind in typing.get_args(events):
        name = typing.get_args(typing.get_type_hints(kind)["type"])[0]
        adapters[name] = TypeAdapter(kind)
    count, wrong = 0, 0
    for line in sys.stdin:
        event = json.loads(line)
        count += 1
        adapter = adapters.get(event["type"])
        if adapter is None:
            wrong += 1
            print(f"unknown event {event['type']}")
            continue
        try:
            read(adapter.validate_python(event))
        except ValidationError as error:
            wrong += 1
            print(f"{line.strip()[:400]}\n{error}")
    kinds = "valid" if wrong == 0 else "checked"
    print(f"{count} {dialect} events {kinds}, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
