"""Starts programs afresh, in turn: fresh.py NAME ROUNDS AIM -- OURS... [-- THEIRS...]. What a cold compiler costs counts, as it does at a user's.

Each prints lines of a label and figures, as "Half one_cpu=0.03"; the second program's figures are compared with every line of the first. Medians; above 1, ours
is better. The exit code is 1 where a figure of CPU seconds misses the aim. Recorded as by turns.py."""
import statistics
import subprocess
import sys

from turns import machine, record, split


def figures(command):
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return {line.split()[0]: {k: float(v) for k, v in (pair.split("=") for pair in line.split()[1:])} for line in out.stdout.splitlines()}, out.returncode


head, *commands = split(sys.argv[1:])
name, rounds, aim = head[0], int(head[1]), float(head[2])
where, seen, status = machine(), {}, 0
for _ in range(rounds):
    for side, command in enumerate(commands):
        lines, code = figures(command)
        status |= code
        for label, line in lines.items():
            for figure, value in line.items():
                seen.setdefault((side, label), {}).setdefault(figure, []).append(value)
medians = {row: {figure: statistics.median(values) for figure, values in line.items()} for row, line in seen.items()}
theirs = next((line for (side, _), line in medians.items() if side == 1), {})
columns = list(dict.fromkeys(figure for line in medians.values() for figure in line))
rows = [f"{name}: {rounds} fresh processes each, in turn, medians (in brackets: theirs over ours); {where}", "",
        f"| | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
for (side, label), line in medians.items():
    cells = []
    for figure in columns:
        cell = f"{line[figure]:.4g}" if figure in line else ""
        if side == 0 and figure in theirs and figure in line:
            ratio = theirs[figure] / max(line[figure], 1e-9)
            cell += f" ({ratio:.2f})"
            if figure in ("one_cpu", "many_cpu") and ratio < aim:
                status = 1
        cells.append(cell)
    rows.append(f"| {label} | {' | '.join(cells)} |")
print("\n".join(rows))
record(name, "\n".join(rows))
sys.exit(status)
