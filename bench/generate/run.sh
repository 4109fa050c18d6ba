#!/usr/bin/env bash
# 8 prompts, 5 beams, 30 tokens, Flan-T5-base size, random weights, beside PyTorch as transformers writes it and as tuned for PyTorch 2.
#   ./mint bench generate [ROUNDS=9] [THREADS=all cores]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
threads=${2:-$(nproc)}
source bench/reference/python.sh
theirs=()
[ -z "$python" ] || theirs=(-- "$python" bench/reference/generate.py written "$threads" -- "$python" bench/reference/generate.py tuned "$threads")
exec python3 bench/reference/turns.py "generate, $threads threads" "${1:-9}" 2.0 1.5 \
  -- dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll generate "$threads" "${theirs[@]}"
