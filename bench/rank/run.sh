#!/usr/bin/env bash
# 4 clips, 50 labels of 3 to 6 tokens and EOS, Flan-T5-small size, random weights, beside PyTorch as transformers writes it and as tuned for PyTorch 2.
#   ./mint bench rank [ROUNDS=9] [THREADS=all cores]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
threads=${2:-$(nproc)}
source bench/reference/python.sh
theirs=()
[ -z "$python" ] || theirs=(-- "$python" bench/reference/rank.py written "$threads" -- "$python" bench/reference/rank.py tuned "$threads")
exec python3 bench/reference/turns.py "rank, $threads threads" "${1:-9}" 5 4 \
  -- dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll rank "$threads" "${theirs[@]}"
