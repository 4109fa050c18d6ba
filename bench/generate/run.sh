#!/usr/bin/env bash
# 8 prompts, 5 beams, 30 tokens, Flan-T5-base size, random weights, beside a plain PyTorch reference (bench/reference/generate.py).
#   ./mint bench generate [ROUNDS=9] [THREADS=all cores]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-9} threads=${2:-$(nproc)}
python=${MINT_PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "The reference needs Python's PyTorch: install the Debian package python3-torch, or name another interpreter in MINT_PYTHON." >&2
  exit 1
fi
echo "8 prompts, 5 beams, 30 tokens, Flan-T5-base size; $threads threads"
"$python" bench/reference/turns.py "$rounds" 1.5 \
  dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll generate "$threads" -- "$python" bench/reference/generate.py "$threads"
