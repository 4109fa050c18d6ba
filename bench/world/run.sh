#!/usr/bin/env bash
# What a model tells of everyday sounds: names of classes, tags against a teacher's labels, captions, search and calibration; beside them linear probes of
# log-mel statistics, the encoders that ship and the teacher, and the teacher's class names. Prints Markdown. A stopped run goes on.
#   ./mint bench world [MODEL] [--calibrate] [--held-out FOLDER] [--notes FOLDER] [--teacher FOLDER] [--output FILE] [--encoder FOLDER]...
#                      [MANIFEST[:COLUMN=VALUE]...]
# Default: the model that ships, on what no training of it heard: the fifth fold of ESC-10, half of the sounds of `mint data held-out` (FOLDER, default
# data-cache/held-out, which is made where it is not there), held-out notes where `mint data notes` has made some, and notes of a soundfont that was heard.
# --calibrate first chooses slope and threshold on the other half, and saves them in MODEL. Without --teacher its rows are left out.
# On a model alone, in a minute:  ./mint bench world MODEL --calibrate --teacher FOLDER --held-out FOLDER FOLDER/show.csv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
model=Mint.ML.Samples/models/everyday/mint.zip calibrate= held=data-cache/held-out notes=data-cache/notes teacher= manifests=0
case ${1:-} in ''|--*|*.csv*|*.jsonl*) ;; *) model=$1; shift ;; esac
given=()
while [ $# -gt 0 ]; do
  case $1 in
    --calibrate) calibrate=1 ;;
    --held-out) held=$2; shift ;;
    --notes) notes=$2; shift ;;
    --teacher) teacher=$2; given+=("$1" "$2"); shift ;;
    --*) given+=("$1" "${2:-}"); shift ;;
    *) manifests=1; given+=("$1") ;;
  esac
  shift
done
mint="dotnet Mint.ML.Samples/bin/Release/net10.0/mint.dll"
if [ ! -f "$held/choose.csv" ] && [ -n "$teacher" ]; then $mint data held-out "$held" --teacher "$teacher"; fi
if [ -n "$calibrate" ]; then $mint calibrate "$held/choose.csv" --column Names --any-of --model "$model"; fi
if [ $manifests = 0 ]; then
  given+=("Mint.ML.Samples/data/sounds/manifest.csv:Note=fold 5")
  if [ -f "$held/show.csv" ]; then given+=("$held/show.csv"); fi
  if [ -f "$notes/manifest-test.csv" ]; then given+=("$notes/manifest-test.csv"); fi
  given+=(Mint.ML.Samples/data/notes/manifest-train.csv:Soundfont=generaluser)
fi
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll world "$model" --encoder Mint.ML.Samples/models/encoder "${given[@]}"
