#!/usr/bin/env bash
# ./mint bench NAME [ARGUMENTS]: runs bench/NAME/run.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
name=${1:-}
if [ -z "$name" ] || [ ! -x "bench/$name/run.sh" ]; then
  echo "usage: ./mint bench NAME, where NAME is one of: $(cd bench && ls */run.sh 2>/dev/null | xargs -n1 dirname | xargs)" >&2
  exit 2
fi
shift
exec "bench/$name/run.sh" "$@"
