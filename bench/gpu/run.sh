#!/usr/bin/env bash
# Both stages and generation at BERT-base and Flan-T5-xl size on a GPU, ours and PyTorch's by turns, random weights. The frozen model takes 6 GB in a temporary folder.
#   ./mint bench gpu [ROUNDS=5] [CASE...]      the cases: measure.py
# Without .NET, with what pack.sh made: bench/gpu/run.sh, on the libtorch of PYTHON=python3's PyTorch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-5}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- stage1:64:bfloat16 stage1:64 stage2:xl:64:bfloat16 generate:xl:8:5:bfloat16 generate:xl:64:1:bfloat16 generate:xl:8:5:float32
models=${MINT_BENCH_MODELS:-${TMPDIR:-/tmp}/mint-bench-gpu}
if [ -f artifacts/gpu/programs.tar.xz ] && ! command -v dotnet > /dev/null; then
  python=${MINT_PYTHON:-python3}
  [ -d artifacts/gpu/programs ] || tar -C artifacts/gpu -xJf artifacts/gpu/programs.tar.xz
  LD_LIBRARY_PATH=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
  export LD_LIBRARY_PATH MINT_ANY_LIBTORCH=1
  ours=(artifacts/gpu/programs/mint-bench)
else
  source bench/reference/python.sh
  ours=(dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll)
fi
[ -n "$python" ] || { echo "Without a PyTorch on the GPU there is nothing to measure beside." >&2; exit 2; }
exec python3 bench/gpu/measure.py "$python" "$models" "$rounds" "$@" -- "${ours[@]}"
