#!/bin/sh
# Push-to-talk chat in this terminal: hold space (or tap it) to talk, or type; ctrl-d quits.
#
#   examples/push-to-talk.sh
#
# The same as `aloud` alone, with the settings that matter for it written out.
set -eu
cd "$(dirname "$0")/.."
export ALOUD_LISTEN__MODE=push-to-talk   # the key decides when an utterance begins and ends
export ALOUD_LISTEN__PREROLL_MS=400      # what was said just before the key counts too
export ALOUD_LOCAL__WARM=true            # load the models now, so that the first answer is fast
exec "${ALOUD:-target/release/aloud}" "$@"
