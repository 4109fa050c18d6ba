#!/usr/bin/env bash
# ./mint bench fuzz [COUNT]: every fuzz test of the parsers with a million mutated inputs instead of ten thousand.
set -euo pipefail
export MINT_FUZZ_COUNT=${1:-1000000}
exec dotnet tests/Mint.ML.Tests/bin/Release/net10.0/Mint.ML.Tests.dll --progress off --output Detailed --filter "FullyQualifiedName~Mutated"
