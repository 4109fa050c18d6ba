#!/usr/bin/env bash
# Predictions one at a time and training steps of a small model beside a thread that collects garbage without pause: no exception, no different answer.
#   ./mint bench stress [PREDICTIONS=1000000] [STEPS=100000]
# It can be stopped and goes on where it was: the counts are in artifacts/stress.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p artifacts
export OMP_NUM_THREADS=1
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll stress "${1:-1000000}" "${2:-100000}" artifacts/stress.json
