#!/usr/bin/env bash
# completion.sh GABLE: bash completes commands, options and model names; zsh's file names every command.
set -euo pipefail
gable=$1
PATH=$(dirname "$gable"):$PATH
source <("$(dirname "$0")/../../tools/completion" "$gable" bash)

expect() { # expect WORD... : the last word's completion holds $wanted
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _gable
    [[ " ${COMPREPLY[*]} " == *" $wanted "* ]] || { echo "completing '$*' gives '${COMPREPLY[*]}', not $wanted"; exit 1; }
}
wanted=analyze expect gable an
wanted=--batch expect gable analyze --b
wanted=efficientnet_b4 expect gable analyze efficientnet
zsh=$("$(dirname "$0")/../../tools/completion" "$gable" zsh)
for command in analyze chips models; do grep -q "'$command:" <<<"$zsh" || { echo "zsh lacks $command"; exit 1; }; done
