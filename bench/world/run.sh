#!/usr/bin/env bash
# What a model tells of everyday sounds: names of classes it was not trained on, tags against a teacher's labels, captions, search and calibration;
# beside them linear probes of log-mel statistics, the old encoder and the teacher, and the teacher's class names. Prints Markdown.
#   ./mint bench world [MODEL] [--teacher FOLDER] [--output FILE] [--encoder FOLDER]... [MANIFEST...]
# Default: the demo's model, on the everyday clips that ship; without --teacher its rows are left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
model=artifacts/demo/mint.zip
case ${1:-} in ''|--*|*.csv|*.jsonl) ;; *) model=$1; shift ;; esac
manifests=0
previous=
for argument in "$@"; do
  case $argument in --*) ;; *) case $previous in --*) ;; *) manifests=1 ;; esac ;; esac
  previous=$argument
done
if [ $manifests = 0 ]; then set -- "$@" Mint.ML.Samples/data/sounds/manifest.csv Mint.ML.Samples/data/clips/manifest.csv; fi
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll world "$model" --encoder Mint.ML.Samples/models/encoder "$@"
