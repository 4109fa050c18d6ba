#!/usr/bin/env bash
# Installs the one system library that is not in a package, and restores the packages.
#   --locked  insists on the pinned versions of Directory.Packages.props: another one is an error, not a note
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

locked=()
case "${1:-}" in
  "") ;;
  --locked) locked=(-p:MintLocked=true) ;;
  *) echo "usage: ./mint setup [--locked]" >&2; exit 2 ;;
esac

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# libsndfile reads FLAC, Ogg and MP3.
if [ "$(uname -s)" = Linux ] && ! ldconfig -p 2> /dev/null | grep -q libsndfile.so.1; then
  if command -v apt-get > /dev/null; then
    echo "installing libsndfile1"
    export DEBIAN_FRONTEND=noninteractive
    { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends libsndfile1; } > /dev/null
  else
    echo "libsndfile is missing: WAV can be read, FLAC, Ogg and MP3 cannot. Install it with this system's package manager." >&2
  fi
fi

# The registry is asked anew for the CUDA package, where there is a driver, and for the analyzer of public members.
rm -f artifacts/torch-package artifacts/public-api-not-served
dotnet restore Mint.ML.sln -v quiet "${locked[@]}"
mkdir -p artifacts
touch artifacts/set-up
