#!/usr/bin/env bash
# What a model tells of everyday sounds: names of classes, tags against a teacher's labels, captions, search and calibration; beside them linear probes of
# log-mel statistics, the encoders that ship and the teacher, and the teacher's class names. Prints Markdown. A stopped run goes on.
#   ./mint bench world [MODEL] [--teacher FOLDER] [--output FILE] [--encoder FOLDER]... [MANIFEST[:COLUMN=VALUE]...]
# Default: the model that ships, on what no training of it heard: the fifth fold of ESC-10 (its half that calibration did not see besides, by the model's
# own names), and the notes of one soundfont. Without --teacher its rows are left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
model=Mint.ML.Samples/models/everyday/mint.zip
case ${1:-} in ''|--*|*.csv*|*.jsonl*) ;; *) model=$1; shift ;; esac
manifests=0
previous=
for argument in "$@"; do
  case $argument in --*) ;; *) case $previous in --*) ;; *) manifests=1 ;; esac ;; esac
  previous=$argument
done
if [ $manifests = 0 ]; then
  bench/world/halves.sh
  set -- "$@" "Mint.ML.Samples/data/sounds/manifest.csv:Note=fold 5" runs/bench-world/halves/held-out.csv \
    Mint.ML.Samples/data/notes/manifest-train.csv:Soundfont=generaluser
fi
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll world "$model" --encoder Mint.ML.Samples/models/encoder "$@"
