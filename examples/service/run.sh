#!/bin/sh
# A background service: installs the user units, starts them, shows how keys control it, and removes
# everything when you press enter.
#
#   examples/service/run.sh [--keep]     # --keep: the service stays
#
# Without systemd it starts the service directly, shows the same, and stops it.
set -eu
cd "$(dirname "$0")/../.."
aloud="${ALOUD:-target/release/aloud}"
export ALOUD_CONFIG="$PWD/examples/service/config.toml"

if systemctl --user is-system-running >/dev/null 2>&1; then
    units="${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user"
    if [ -e "$units/aloud.service" ]; then
        echo "the service is installed already; see: systemctl --user status aloud" >&2
        exit 73
    fi
    leave() {
        systemctl --user disable --now aloud.socket aloud.service 2>/dev/null || true
        "$aloud" service uninstall
        systemctl --user daemon-reload
    }
    if [ "${1:-}" != --keep ]; then trap leave EXIT; fi
    "$aloud" service install
    systemctl --user daemon-reload
    systemctl --user enable --now aloud.socket aloud.service
    "$aloud" status
    echo 'now bind a key to "aloud toggle"; "aloud events" shows what happens'
    if [ "${1:-}" != --keep ]; then
        echo 'press enter to remove the service again'
        read -r _ || true
    fi
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
