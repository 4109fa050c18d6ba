#!/usr/bin/env bash
# ./mint bench cache [THREADS]: an epoch of stage 1 behind an encoder of data2vec-audio-base's size, with its frames from the cache and without it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll cache Mint.ML.Samples/data/clips "$folder" "${1:-2}"
