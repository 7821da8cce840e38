#!/usr/bin/env bash
# What no source may hold: functions that cannot be used safely, work put off, code switched off.
set -uo pipefail
cd "$(dirname "$0")/../.."
failed=0

none() { # none WHY PATTERN [FOLDER...]
    local why=$1 pattern=$2 found
    shift 2
    found=$(grep -rnE "$pattern" "${@:-.}" --include='*.[ch]' --exclude-dir=node_modules --exclude-dir='build*')
    [ -z "$found" ] || { echo "$found"; echo "^ $why"; failed=1; }
}

none "no bound, or hidden state" '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|rand|srand|alloca|tmpnam|mktemp)\('
none "a shell reads what a user wrote" '\b(system|popen)\(' src
none "finish it or leave it out" '\b(TODO|FIXME|XXX|HACK)\b'
none "delete it, history keeps it" '^[[:space:]]*#[[:space:]]*if 0'
found=$(grep -rnE '\b(exit|abort)\(' src --include='*.c' | grep -vE '^src/cli/|\b_exit\(')
[ -z "$found" ] || { echo "$found"; echo "^ only cli/ ends the process"; failed=1; }
exit $failed
