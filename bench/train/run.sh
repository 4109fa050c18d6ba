#!/usr/bin/env bash
# ./mint bench train [ROUNDS]: a stage-1 step at BERT-base size, ours and plain PyTorch's in alternating rounds; medians and their ratio.
set -euo pipefail
exec /usr/bin/python3 - "${1:-5}" bench/Mint.ML.Bench/bin/Release/net10.0/mint-bench.dll <<'PY'
import statistics, subprocess, sys
rounds, program = int(sys.argv[1]), sys.argv[2]
commands = {"Mint.ML": ["dotnet", program, "train", "2"], "PyTorch": ["/usr/bin/python3", "bench/reference/train.py", "2"]}
running = {name: subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name, c in commands.items()}
for name, p in running.items():
    assert p.stdout.readline().strip() == "ready", name
times = {name: [] for name in running}
for _ in range(rounds):
    for name, p in running.items():
        p.stdin.write("1\n"); p.stdin.flush()
        times[name].append(float(p.stdout.readline()))
for name, p in running.items():
    peak = next(line for line in open(f"/proc/{p.pid}/status") if line.startswith("VmHWM")).split()[1]
    print(f"{name}: {statistics.median(times[name]):.0f} ms a step (median of {rounds}; {min(times[name]):.0f} to {max(times[name]):.0f}), peak {int(peak) // 1024} MB")
    p.stdin.close(); p.wait()
print(f"{statistics.median(times['PyTorch']) / statistics.median(times['Mint.ML']):.2f} times the steps per second of PyTorch")
PY
