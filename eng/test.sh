#!/usr/bin/env bash
# Runs every test project; the last line printed is "N passed, N failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The summary is read below, so it is asked for plain and in English: where CI is set the runner
# would colour its lines, and elsewhere it speaks the user's language.
export TESTINGPLATFORM_UI_LANGUAGE=en DOTNET_CLI_UI_LANGUAGE=en
# What only tests need: a browser that opens report pages, WordNet for METEOR's synonyms, MPICH for ranks; and libsndfile, which reads compressed sound.
# A test that misses one of them says so and is skipped.
missing=()
if [ -z "${MINT_CHROMIUM:-}" ] && ! command -v chromium chromium-headless-shell chromium-browser google-chrome > /dev/null; then missing+=(chromium); fi
[ -d /usr/share/wordnet ] || missing+=(wordnet-base)
command -v mpirun > /dev/null || missing+=(mpich)
compgen -G '/usr/lib*/*/libsndfile.so.1' > /dev/null || compgen -G '/usr/lib*/libsndfile.so.1' > /dev/null || missing+=(libsndfile1)
if [ ${#missing[@]} != 0 ] && command -v apt-get > /dev/null; then
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
  export DEBIAN_FRONTEND=noninteractive
  echo "installing ${missing[*]}, for tests"
  as_root timeout 300 apt-get update -qq > /dev/null 2>&1 < /dev/null
  # One by one: what one mirror lacks keeps none of the others away.
  for package in "${missing[@]}"; do
    as_root timeout 600 apt-get install -y -qq --no-install-recommends "$package" > /dev/null 2>&1 < /dev/null || echo "$package could not be installed"
  done
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
count() { sed -n "s/^ *$1: \([0-9][0-9]*\)\r\{0,1\}$/\1/p" "$log" | tail -n 1; }
passed=0 failed=0 skipped=0
# A filter may leave one project without a test: that is no failure (8); without a filter it is.
none=$([ $# = 0 ] || echo "--ignore-exit-code 8")
for project in Mint.ML.Tests Mint.ML.Transforms.Tests; do
  dotnet "tests/$project/bin/Release/net10.0/$project.dll" --progress off --ansi off $none "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  succeeded=$(count succeeded) broke=$(count failed) left=$(count skipped)
  # A runner that ends badly without naming a failed test (a crash, no tests found) is a failure too.
  if [ "$status" != 0 ] && [ "${broke:-0}" = 0 ]; then
    echo "$project ended with exit code $status"
    broke=1
  elif [ -z "$succeeded" ]; then
    echo "$project ended without a summary"
    broke=1
  fi
  passed=$((passed + ${succeeded:-0})) failed=$((failed + ${broke:-0})) skipped=$((skipped + ${left:-0}))
done
[ "$skipped" = 0 ] || echo "skipped: $skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
