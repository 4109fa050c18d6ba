#!/usr/bin/env bash
# Writes PublicAPI.Unshipped.txt of both libraries anew: the public members that PublicAPI.Shipped.txt does not have. `git diff` shows what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for library in Mint.ML Mint.ML.Transforms; do
  echo "#nullable enable" > "$library/PublicAPI.Unshipped.txt"
  dotnet format analyzers "$library/$library.csproj" --diagnostics RS0016 --severity warn --no-restore
done
git --no-pager diff --stat -- '*/PublicAPI.Unshipped.txt'
