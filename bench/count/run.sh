#!/usr/bin/env bash
# Questions how often and in which order: single events of ESC-10's recordings, cut out by their energy and placed one to six times over quiet noise, and
# recordings one after the other. Prints Markdown.
#   ./mint bench count [MODEL [MANIFEST [FOLD...]]]
# Default: the model that ships, on the fifth fold, which no training heard.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
model=${1:-Mint.ML.Samples/models/everyday/mint.zip} manifest=${2:-Mint.ML.Samples/data/sounds/manifest.csv}
[ $# -le 2 ] && shift $# || shift 2
[ $# -gt 0 ] || set -- "fold 5"
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll count "$model" "$manifest" "$@"
