#!/usr/bin/env bash
# ./mint bench load [BYTES]: opens a generated checkpoint of 1 GB and compares with reading the same warm file; and opens it mapped.
set -euo pipefail
bytes=${1:-1000000000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bench() { dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll "$@"; }
bench load-make "$folder" "$bytes"
status=0
bench load-memory "$folder" || status=1
bench load-time "$folder" || status=1
bench load-map "$folder" || status=1
exit $status
