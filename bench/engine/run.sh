#!/usr/bin/env bash
# Time of small operators from C# beside Python's PyTorch, by turns, and memory over a long training.
#   ./mint bench engine [ROUNDS=301] [CALLS=1000] [STEPS=100000]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-301} calls=${2:-1000} steps=${3:-100000}
bench=(dotnet bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll)
export OMP_NUM_THREADS=1
source bench/reference/python.sh
if [ -z "$python" ]; then
  exec "${bench[@]}" engine-memory "$steps"
fi
echo "1 thread, $rounds rounds of $calls calls in turn, medians"

# The two processes live side by side but never work at once: each waits for its line. Rounds of a millisecond, so that
# whatever else the machine does meets both alike.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/ours.in" "$work/ours.out" "$work/theirs.in" "$work/theirs.out"
"${bench[@]}" engine-time < "$work/ours.in" > "$work/ours.out" &
"$python" bench/reference/engine.py < "$work/theirs.in" > "$work/theirs.out" &
exec 3> "$work/ours.in" 4< "$work/ours.out" 5> "$work/theirs.in" 6< "$work/theirs.out"
log=$work/log
for ((i = 0; i < rounds; i++)); do
  echo "$calls" >&3; read -r line <&4; echo "ours $line" >> "$log"
  echo "$calls" >&5; read -r line <&6; echo "theirs $line" >> "$log"
done
exec 3>&- 5>&-
wait
"$python" - "$log" <<'PY'
import statistics, sys
figures = {}
for line in open(sys.argv[1]):
    side, *pairs = line.split()
    for pair in pairs:
        name, value = pair.split("=")
        figures.setdefault(name, {}).setdefault(side, []).append(float(value))
print(f"{'operator':<10}{'Mint.ML us':>12}{'PyTorch us':>12}{'ratio':>8}")
for name, sides in figures.items():
    if len(sides) == 2:
        ours, theirs = (statistics.median(sides[s]) for s in ("ours", "theirs"))
        print(f"{name:<10}{ours:>12.3f}{theirs:>12.3f}{ours / theirs:>8.2f}")
PY
"${bench[@]}" engine-memory "$steps"
