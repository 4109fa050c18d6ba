#!/usr/bin/env bash
# ./mint bench server [CLIENTS=100] [SECONDS=120] [UPLOADS=10000] [MODEL] [SERVER OPTIONS...]: mint serve in a process of its own, on loopback.
# Clients ask without pause for captions, labels and answers about the held-out notes: requests a second, p50, p99, refusals, memory.
# Then mutated uploads: each must be answered (where it is still sound) or refused by a 4xx. MODEL is what ./mint demo makes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
clients=${1:-100} seconds=${2:-120} uploads=${3:-10000} model=${4:-artifacts/demo/mint.zip}
[ $# -le 4 ] && shift $# || shift 4
if [ ! -f "$model" ]; then
  echo "There is no model '$model': run ./mint demo, or name one." >&2
  exit 1
fi
# What the MP3 decoder says of each damaged file is left out.
exec dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll server "$clients" "$seconds" "$uploads" "$model" "$@" \
  2> >(grep -vE "libmpg123|^Note: |^Warning: " >&2)
