#!/usr/bin/env bash
# ./mint bench search [CLIPS=100000] [THREADS=all cores] [ROUNDS=3] [FOLDER]: exact search over generated clips beside PyTorch's brute force, in fresh processes.
# At 100,000 clips, f32, f16 and int8 take 6 GB of disk, and the reference 3.3 GB more.
# The indexes are kept, and used again, in a FOLDER that is named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
clips=${1:-100000} threads=${2:-$(nproc)} rounds=${3:-3} folder=${4:-}
source bench/reference/python.sh
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
bench=(dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll)
[ -f "$folder/Int8.index" ] || "${bench[@]}" search-make "$folder" "$clips"
on=(taskset -c "0-$((threads - 1))")
theirs=()
if [ -n "$python" ]; then
  reference=("${on[@]}" "$python" bench/reference/search.py "$clips" "$threads" "$folder")
  [ -f "$folder/vectors.pt" ] || "${reference[@]}"
  theirs=(-- "${reference[@]}")
fi
# A process a kind: what one compiles the next has not.
each='status=0; for kind in Single Half Int8; do "$@" "$kind" || status=1; done; exit $status'
python3 bench/reference/fresh.py "search, $clips clips, $threads threads" "$rounds" 2 -- "${on[@]}" bash -c "$each" ours "${bench[@]}" search "$folder" "${theirs[@]}"
