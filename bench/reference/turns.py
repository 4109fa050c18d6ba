"""Lets two programs work in turn, so that whatever else the machine does meets both alike: turns.py ROUNDS TARGET OURS... -- THEIRS...
Each does its work once for a line of stdin and answers with the seconds it took."""
import statistics
import subprocess
import sys

rounds, target, commands = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
cut = commands.index("--")
programs = [subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for c in (commands[:cut], commands[cut + 1:])]
times = ([], [])
for _ in range(rounds):
    for program, seconds in zip(programs, times):
        print(file=program.stdin, flush=True)
        seconds.append(float(program.stdout.readline()))
for program in programs:
    program.stdin.close()
    program.wait()
for name, seconds in zip(("Mint.ML", "PyTorch"), times):
    print(f"{name}: median {statistics.median(seconds):.3f} s of {rounds} rounds ({min(seconds):.3f} to {max(seconds):.3f})")
ratio = statistics.median(times[1]) / statistics.median(times[0])
print(f"{ratio:.2f} times as fast as the reference (at least {target} wanted)")
sys.exit(ratio < target)
