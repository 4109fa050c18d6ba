#!/usr/bin/env bash
# ./mint bench search [CLIPS]: exact search over generated clips beside PyTorch's brute force. f32, f16 and int8 take 6 GB of disk at 100,000 clips, the reference 4 GB of memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
clips=${1:-100000}
python=${MINT_PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "The reference needs Python's PyTorch: install the Debian package python3-torch, or name another interpreter in MINT_PYTHON." >&2
  exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0
dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll search "$folder" "$clips" || status=1
"$python" bench/reference/search.py "$clips"
exit $status
