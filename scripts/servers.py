"""Runs the rows for scripts/servers and writes the table."""

import base64
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.getcwd()
ALOUD = os.environ["ALOUD"]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PCM = struct.pack("<h", 9000) * 12000
FIXTURES = {
    "fixtures": [
        {"match": {"userMessage": "Reykjavik", "hasToolResult": False}, "response": {"toolCalls": [{"name": "get_time", "arguments": {}}]}},
        {"match": {"userMessage": "Reykjavik", "hasToolResult": True}, "response": {"content": "It is ten."}},
        {"match": {"endpoint": "speech"}, "response": {"audio": base64.b64encode(PCM).decode(), "format": "pcm"}},
        {"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": "what time is it"}}},
        {"match": {"endpoint": "image"}, "response": {"images": [{"b64Json": base64.b64encode(PNG).decode()}]}},
        {"match": {"userMessage": "hello"}, "response": {"content": "Hello there."}},
        {"match": {"userMessage": "time"}, "response": {"content": "It is ten."}},
        {"match": {"userMessage": "toys"}, "response": {"content": "Balls."}},
    ]
}
MODELS = [
    "gpt-3.5-turbo", "gpt-4o", "o1-mini", "o1-pro", "gpt-5", "gpt-4o-search-preview", "gpt-audio-1.5",
    "dall-e-3", "gpt-image-1", "tts-1", "gpt-4o-mini-tts", "whisper-1", "gpt-4o-transcribe",
    "davinci-002", "gpt-realtime",
]


def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(url, seconds, process, ready=False):
    """Waits until the server answers; with `ready` until it answers well."""
    until = time.time() + seconds
    while time.time() < until:
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except urllib.error.HTTPError:
            if not ready:
                return
            time.sleep(0.5)
        except OSError:
            if process.poll() is not None:
                sys.exit(f"servers: {url} has ended; see its log")
            time.sleep(0.5)
    sys.exit(f"servers: {url} does not answer")


def rows(files):
    """(row of the first description, the command, what its output must hold)"""
    ask = ["ask", "hello"]
    audio = os.path.join(ROOT, "examples/questions/time.wav")
    return [
        ("chat, streamed", ask + ["--model", "x/gpt-3.5-turbo"], "Hello there."),
        ("chat, whole", ask + ["--model", "x/gpt-3.5-turbo", "--no-stream"], "Hello there."),
        ("a picture", ["ask", "hello, what is this", "--model", "x/gpt-4o", "--image", files["png"]], "Hello there."),
        ("a tool", ["ask", "Reykjavik", "--model", "x/gpt-4o", "--json"], "get_time"),
        ("context with roles", ["ask", "toys", "--model", "x/gpt-4o", "--context", files["context"]], "Balls."),
        ("list of models", ["models", "--remote", "--provider", "x"], ""),
        ("image, made", ["image", "generate", "a dot", "--model", "x/dall-e-3", "--out", files["made"]], ""),
        ("image, changed", ["image", "edit", "a dot", "--model", "x/gpt-image-1", "--image", files["png"], "--out", files["edited"]], ""),
        ("file, uploaded", ["files", "upload", files["jsonl"], "--purpose", "fine-tune", "--provider", "x"], ""),
        ("fine-tuning", ["finetune", "list", "--provider", "x"], ""),
        ("completions", ask + ["--model", "x/davinci-002"], "Hello there."),
        ("o1-mini", ask + ["--model", "x/o1-mini"], "Hello there."),
        ("o1-pro", ask + ["--model", "x/o1-pro", "--protocol", "responses", "--effort", "low"], "Hello there."),
        ("gpt-5 by Responses", ask + ["--model", "x/gpt-5", "--protocol", "responses", "--effort", "low"], "Hello there."),
        ("gpt-4o-search-preview", ask + ["--model", "x/gpt-4o-search-preview"], "Hello there."),
        ("realtime", ask + ["--partner", "realtime", "--model", "x/gpt-realtime"], "Hello there."),
        ("speech", ["say", "Hello there.", "--out", files["wav"]], ""),
        ("gpt-4o-audio", ["ask", "--partner", "audio-chat", "--model", "x/gpt-audio-1.5", "--audio", audio, "hello"], "Hello there."),
        ("transcription", ["transcribe", audio], "what time is it"),
    ]


def run(home, base, key, args, wanted):
    env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": home, "TZ": "UTC", "X_KEY": key}
    if "TMPDIR" in os.environ:
        env["TMPDIR"] = os.environ["TMPDIR"]
    config = os.path.join(home, "config.toml")
    with open(config, "w") as file:
        file.write(
            f'[providers.x]\nkind = "compatible"\nbase_url = "{base}"\napi_key_env = "X_KEY"\n'
            '[cascade]\nchat = "x/gpt-3.5-turbo"\ntranscribe = "x/gpt-4o-transcribe"\nspeak = "x/gpt-4o-mini-tts"\n'
        )
    try:
        done = subprocess.run(
            [ALOUD, "--config", config] + args, env=env, cwd=home, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=90,
        )
    except subprocess.TimeoutExpired:
        return "no answer within 90 s"
    instead = re.search(r"^aloud: The cascade answers for now, because (.*)$", done.stderr, re.M)
    if done.returncode == 0 and instead:
        return f"the chat model answers instead: {instead[1]}"
    if done.returncode == 0 and wanted in done.stdout:
        return "works"
    said = [line for line in done.stderr.strip().splitlines() if line.startswith("aloud: ")]
    said = said[-1][7:] if said else f"other words than expected: {done.stdout.strip()[:60]}"
    return f"no ({done.returncode}): " + re.sub(r"127\.0\.0\.1(:\d+)?", "its host", said)[:240].replace("|", "/")


def main(out):
    work = tempfile.mkdtemp(prefix="aloud-servers-")
    files = {name: os.path.join(work, name) for name in ["png", "context", "made", "edited", "jsonl", "wav"]}
    for name, ending in [("png", ".png"), ("made", ".png"), ("edited", ".png"), ("wav", ".wav"), ("jsonl", ".jsonl")]:
        files[name] += ending
    open(files["png"], "wb").write(PNG)
    turn = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]
    open(files["jsonl"], "w").write((json.dumps({"messages": turn}) + "\n") * 10)
    context = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "My dog's name is Piet Kernbom"},
    ]
    open(files["context"], "w").write(json.dumps(context))
    fixtures = os.path.join(work, "fixtures.json")
    open(fixtures, "w").write(json.dumps(FIXTURES))
    behind, front = port(), port()
    log = open(os.path.join(work, "log"), "w")
    processes = []
    try:
        command = [os.environ["NODE"], os.environ["MOCK"], "-p", str(behind), "-h", "127.0.0.1", "-f", fixtures]
        processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        wait(f"http://127.0.0.1:{behind}/v1/models", 30, processes[-1])
        config = os.path.join(work, "litellm.json")
        models = [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"{'text-completion-openai' if name == 'davinci-002' else 'openai'}/{name}",
                    "api_base": f"http://127.0.0.1:{behind}/v1", "api_key": "none",
                },
            }
            for name in MODELS
        ]
        # JSON is YAML.
        open(config, "w").write(json.dumps({
            "model_list": models,
            "files_settings": [{"custom_llm_provider": "openai", "api_base": f"http://127.0.0.1:{behind}/v1", "api_key": "none"}],
            "finetune_settings": [{"custom_llm_provider": "openai", "api_base": f"http://127.0.0.1:{behind}/v1", "api_key": "none"}],
        }))
        env = dict(os.environ, PYTHONPATH=os.environ["LITELLM"], LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MASTER_KEY="sk-row")
        start = "import sys; from litellm import run_server; sys.argv = ['litellm'] + sys.argv[1:]; run_server()"
        command = [sys.executable, "-c", start, "--config", config, "--port", str(front), "--host", "127.0.0.1", "--telemetry", "False"]
        processes.append(subprocess.Popen(command, env=env, stdout=log, stderr=log))
        wait(f"http://127.0.0.1:{front}/health/liveliness", 180, processes[-1])
        table = []
        local = port()
        command = [
            os.environ["LLAMA"], "--model", os.environ["LLAMA_MODEL"], "--host", "127.0.0.1", "--port", str(local),
            "--jinja", "--ctx-size", "8192", "--n-predict", "48", "--threads", "2",
        ]
        processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        wait(f"http://127.0.0.1:{local}/health", 60, processes[-1], ready=True)
        for name, args, wanted in rows(files):
            litellm = run(work, f"http://127.0.0.1:{front}/v1", "sk-row", args, wanted)
            for made in ["made", "edited"]:
                if os.path.exists(files[made]):
                    os.remove(files[made])
            llama = run(work, f"http://127.0.0.1:{local}/v1", "none", args, "")
            print(f"{name}: {litellm}; {llama}", flush=True)
            shown = " ".join(["aloud"] + [os.path.basename(arg) if arg.startswith("/") else (f'"{arg}"' if " " in arg else arg) for arg in args])
            table.append(f"| {name} | `{shown}` | {litellm} | {llama} |")
    finally:
        for process in processes:
            process.terminate()
    with open(out, "w") as file:
        file.write(
            "# Other people's servers\n\n"
            "Each row of the API's first description, as a command of aloud, against servers that nobody here\n"
            f"wrote: LiteLLM's proxy {os.environ['LITELLM_VERSION']} (in front of aimock, which plays the models), and llama.cpp's\n"
            "llama-server with SmolLM2 135M, of which nothing but an answer is expected. `scripts/servers` makes this\n"
            "page from real runs; run it again to make it anew.\n\n"
            "| what | command | LiteLLM | llama-server |\n|---|---|---|---|\n" + "\n".join(table) + "\n"
        )
    print(f"log: {log.name}")


main(sys.argv[1])
