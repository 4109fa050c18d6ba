#!/usr/bin/env bash
# 8 prompts, 5 beams, 30 tokens, random weights, beside PyTorch as transformers writes it and as tuned for PyTorch 2: Flan-T5-base's size (MINT), GPT-2's (Pengi),
# or a LLaMA of 12 layers (MusiLingo's kind).
#   ./mint bench generate [ROUNDS=9] [THREADS=all cores] [t5|gpt2|llama]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
threads=${2:-$(nproc)} family=${3:-t5}
source bench/reference/python.sh
case $family in
  t5) name="generate, $threads threads" reference=bench/reference/generate.py size=() ;;
  *) name="generate $family, $threads threads" reference=bench/reference/generate_causal.py size=("$family") ;;
esac
theirs=()
[ -z "$python" ] || theirs=(-- "$python" "$reference" written "$threads" "${size[@]}" -- "$python" "$reference" tuned "$threads" "${size[@]}")
exec python3 bench/reference/turns.py "$name" "${1:-9}" 2.0 1.5 \
  -- dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll generate "$threads" "$family" "${theirs[@]}"
