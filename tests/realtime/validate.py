"""Validates client events with the types of the `openai` package, one JSON object a line.

usage: validate.py ga|beta < events.jsonl

Every key that the types do not know is a mistake, and so is every required one that is missing.
"""

import json
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


def main():
    dialect = sys.argv[1]
    if dialect == "ga":
        from openai.types.realtime import RealtimeClientEventParam as events
    else:
        from openai.types.beta.realtime import RealtimeClientEventParam as events
    forbid(events, [])
    adapters = {}
    for kind in typing.get_args(events):
        name = typing.get_args(typing.get_type_hints(kind)["type"])[0]
        adapters[name] = TypeAdapter(kind)
    count, wrong = 0, 0
    for line in sys.stdin:
        event = json.loads(line)
        # The class itself says "This can be set to `null` to turn off"; its annotation forgets it.
        if dialect == "beta" and event["type"] in ("session.update", "transcription_session.update"):
            if event["session"].get("turn_detection", 0) is None:
                del event["session"]["turn_detection"]
        count += 1
        adapter = adapters.get(event["type"])
        if adapter is None:
            wrong += 1
            print(f"unknown event {event['type']}")
            continue
        try:
            adapter.validate_python(event)
        except ValidationError as error:
            wrong += 1
            print(f"{line.strip()[:400]}\n{error}")
    kinds = "valid" if wrong == 0 else "checked"
    print(f"{count} {dialect} events {kinds}, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
