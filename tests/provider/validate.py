"""Holds requests against the types of the openai package, unknown keys refused, and what a test's
own server answers: its method is ANSWER, its target the type.

usage: validate.py PACKAGE SOCKET

Loading the types takes most of a second, so one process serves all tests of a run: it listens on
SOCKET, says "ready", and ends when nobody has asked for half a minute. A client sends one JSON
object a line, {"method", "target", "type", "body" (base64)}, closes its side, and gets one line for
every mistake and the last line "checked".
"""

import base64
import importlib
import json
import os
import re
import socket
import sys
import traceback
import typing
import urllib.parse
from collections import abc

sys.path.insert(0, sys.argv[1])

import typing_extensions
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

# (method, path) and where the package has its type; None if it no longer has such a call.
CALLS = [
    ("POST", r"chat/completions", "chat.completion_create_params.CompletionCreateParams"),
    ("POST", r"responses", "responses.response_create_params.ResponseCreateParams"),
    ("POST", r"completions", "completion_create_params.CompletionCreateParams"),
    ("POST", r"audio/transcriptions", "audio.transcription_create_params.TranscriptionCreateParams"),
    ("POST", r"audio/speech", "audio.speech_create_params.SpeechCreateParams"),
    ("POST", r"images/generations", "image_generate_params.ImageGenerateParams"),
    ("POST", r"images/edits", "image_edit_params.ImageEditParams"),
    ("POST", r"realtime/client_secrets", "realtime.client_secret_create_params.ClientSecretCreateParams"),
    ("POST", r"files", "file_create_params.FileCreateParams"),
    ("GET", r"files", "file_list_params.FileListParams"),
    ("GET", r"files/[^/]+(/content)?", ""),
    ("DELETE", r"files/[^/]+", ""),
    ("POST", r"fine_tuning/jobs", "fine_tuning.job_create_params.JobCreateParams"),
    ("GET", r"fine_tuning/jobs", "fine_tuning.job_list_params.JobListParams"),
    ("GET", r"fine_tuning/jobs/[^/]+", ""),
    ("GET", r"fine_tuning/jobs/[^/]+/events", "fine_tuning.job_list_events_params.JobListEventsParams"),
    (
        "GET",
        r"fine_tuning/jobs/[^/]+/checkpoints",
        "fine_tuning.jobs.checkpoint_list_params.CheckpointListParams",
    ),
    ("POST", r"fine_tuning/jobs/[^/]+/(cancel|pause|resume)", ""),
    ("GET|HEAD", r"models(/[^/]+)?", ""),
    ("GET|POST", r"fine-tunes(/.*)?", None),
    # A generated picture, at a URL that the provider has named.
    ("GET", r"made/[^/]+", None),
]

seen = set()


def listed(kind):
    origin = typing_extensions.get_origin(kind)
    return origin in (list, abc.Iterable, abc.Sequence) or getattr(origin, "__name__", "") == "SequenceNotStr"


def strict(kind):
    """The same type with every TypedDict in it closed, and with what pydantic would not look into,
    such as an Iterable, as a list."""
    if typing_extensions.is_typeddict(kind):
        if kind not in seen:
            seen.add(kind)
            kind.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
            hints = typing_extensions.get_type_hints(kind, include_extras=True)
            kind.__annotations__ = {name: strict(hint) for name, hint in hints.items()}
        return kind
    origin, parts = typing_extensions.get_origin(kind), typing_extensions.get_args(kind)
    if origin in (typing.Literal, typing_extensions.Literal) or not parts:
        return kind
    if origin is typing_extensions.Annotated:
        return typing_extensions.Annotated[(strict(parts[0]), *parts[1:])]
    if origin in (typing_extensions.Required, typing_extensions.NotRequired):
        return origin[strict(parts[0])]
    if typing.IO[bytes] in parts:
        # A file is bytes here, or several of them.
        parts = (bytes, *(part for part in parts if listed(part)))
    parts = tuple(strict(part) for part in parts)
    if listed(kind):
        return typing.List[parts[0]]
    if origin is typing.Union:
        return typing.Union[parts]
    if origin in (dict, tuple):
        return origin[parts]
    return kind


adapters = {}


def adapter(where):
    if where not in adapters:
        module, name = where.rsplit(".", 1)
        params = getattr(importlib.import_module("openai.types." + module), name)
        adapters[where] = TypeAdapter(strict(params))
    return adapters[where]


def form(kind, body):
    """The fields of a form as the package would have been given them."""
    boundary = re.search(r'boundary="?([^";]+)', kind).group(1).encode()
    fields = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, value = part.split(b"\r\n\r\n", 1)
        value = value[: -len(b"\r\n")]
        head = head.decode()
        name = re.search(r'[; ]name="([^"]*)"', head).group(1)
        if "filename=" not in head:
            value = value.decode()
            # A form has only text; this is how the package writes booleans.
            value = {"true": True, "false": False}.get(value, value)
        elif re.search(r'filename="[^"]+\.[a-z0-9]+"', head) is None:
            raise ValueError(f"{name}: a file without a name that tells its kind")
        inner = re.fullmatch(r"(\w+)\[(\w*)\]", name)
        if inner is None:
            if name in fields:
                raise ValueError(f"{name}: twice")
            fields[name] = value
        elif inner.group(2):
            fields.setdefault(inner.group(1), {})[inner.group(2)] = value
        else:
            fields.setdefault(inner.group(1), []).append(value)
    return fields


def query(text):
    return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))


def unknown(value, path=""):
    """The keys of an answer that its type does not know; the package lets them pass."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path}{name}"
        for name in value.model_fields_set - set(value.model_extra or {}):
            yield from unknown(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list):
        for item in value:
            yield from unknown(item, path)


def answer(request):
    module, name = request["target"].rsplit(".", 1)
    kind = getattr(importlib.import_module("openai.types." + module), name)
    value = TypeAdapter(kind).validate_json(base64.b64decode(request["body"]), strict=True)
    if odd := list(unknown(value)):
        raise ValueError(f"unknown: {', '.join(odd)}")


def check(request):
    if request["method"] == "ANSWER":
        return answer(request)
    target = urllib.parse.urlsplit(request["target"])
    asked = query(target.query)
    path = target.path.lstrip("/")
    path = re.sub(r"^(openai/)?(v1/)", "", path)
    if path.startswith("openai/"):
        if not asked.pop("api-version", None):
            raise ValueError("no api-version")
        path = re.sub(r"^openai/(deployments/[^/]+/)?", "", path)
    for method, pattern, where in CALLS:
        if re.fullmatch(method, request["method"]) and re.fullmatch(pattern, path):
            break
    else:
        raise ValueError("there is no such call")
    body = base64.b64decode(request["body"])
    if where is None:
        return
    if not where:
        if body:
            raise ValueError("this call takes no body")
        return
    if request["method"] == "GET":
        adapter(where).validate_python(asked)
    elif request["type"].startswith("multipart/form-data"):
        adapter(where).validate_python(form(request["type"], body))
    elif request["type"] == "application/json":
        adapter(where).validate_json(body, strict=True)
    else:
        raise ValueError(f"a body of type {request['type']!r}")


def told(error):
    """The mistakes that are worth reading: of a union, the member that was meant."""
    mistakes = error.errors(include_url=False)
    meant = [
        mistake["loc"][:-1]
        for mistake in mistakes
        if mistake["type"] == "literal_error" and mistake["loc"][-1] in ("type", "role", "stream")
    ]
    near = [m for m in mistakes if not any(m["loc"][: len(other)] == other for other in meant)]
    for mistake in (near or mistakes)[:12]:
        steps = [str(step) for step in mistake["loc"] if "[" not in str(step)]
        yield f"{'.'.join(steps)}: {mistake['msg']} ({str(mistake['input'])[:200]})"


def verdict(lines):
    for line in lines:
        request = json.loads(line)
        name = f"{request['method']} {request['target']}"
        try:
            check(request)
        except ValidationError as error:
            for mistake in told(error):
                yield f"{name}: {mistake}"
        except ValueError as error:
            yield f"{name}: {error}"
        except Exception:
            yield f"{name}: {traceback.format_exc()}"


def serve(path):
    listener = socket.socket(socket.AF_UNIX)
    # Renamed when it listens: whoever finds the name can connect. Of two that start at once the
    # later one is used and the other ends by itself.
    own = f"{path}.{os.getpid()}"
    listener.bind(own)
    listener.listen(64)
    node = os.stat(own).st_ino
    os.rename(own, path)
    print("ready", flush=True)
    listener.settimeout(30)
    while True:
        try:
            client, _ = listener.accept()
        except TimeoutError:
            if os.stat(path).st_ino == node:
                os.unlink(path)
            return
        client.settimeout(30)
        try:
            with client, client.makefile("rw", encoding="utf-8") as stream:
                for mistake in verdict(stream.readlines()):
                    print(mistake, file=stream)
                print("checked", file=stream)
        except OSError:
            # A test that was ended: its lines matter to nobody.
            pass


serve(sys.argv[2])
