"""Run by scripts/home-assistant, with Home Assistant's own Python."""

import asyncio
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import aiohttp

AREAS = {
    "kitchen": ["light.kitchen_lights", "cover.kitchen_window"],
    "living_room": [
        "light.living_room_rgbww_lights", "light.ceiling_lights", "cover.living_room_window",
        "fan.living_room_fan", "climate.hvac",
    ],
    "bedroom": ["light.bed_light"],
}

# A sentence, what is said (None: anything), and an entity with its state or an attribute afterwards.
SENTENCES = [
    ("turn on the kitchen lights", "Kitchen Lights are on.", ("light.kitchen_lights", "state", "on")),
    ("kitchen lights off", "Kitchen Lights are off.", ("light.kitchen_lights", "state", "off")),
    ("dim the bedroom to thirty percent", "Bed Light is at 30 percent.", ("light.bed_light", "brightness", 76)),
    ("set the kitchen lights to blue", "Kitchen Lights are blue.", ("light.kitchen_lights", "rgb_color", [0, 0, 255])),
    ("make the bedroom light warm white", "Bed Light is warm white.", ("light.bed_light", "color_mode", "color_temp")),
    ("set the living room to 23 degrees", "Hvac is set to 23 degrees.", ("climate.hvac", "temperature", 23)),
    ("make it warmer in the living room", "Hvac is one degree up.", ("climate.hvac", "temperature", 24)),
    ("turn off the lights in the living room", "Ceiling Lights and Living Room RGBWW Lights are off.",
     ("light.ceiling_lights", "state", "off")),
    ("turn on the living room fan", "Living Room Fan is on.", ("fan.living_room_fan", "state", "on")),
    ("close the hall window", "Closing Hall Window.", ("cover.hall_window", "state", "closing")),
    ("is the front door locked", "Yes, Front Door is locked.", ("lock.front_door", "state", "locked")),
    ("unlock the front door", "Shall I really unlock Front Door?", ("lock.front_door", "state", "locked")),
    ("how warm is it in the living room", "In the living room it's 22 degrees.", None),
    ("turn everything off", None, ("light.bed_light", "state", "off")),
]


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def request(url, data=None, token=None, form=False):
    body = None
    if data is not None:
        body = (urllib.parse.urlencode(data) if form else json.dumps(data)).encode()
    asked = urllib.request.Request(url, body)
    asked.add_header("Content-Type", "application/x-www-form-urlencoded" if form else "application/json")
    if token:
        asked.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.loads(answer.read())


def user(base):
    """Creates the first user; its token."""
    client = f"{base}/"
    new = {"client_id": client, "name": "Home", "username": "home", "password": "home", "language": "en"}
    code = request(f"{base}/api/onboarding/users", new)["auth_code"]
    grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
    return request(f"{base}/auth/token", grant, form=True)["access_token"]


async def furnish(base, token):
    """Puts the devices into rooms."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{base}/api/websocket") as socket_:
        await socket_.receive_json()
        await socket_.send_json({"type": "auth", "access_token": token})
        await socket_.receive_json()
        number = 0
        for area, things in AREAS.items():
            for thing in things:
                number += 1
                await socket_.send_json({
                    "id": number, "type": "config/entity_registry/update", "entity_id": thing, "area_id": area,
                })
                if not (await socket_.receive_json())["success"]:
                    sys.exit(f"home-assistant: {thing} cannot be put into {area}")


def ready(base, hass):
    for _ in range(240):
        if hass.poll() is not None:
            sys.exit("home-assistant: it ended; see home-assistant.log")
        try:
            return request(f"{base}/api/onboarding")
        except OSError:
            time.sleep(0.5)
    sys.exit("home-assistant: it did not start within two minutes")


def furnished(base, token):
    """Waits until the demo's devices are there."""
    for _ in range(120):
        ids = {state["entity_id"] for state in request(f"{base}/api/states", token=token)}
        if {"light.bed_light", "climate.hvac", "lock.front_door", "cover.hall_window"} <= ids:
            return
        time.sleep(0.5)
    sys.exit("home-assistant: its demo house is empty")


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        number = port()
        base = f"http://127.0.0.1:{number}"
        (folder / "house").mkdir()
        (folder / "house/configuration.yaml").write_text(
            f"homeassistant:\n  name: Home\n  unit_system: metric\n  time_zone: UTC\n"
            f"http:\n  server_host: 127.0.0.1\n  server_port: {number}\n"
            "api:\nauth:\nonboarding:\nwebsocket_api:\nconfig:\ndemo:\n"
        )
        hass = subprocess.Popen(
            [sys.executable, "-m", "homeassistant", "-c", str(folder / "house")],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            ready(base, hass)
            token = user(base)
            furnished(base, token)
            asyncio.run(furnish(base, token))
            (folder / "token").write_text(token)
            (folder / "config.toml").write_text(
                f'[tools.home_assistant]\nurl = "{base}"\ntoken_file = "{folder}/token"\n'
                '[cascade]\nchat = "local/templates"\n'
            )
            env = {**os.environ, "ALOUD_CONFIG": str(folder / "config.toml"), "XDG_STATE_HOME": str(folder)}
            for sentence, say, after in SENTENCES:
                asked = [os.environ["ALOUD"], "ask", sentence]
                said = subprocess.run(asked, env=env, capture_output=True, text=True, timeout=60)
                heard = (said.stdout.strip() or said.stderr.strip()).splitlines()[-1:]
                state = None
                if after:
                    thing, key, want = after
                    state = request(f"{base}/api/states/{thing}", token=token)
                    state = state["state"] if key == "state" else state["attributes"].get(key)
                good = (say is None or heard == [say]) and (not after or state == after[2])
                wrong += not good
                print("ok   " if good else "WRONG", f"{sentence}: {' '.join(heard)}", state if not good else "")
        finally:
            hass.terminate()
            hass.wait(30)
    sys.exit(1 if wrong else 0)


main()
