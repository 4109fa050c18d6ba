#!/usr/bin/env bash
# Runs every test project; the last line printed is "N passed, N failed".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The summary is read below, so it is asked for plain and in English: where CI is set the runner
# would colour its lines, and elsewhere it speaks the user's language.
export TESTINGPLATFORM_UI_LANGUAGE=en DOTNET_CLI_UI_LANGUAGE=en
# The tests of report pages open them in a browser, which nothing else here needs; without one they are inconclusive and say so.
if [ -z "${MINT_CHROMIUM:-}" ] && ! command -v chromium chromium-headless-shell chromium-browser google-chrome > /dev/null && command -v apt-get > /dev/null; then
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
  export DEBIAN_FRONTEND=noninteractive
  echo "installing chromium, for the tests of report pages"
  { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends chromium; } > /dev/null 2>&1 || echo "chromium could not be installed"
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
