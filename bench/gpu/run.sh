#!/usr/bin/env bash
# Both stages and generation at BERT-base and Flan-T5-xl size on a GPU, ours and PyTorch's by turns, random weights. The frozen model takes 6 GB in a temporary folder.
#   ./mint bench gpu [ROUNDS=5] [CASE...]      the cases: measure.py
# Without .NET, with what pack.sh made: bench/gpu/run.sh, on the libtorch of MINT_PYTHON=python3's PyTorch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-5}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { grep '^#  ' bench/gpu/run.sh >&2; exit 2; }
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- stage1:64:bfloat16 stage1:64 stage2:xl:64:bfloat16 generate:xl:8:5:bfloat16 generate:xl:64:1:bfloat16 generate:xl:8:5:float32
models=${MINT_BENCH_MODELS:-${TMPDIR:-/tmp}/mint-bench-gpu}
programs=artifacts/gpu/programs
if command -v dotnet > /dev/null; then
  source bench/reference/python.sh
  [ -n "$python" ] || { echo "On its own there is nothing to measure here." >&2; exit 2; }
  ours=(dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll)
else
  python=${MINT_PYTHON:-python3}
  torch=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2> /dev/null) \
    || { echo "$python has no PyTorch: name one that has in MINT_PYTHON." >&2; exit 2; }
  [ -d $programs ] || tar -C artifacts/gpu -xJf $programs.tar.xz
  export LD_LIBRARY_PATH=$torch MINT_ANY_LIBTORCH=1
  ours=($programs/mint-bench)
fi
exec python3 bench/gpu/measure.py "$python" "$models" "$rounds" "$@" -- "${ours[@]}"
