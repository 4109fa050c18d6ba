#!/usr/bin/env bash
# The one entry script. `./mint help` lists the commands.
set -euo pipefail
home=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

usage() {
  cat <<'TEXT'
usage: ./mint COMMAND [ARGUMENTS]

  setup    install what is missing, restore the packages, build (--locked: the pinned versions and no others)
  build    compile everything (runs setup first on a fresh clone)
  demo     train, evaluate, save and reload a whole audio-language pipeline on real audio
  test     run every test; the last line is "N passed, N failed"
  verify   compare every model with its original on the reference values; ./mint verify --help shows its options
  bench    measure a claim: ./mint bench engine|load|fuzz|train|cache|kill|gradcache|rank|generate|search|pipeline|growth|server|stress|probe|world|count|gpu
  api      write the lists of public members anew (CONTRIBUTING.md)
  pack     make NuGet packages in artifacts/packages: the libraries, and the .NET tool mint (docs/packages.md)
These work in the repository, from wherever they are called. demo writes there too, unless --output names another place.
Any other word goes to the command line program, for which names are relative to the folder you are in: ./mint help shows its commands.
TEXT
}

ensure_setup() { [ -f artifacts/set-up ] || ./eng/setup.sh; }

# Up-to-date checks take MSBuild seconds; a stamp of the sources takes milliseconds.
build() {
  # Ranks that mpirun started build once, not all at a time.
  if [ -n "${PMI_RANK:-}" ] && command -v flock > /dev/null; then mkdir -p artifacts && exec 9> artifacts/build.lock && flock 9; fi
  ensure_setup
  local stamp=artifacts/built-Release newest
  newest=$(find . \( -name bin -o -name obj -o -name artifacts -o -name .git \) -prune -o \
    -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.html' -o -name '*.css' -o -name '*.js' \) -newer "$stamp" -print -quit 2>/dev/null || echo first)
  if [ ! -f "$stamp" ] || [ -n "$newest" ]; then
    dotnet build Mint.ML.sln -c Release -v quiet -clp:NoSummary "$@"
    mkdir -p artifacts && touch "$stamp"
  fi
  [ -z "${PMI_RANK:-}" ] || exec 9>&-
}

run() { exec dotnet "$home/Mint.ML.Samples/bin/Release/net10.0/mint.dll" "$@"; }

case "${1:-help}" in setup|build|test|verify|bench|api|pack) cd "$home" ;; esac
case "${1:-help}" in
  setup) shift; ./eng/setup.sh "$@"; build ;;
  build) shift; build "$@" ;;
  test)  shift; build; exec ./eng/test.sh "$@" ;;
  verify) shift; build; exec dotnet tests/Mint.ML.Parity/bin/Release/net10.0/Mint.ML.Parity.dll "$@" ;;
  bench) shift; build; exec ./bench/run.sh "$@" ;;
  api)   shift; ensure_setup; exec ./eng/public-api.sh "$@" ;;
  pack)  shift; ensure_setup; exec ./eng/pack.sh "$@" ;;
  help|-h|--help) usage; [ ! -f "$home/artifacts/built-Release" ] || { echo; run --help; } ;;
  *)     (cd "$home"; build); run "$@" ;;
esac
