"""Lets programs work in turn, so that whatever else the machine does meets all alike:

    turns.py NAME ROUNDS AIM_WRITTEN AIM_TUNED -- OURS... [-- WRITTEN... -- TUNED...]

Each says "ready" when it has done its work once, and then does it once for each line of stdin, which it answers with a line. Measured from outside: wall time,
CPU seconds of all its threads, and the peak of its memory. Ratios are of medians; above 1, ours is better. The exit code is 1 where an aim is missed.
With MINT_BENCH_RECORD=FILE, the table takes the place of the one between "<!-- NAME -->" marks in that file."""
import os
import statistics
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak(pid):
    return int(next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM")).split()[1]) / 1024


def split(words):
    parts = [[]]
    for word in words:
        if word == "--":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def record(name, text):
    """Puts a text between a file's marks of that name, at its end where it has none."""
    path = os.environ.get("MINT_BENCH_RECORD")
    if not path:
        return
    page, begin, end = open(path).read(), f"<!-- {name} -->", f"<!-- /{name} -->"
    block = f"{begin}\n{text}\n{end}"
    if begin in page:
        page = page[: page.index(begin)] + block + page[page.index(end) + len(end):]
    else:
        page = page.rstrip("\n") + f"\n\n{block}\n"
    with open(path + ".new", "w") as file:
        file.write(page)
    os.replace(path + ".new", path)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {time.strftime('%Y-%m-%d')}"


def start(commands, logs=None):
    """Starts a program for each side, one after another, and waits for each one's "ready". What they say on stderr goes to their logs, where there are some."""
    programs = {}
    for side, command in commands.items():
        program = programs[side] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=logs and logs[side], text=True, bufsize=1)
        assert program.stdout.readline().strip() == "ready", side
    return programs


def take_turns(programs, rounds):
    """Wall and CPU seconds of each side in each round."""
    walls, cpus = ({side: [] for side in programs} for _ in range(2))
    for _ in range(rounds):
        for side, program in programs.items():
            before, begin = cpu(program.pid), time.perf_counter()
            print("1", file=program.stdin, flush=True)
            assert program.stdout.readline(), side
            walls[side].append(time.perf_counter() - begin)
            cpus[side].append(cpu(program.pid) - before)
    return walls, cpus


def end(programs):
    for program in programs.values():
        program.stdin.close()
        program.wait()


def main():
    head, *commands = split(sys.argv[1:])
    name, rounds, aims = head[0], int(head[1]), [float(aim) for aim in head[2:4]]
    where = machine()
    programs = start(dict(zip(("Mint.ML", "PyTorch as written", "PyTorch as tuned"), commands)))
    walls, cpus = take_turns(programs, rounds)
    peaks = {side: peak(program.pid) for side, program in programs.items()}
    end(programs)
    wall, used = ({side: statistics.median(times) for side, times in kind.items()} for kind in (walls, cpus))
    rows = [f"{name}: {rounds} rounds by turns, medians; {where}", "",
            "| | wall s (from, to) | CPU s | peak MB | ours is better by wall | by CPU | by memory | aim |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    missed = False
    for side, aim in zip(programs, [None, *aims]):
        row = f"| {side} | {wall[side]:.3f} ({min(walls[side]):.3f}, {max(walls[side]):.3f}) | {used[side]:.2f} | {peaks[side]:.0f} |"
        if aim is None:
            rows.append(row + " | | | |")
            continue
        ratio = wall[side] / wall["Mint.ML"]
        missed |= ratio < aim
        rows.append(row + f" {ratio:.2f} | {used[side] / used['Mint.ML']:.2f} | {peaks[side] / peaks['Mint.ML']:.2f} | {aim} |")
    print("\n".join(rows))
    record(name, "\n".join(rows))
    sys.exit(missed)


if __name__ == "__main__":
    main()
