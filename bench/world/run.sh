#!/usr/bin/env bash
# What a model tells of everyday sounds: names of classes, tags against a teacher's labels, captions, search and calibration; beside them linear probes of
# log-mel statistics, the encoders that ship and the teacher, and the teacher's class names. Prints Markdown. A stopped run goes on.
#   ./mint bench world [MODEL] [--calibrate] [--teacher FOLDER] [--output FILE] [--encoder FOLDER]... [MANIFEST[:COLUMN=VALUE]...]
# Default: the model that ships, on what no training of it heard: the fifth fold of ESC-10 (by its own names the half of it that calibration does not see),
# and the notes of one soundfont. --calibrate first chooses slope and threshold on the other half, and saves them in MODEL. Without --teacher its rows
# are left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
model=Mint.ML.Samples/models/everyday/mint.zip calibrate=
case ${1:-} in ''|--*|*.csv*|*.jsonl*) ;; *) model=$1; shift ;; esac
if [ "${1:-}" = --calibrate ]; then calibrate=1; shift; fi
manifests=0
previous=
for argument in "$@"; do
  case $argument in --*) ;; *) case $previous in --*) ;; *) manifests=1 ;; esac ;; esac
  previous=$argument
done
bench/world/halves.sh
if [ -n "$calibrate" ]; then
  dotnet Mint.ML.Samples/bin/Release/net10.0/mint.dll calibrate runs/bench-world/halves/calibration.csv --model "$model"
fi
if [ $manifests = 0 ]; then
  set -- "$@" "Mint.ML.Samples/data/sounds/manifest.csv:Note=fold 5" runs/bench-world/halves/held-out.csv \
    Mint.ML.Samples/data/notes/manifest-train.csv:Soundfont=generaluser
fi
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll world "$model" --encoder Mint.ML.Samples/models/encoder "$@"
