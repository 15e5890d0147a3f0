#!/bin/sh
# A background service: installs the user units, starts them, and shows how keys drive it.
#
#   examples/service/run.sh
#
# Without systemd it starts the service by hand, shows the same, and ends it again.
set -eu
cd "$(dirname "$0")/../.."
aloud="${ALOUD:-target/release/aloud}"
export ALOUD_CONFIG="$PWD/examples/service/config.toml"

if systemctl --user is-system-running >/dev/null 2>&1; then
    "$aloud" service install
    systemctl --user daemon-reload
    systemctl --user enable --now aloud.socket aloud.service
    "$aloud" status
    echo 'now bind a key to "aloud toggle"; "aloud events" shows what happens'
    exit
fi

"$aloud" daemon &
service=$!
trap 'kill "$service" 2>/dev/null || true' EXIT
until "$aloud" status >/dev/null 2>&1; do
    kill -0 "$service" || exit 69      # it has said why
    sleep 0.1
done
"$aloud" status
"$aloud" say "The service is ready."
timeout 5 "$aloud" events | grep -m1 '"event":"reply"'
"$aloud" quit
