#!/usr/bin/env bash
# The demo's chain, from sound to label and caption, batched by Transform against one row at a time by a prediction engine, by turns:
# at least 4 times the rows per second, and the same answers.
#   ./mint bench pipeline [ROWS=96] [ROUNDS=5]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll pipeline "${1:-96}" "${2:-5}"
