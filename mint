#!/usr/bin/env bash
# The one entry script. `./mint help` lists the commands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

usage() {
  cat <<'TEXT'
usage: ./mint COMMAND [ARGUMENTS]

  setup    install what is missing, choose the dependency mode, build
  build    compile everything (runs setup first on a fresh clone)
  demo     train, evaluate, save and reload a whole audio-language pipeline on real audio
  test     run every test; the last line is "N passed, N failed"
  bench    measure a claim: ./mint bench engine|load|fuzz|train|cache|kill|gradcache|rank|generate|search
  pack     make NuGet packages in artifacts/
Any other word goes to the command line program: ./mint help shows its commands.
TEXT
}

mode() { sed -n 's:.*<MintDependencies[^>]*>\(.*\)</MintDependencies>.*:\1:p' eng/mode.props 2>/dev/null || true; }

ensure_setup() { [ -f eng/mode.props ] || ./eng/setup.sh; }

# Up-to-date checks take MSBuild seconds; a stamp of the sources takes milliseconds.
build() {
  ensure_setup
  [ "$(mode)" != compat ] || ./eng/build-native.sh
  local stamp=artifacts/built-Release newest
  newest=$(find . \( -name bin -o -name obj -o -name artifacts -o -name .git \) -prune -o \
    -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.html' -o -name '*.css' -o -name '*.js' \) -newer "$stamp" -print -quit 2>/dev/null || echo first)
  if [ ! -f "$stamp" ] || [ -n "$newest" ]; then
    dotnet build Mint.ML.sln -c Release -v quiet -clp:NoSummary "$@"
    mkdir -p artifacts && touch "$stamp"
  fi
}

# The references were computed with AVX2 kernels. PyTorch's own float32 differs by up to 7e-05 between the kernels that OpenBLAS
# and ATen choose by processor, where a tensor is ill-conditioned (t5_v1's long decoder): same kernels, same digits.
reference_kernels() { # OpenBLAS's; with "all" ATen's too, which this engine's own AVX-512 product follows
  grep -qw avx2 /proc/cpuinfo 2>/dev/null || return 0
  export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-Haswell}
  [ "${1:-}" != all ] || export ATEN_CPU_CAPABILITY=${ATEN_CPU_CAPABILITY:-avx2}
}

run() { exec dotnet Mint.ML.Samples/bin/Release/net10.0/mint.dll "$@"; }

case "${1:-help}" in
  setup) shift; ./eng/setup.sh "$@"; build ;;
  build) shift; build "$@" ;;
  test)  shift; build; reference_kernels; exec ./eng/test.sh "$@" ;;
  verify) build; reference_kernels all; run "$@" ;;
  bench) shift; build; exec ./bench/run.sh "$@" ;;
  pack)  shift; ensure_setup; dotnet pack Mint.ML.sln -c Release -o artifacts/packages "$@" ;;
  help|-h|--help) usage; [ ! -f artifacts/built-Release ] || { echo; run --help; } ;;
  *)     build; run "$@" ;;
esac
