#!/usr/bin/env bash
# What the process holds over 100,000 predictions from sound to label by a prediction engine, and as many rows by Transform:
# resident memory grows by less than 2 % from the first tenth to the last, and no tensor is left.
#   ./mint bench growth [PREDICTIONS=100000]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll growth "${1:-100000}"
