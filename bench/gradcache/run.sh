#!/usr/bin/env bash
# ./mint bench gradcache: peak memory of stage 1 at batches of 8 clips, contrasted 8 or 256 at a time, each in a process of its own.
set -euo pipefail
program=bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll
small=$(dotnet "$program" gradcache 8)
large=$(dotnet "$program" gradcache 256)
awk -v small="$small" -v large="$large" 'BEGIN {
  split(small, s); split(large, l)
  printf "contrastive batch   8: peak %d MB, loss %.4f, %.1f s for 256 clips\n", s[1], s[2], s[3]
  printf "contrastive batch 256: peak %d MB, loss %.4f, %.1f s for 256 clips\n", l[1], l[2], l[3]
  printf "%.1f %% more memory (at most 15 %% wanted)\n", 100 * (l[1] / s[1] - 1)
  exit l[1] > 1.15 * s[1]
}'
