#!/usr/bin/env bash
# ./mint pack [PLATFORM...]: the packages in artifacts/packages: the two libraries, with symbols, and the .NET tool `mint`.
# The tool is packed for this platform unless others are named: each brings its libtorch, 240 MB to download.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=artifacts/packages
if [ $# = 0 ]; then set -- "$(dotnet msbuild Mint.ML.Samples -getProperty:NETCoreSdkPortableRuntimeIdentifier)"; fi
platforms=$(IFS=';'; echo "$*")

# A package of the same version from before would hide the new one where it lies in NuGet's cache: pack into an empty folder.
rm -rf "$out"
dotnet pack Mint.ML.sln -c Release -v quiet -clp:NoSummary -o "$out"
for platform in "$@"; do
  dotnet pack Mint.ML.Samples -c Release -v quiet -clp:NoSummary -r "$platform" -p:MintTorch=cpu "-p:MintToolPlatforms=\"$platforms\"" -o "$out"
done
# The package that `dotnet tool install` asks for first: it names those of the platforms.
dotnet pack Mint.ML.Samples -c Release -v quiet -clp:NoSummary -p:MintTorch=cpu "-p:MintToolPlatforms=\"$platforms\"" -p:CreateRidSpecificToolPackages=false -o "$out"
ls -l "$out"
