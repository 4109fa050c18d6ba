#!/usr/bin/env bash
# ./mint bench [--record] NAME [ARGUMENTS]: runs bench/NAME/run.sh; --record writes its table into docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "${1:-}" = --record ]; then
  shift
  export MINT_BENCH_RECORD=$PWD/docs/benchmarks.md
fi
name=${1:-}
if [ -z "$name" ] || [ ! -x "bench/$name/run.sh" ]; then
  echo "usage: ./mint bench [--record] NAME, where NAME is one of: $(cd bench && ls */run.sh 2>/dev/null | xargs -n1 dirname | xargs)" >&2
  exit 2
fi
shift
exec "bench/$name/run.sh" "$@"
