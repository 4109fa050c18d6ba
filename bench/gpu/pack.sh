#!/usr/bin/env bash
# For a machine with a GPU and PyTorch but no .NET: makes artifacts/gpu/programs.tar.xz of mint, mint verify, mint-bench and the tests with their runtime, without a libtorch.
# There, at the root of the same checkout: bench/gpu/run.sh, which unpacks it (docs/gpu.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf artifacts/gpu/programs
for project in tests/Mint.ML.Parity bench/Mint.ML.Bench Mint.ML.Samples tests/Mint.ML.Tests tests/Mint.ML.Transforms.Tests; do
  dotnet publish "$project" -c Release -r linux-x64 --self-contained -p:InvariantGlobalization=true -p:MintTorch=none -p:SatelliteResourceLanguages=en -p:RunAnalyzers=false \
    --artifacts-path artifacts/gpu/build -o artifacts/gpu/programs -v quiet --nologo # apart from the build that lies here, which has a libtorch
done
rm -rf artifacts/gpu/programs/{*.pdb,*.xml,models,data}
tar -C artifacts/gpu -c programs | xz -T0 -9 > artifacts/gpu/programs.tar.xz
ls -l artifacts/gpu/programs.tar.xz
