#!/usr/bin/env bash
# ./mint bench train [full|mixed] [ROUNDS]: a stage-1 step at BERT-base size, ours and plain PyTorch's by turns; medians, their ratio, peak memory.
#   full   every caption has the most tokens, 30 (the default)
#   mixed  captions of 8 to 30 tokens, 16 on average, as written captions are; PyTorch's are padded to 30, as in the originals
# Both inherit the environment: OMP_WAIT_POLICY=passive ./mint bench train gives PyTorch the setting that mint gives itself.
set -euo pipefail
case "${1:-full}" in
  full)  lengths=30,30,30,30,30,30,30,30 ;;
  mixed) lengths=8,10,12,13,15,17,22,30 ;;
  *)     echo "usage: ./mint bench train [full|mixed] [ROUNDS]" >&2; exit 2 ;;
esac
exec /usr/bin/python3 - "${2:-5}" "$lengths" bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll <<'PY'
import statistics, subprocess, sys
rounds, lengths, program = int(sys.argv[1]), sys.argv[2], sys.argv[3]
commands = {"Mint.ML": ["dotnet", program, "train", "2", lengths], "PyTorch": ["/usr/bin/python3", "bench/reference/train.py", "2", lengths]}
running, times, peaks = {}, {}, {}
for name, command in commands.items():  # one after the other: each takes a first step before it is ready
    p = running[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline().strip() == "ready", name
    times[name] = []
for _ in range(rounds):
    for name, p in running.items():
        p.stdin.write("1\n"); p.stdin.flush()
        times[name].append(float(p.stdout.readline()))
print(f"captions of {lengths} tokens")
for name, p in running.items():
    peaks[name] = int(next(line for line in open(f"/proc/{p.pid}/status") if line.startswith("VmHWM")).split()[1]) // 1024
    print(f"{name}: {statistics.median(times[name]):.0f} ms a step (median of {rounds}; {min(times[name]):.0f} to {max(times[name]):.0f}), peak {peaks[name]} MB")
    p.stdin.close(); p.wait()
ratio = statistics.median(times["PyTorch"]) / statistics.median(times["Mint.ML"])
print(f"{ratio:.2f} times the steps per second of PyTorch (at least 1.5 wanted), {peaks['Mint.ML'] / peaks['PyTorch']:.2f} times its peak memory (at most 1 wanted)")
sys.exit(ratio < 1.5 or peaks["Mint.ML"] > peaks["PyTorch"])
PY
