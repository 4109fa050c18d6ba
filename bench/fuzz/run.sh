#!/usr/bin/env bash
# ./mint bench fuzz [COUNT]: every fuzz test of the readers with a million mutated inputs each, instead of ten thousand, beside other work (nice).
# Pieces of ten thousand inputs have a seed each. What a piece found stands in artifacts/fuzz/TEST.txt: the same command goes on where it was stopped.
set -euo pipefail
export MINT_FUZZ_COUNT=${1:-1000000} MINT_FUZZ_FOLDER=${MINT_FUZZ_FOLDER:-$PWD/artifacts/fuzz}
tests=${MINT_FUZZ_TESTS:-$(echo tests/Mint.ML{,.Transforms}.Tests/bin/Release/net10.0/Mint.ML*.Tests.dll)} # the server's uploads are in the second
mkdir -p "$MINT_FUZZ_FOLDER"
result=0
for test in $tests; do
  nice -n 15 dotnet "$test" --progress off --output Detailed --filter "FullyQualifiedName~Mutated" \
    2> >(grep -vE "libmpg123|^Note: |^Warning: " >&2) || result=$? # what the MP3 decoder says of each input is left out
done
echo "reader inputs slowest-ms largest-MB, by the seeds in $MINT_FUZZ_FOLDER:"
awk '{ n[FILENAME] += $4; if ($6 > t[FILENAME]) t[FILENAME] = $6; if ($9 > m[FILENAME]) m[FILENAME] = $9 }
  END { for (f in n) { name = f; sub(".*/", "", name); sub(".txt$", "", name); print name, n[f], t[f], m[f] } }' "$MINT_FUZZ_FOLDER"/*.txt | sort
exit $result
