#!/bin/sh
# What is printed is the answer. A failed command ends the tool, and its last line on stderr is the reason.
set -eu
free=$(df -Pk -- "$HOME" | awk 'NR == 2 { printf "%.0f", $4 / 1000000 }')
echo "There are $free gigabytes left."
