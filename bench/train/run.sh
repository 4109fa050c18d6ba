#!/usr/bin/env bash
# ./mint bench train [full|mixed] [ROUNDS=5] [THREADS=all cores]: a stage-1 step at BERT-base size beside PyTorch's, as LAVIS writes it and as tuned for PyTorch 2.
#   full   every caption has the most tokens, 30
#   mixed  captions of 8 to 30 tokens, 16 on average, as written captions are; PyTorch's are padded to 30, as in the originals
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case "${1:-full}" in
  full)  lengths=30,30,30,30,30,30,30,30 aims="1.5 1.3" ;;
  mixed) lengths=8,10,12,13,15,17,22,30 aims="1.8 1.6" ;;
  *)     echo "usage: ./mint bench train [full|mixed] [ROUNDS] [THREADS]" >&2; exit 2 ;;
esac
threads=${3:-$(nproc)}
source bench/reference/python.sh
theirs=()
[ -z "$python" ] || theirs=(-- "$python" bench/reference/train.py written "$threads" "$lengths" -- "$python" bench/reference/train.py tuned "$threads" "$lengths")
exec python3 bench/reference/turns.py "train ${1:-full}, $threads threads" "${2:-5}" $aims \
  -- dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll train "$threads" "$lengths" "${theirs[@]}"
