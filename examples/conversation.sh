#!/bin/sh
# A conversation with WAV files: one file is the microphone, another one the speaker.
#
#   examples/conversation.sh [QUESTIONS.wav [ANSWERS.wav]]
#
# Prints what is heard, called and said. Needs no sound server, so it runs anywhere, and is a good
# way to try a change repeatedly on the same words.
set -eu
cd "$(dirname "$0")/.."
aloud="${ALOUD:-target/release/aloud}"
questions="${1:-examples/questions/conversation.wav}"
answers="${2:-${TMPDIR:-/tmp}/aloud-conversation.wav}"
folder=$(mktemp -d)
chmod 700 "$folder"
trap 'rm -rf "$folder"' EXIT

export XDG_RUNTIME_DIR="$folder"         # its own control socket, beside a running service
export ALOUD_AUDIO__INPUT="wav:$questions"
export ALOUD_AUDIO__OUTPUT="wav:$answers"
"$aloud" daemon --mode open &
service=$!
trap 'kill "$service" 2>/dev/null || true; rm -rf "$folder"' EXIT
until [ -S "$folder/aloud/control.sock" ]; do
    kill -0 "$service" 2>/dev/null || exit 69      # it has said why
    sleep 0.05
done
"$aloud" events | grep -E '"event":"(transcript|call|reply|trouble)"'
wait "$service"
echo "spoken: $answers"
