#!/usr/bin/env bash
# What an encoder's vectors tell of everyday sounds: a linear probe across the folds of ESC-10 that ship (319 clips; the fourth fold is not among them),
# beside log-mel statistics; for an encoder with AudioSet's classes, their names matched with the labels by hand as well.
#   ./mint bench probe [FOLDER of an encoder...]      (default: those that ship)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ $# -eq 0 ]; then set -- Mint.ML.Samples/models/encoder Mint.ML.Samples/models/everyday-encoder; fi
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll probe Mint.ML.Samples/data/sounds/manifest.csv "$@"
