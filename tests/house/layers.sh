#!/usr/bin/env bash
# Every #include "ROOM/..." of src/ is allowed by tests/layers.txt, every room stands in it, and it has no cycle.
set -uo pipefail
cd "$(dirname "$0")/../.."
list=${1:-tests/layers.txt}
failed=0

complain() {
    echo "$*"
    failed=1
}

for folder in src/*/; do
    room=$(basename "$folder")
    allowed=$(sed -n "s/^$room://p" "$list")
    grep -q "^$room:" "$list" || complain "$list lacks the room $room"
    while IFS=: read -r file line text; do
        used=$(sed -E 's/.*"([a-z_]+)\/.*/\1/' <<<"$text")
        case " $allowed $room " in
        *" $used "*) ;;
        *) complain "$file:$line: $room may not include $used" ;;
        esac
    done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include "[a-z_]+/' "$folder" --include='*.[chS]')
    while IFS=: read -r file line _; do
        complain "$file:$line: an include without its room"
    done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include "([^/]+|\.\./.*)"' "$folder" --include='*.[chS]')
done

while read -r room _; do
    [ -d "src/${room%:}" ] || complain "$list: there is no src/${room%:}/"
done < <(grep -v '^#' "$list")

cycles=$(awk '!/^#/ {sub(":", "", $1); for (i = 2; i <= NF; i++) print $1, $i}' "$list" | tsort 2>&1 >/dev/null)
[ -z "$cycles" ] || complain "$list has a cycle:" "$cycles"
exit $failed
