#!/usr/bin/env bash
# ./mint bench search [CLIPS=100000] [FOLDER]: exact search over generated clips beside PyTorch's brute force.
# At 100,000 clips, f32, f16 and int8 take 6 GB of disk, and the reference 4 GB of memory.
# The indexes are kept, and used again, in a FOLDER that is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
clips=${1:-100000}
python=${MINT_PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "The reference needs Python's PyTorch: install the Debian package python3-torch, or name another interpreter in MINT_PYTHON." >&2
  exit 1
fi
folder=${2:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
bench=(dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll)
[ -f "$folder/Int8.index" ] || "${bench[@]}" search-make "$folder" "$clips"
status=0
"${bench[@]}" search "$folder" || status=1
"$python" bench/reference/search.py "$clips"
exit $status
