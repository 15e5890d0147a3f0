#!/bin/sh
# Hands-free weather: just say "what's the weather in Paris", or "do I need an umbrella tomorrow".
#
#   examples/hands-free-weather.sh [HOME TOWN]
#
# The microphone is open; a pause of half a second ends your turn, and talking over an answer cuts
# it. The town is used when you name none.
set -eu
cd "$(dirname "$0")/.."
export ALOUD_TOOLS__GET_WEATHER__LOCATION="${1:-Berlin}"
export ALOUD_LISTEN__PAUSE_MS=500
export ALOUD_LOCAL__WARM=true
exec "${ALOUD:-target/release/aloud}" --hands-free
