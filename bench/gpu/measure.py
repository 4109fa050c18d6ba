"""Both stages and generation on a GPU, ours and PyTorch's by turns; see run.sh. Usage: measure.py PYTHON FOLDER ROUNDS CASE... -- OUR PROGRAM

A case is stage1, stage2 or generate with its sizes, as "stage1:64:bfloat16", "stage2:xl:64", "generate:xl:8:5:bfloat16" (prompts, beams, type). FOLDER keeps the frozen language
models, which are made once. Wall time is of the device's work: each side waits for the device before it answers. Memory is what the driver says that a process holds."""
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
import turns  # noqa: E402

REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference")
DEVICE = os.environ.get("MINT_BENCH_DEVICE", "cuda:0")
STEPS = int(os.environ.get("MINT_BENCH_STEPS", "10"))  # of training at a turn
T, E, D, LAYERS, Q, L, ASKED, ANSWERED, VOCABULARY = 250, 768, 768, 12, 32, 30, 20, 20, 30523
SIZES = {"base": (768, 12, 2048, 12, 12), "xl": (2048, 32, 5120, 24, 24)}  # width, heads, feed-forward, layers of the encoder and of the decoder


def product(rows, inputs, outputs):
    return 2 * rows * inputs * outputs


def qformer(rows, queries, texts, frames=True):
    """Operations of a pass: the products of 12 blocks, cross-attention in every second one."""
    length = queries + texts
    block = product(length, D, 4 * D) + 2 * product(length, length, D) + product(length, D, 8 * D)
    cross = (product(queries, D, 2 * D) + 2 * product(queries, T, D)) if frames else 0
    return rows * (LAYERS * block + LAYERS // 2 * cross)


def stage1(clips):
    """Operations that the losses ask for: the frames' keys and values once a clip, the passes of contrast, matching and generation, the gradient twice as much."""
    keys = clips * LAYERS // 2 * product(T, E, 2 * D)
    passes = qformer(clips, Q, 0) + qformer(clips, 0, L, frames=False) + qformer(3 * clips, Q, L)
    generation = qformer(clips, 0, L, frames=False) + clips * (LAYERS * 2 * product(L, Q, D) + product(L, D, D) + product(L, D, VOCABULARY))
    return 3 * (keys + passes + generation)


def t5(size, rows, prompt, answer):
    """Operations of a frozen language model with every answer given."""
    width, heads, wide, encoder, decoder = SIZES[size]
    inner = 64 * heads

    def block(length, keys):
        return product(length, width, 4 * inner) + 2 * product(length, keys, inner) + 3 * product(length, width, wide)

    across = product(answer, width, 2 * inner) + product(prompt, width, 2 * inner) + 2 * product(answer, prompt, inner)
    return rows * (encoder * block(prompt, prompt) + decoder * (block(answer, answer) + across) + product(answer, width, 32128))


def stage2(size, clips):
    """The bridge has gradients of its weights, the language model of its input alone."""
    bridge = clips * LAYERS // 2 * product(T, E, 2 * D) + qformer(clips, Q, ASKED) + clips * product(Q, D, SIZES[size][0])
    return 3 * bridge + 2 * t5(size, clips, Q + ASKED - 1, ANSWERED)


def ceiling():
    """Operations a second of a large product of random bfloat16 numbers: what this GPU does at its best."""
    if DEVICE == "cpu":
        return None
    code = """
import torch
a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
for _ in range(3): a @ b
begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
begin.record()
for _ in range(20): a @ b
end.record(); torch.cuda.synchronize()
print(20 * 2 * 8192 ** 3 / begin.elapsed_time(end) * 1e3, torch.cuda.get_device_name(), torch.__version__, sep="|")
"""
    ran = subprocess.run([python, "-c", code], capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"{python}: {ran.stderr.strip().splitlines()[-1]}\nThe benchmark needs a GPU that this PyTorch can use; name another Python in MINT_PYTHON.")
    return ran.stdout.strip().split("|")


def memory():
    """MB on the GPU by process."""
    try:
        said = subprocess.run(["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"], capture_output=True, text=True).stdout
        return {int(line.split(",")[0]): line.split(",")[1].strip() for line in said.splitlines() if "," in line}
    except OSError:
        return {}


def made(size):
    """A frozen language model of that size, of random weights."""
    path = os.path.join(folder, size)
    if not os.path.exists(os.path.join(path, "config.json")):
        code = f"from t5 import T5; import torch; T5.make({path!r}, {size!r}, torch.bfloat16, torch.device({DEVICE!r}))"
        subprocess.run([python, "-c", f"import sys; sys.argv = ['', 'written']; sys.path.insert(0, {REFERENCE!r}); {code}"], check=True)
    return path


def commands(name, sizes):
    """The programs of a case, what a turn of it computes, and what of it is counted."""
    def theirs(program, *rest):
        return {f"PyTorch as {form}": [python, os.path.join(REFERENCE, program), form, "8", *rest] for form in ("written", "tuned")}

    how = [word for word in sizes if not word.isdigit() and word not in SIZES]
    numbers = [word for word in sizes if word.isdigit()]
    if name == "stage1":
        clips = int(numbers[0])
        lengths = ",".join([str(L)] * clips)
        return ({"Mint.ML": [*ours, "gpu-stage1", DEVICE, numbers[0], str(STEPS), *how],
                 **theirs("train.py", lengths, str(STEPS), DEVICE, *[word for word in how if word == "bfloat16"])},
                STEPS * stage1(clips), (STEPS * clips, "clips"))
    size = next(word for word in sizes if word in SIZES)
    path = made(size)
    if name == "stage2":
        clips = int(numbers[0])
        return ({"Mint.ML": [*ours, "gpu-stage2", DEVICE, path, numbers[0], str(STEPS), *how],
                 **theirs("stage2.py", path, size, numbers[0], str(STEPS), DEVICE, *how)}, STEPS * stage2(size, clips), (STEPS * clips, "clips"))
    sides = {"Mint.ML": [*ours, "gpu-generate", DEVICE, path, *numbers, *how], **theirs("generate.py", path, size, *numbers, DEVICE, *how)}
    if subprocess.run([python, "-c", "import transformers"], capture_output=True).returncode == 0:
        sides["transformers' generate"] = [python, os.path.join(REFERENCE, "transformers_generate.py"), path, *numbers, DEVICE, *how]
    return sides, None, (int(numbers[0]) * 30, "tokens")


def alike(answers, side):
    """How far the answers are the same, of those that both gave."""
    pairs = list(zip(answers["Mint.ML"], answers.get(side, [])))
    if not pairs:
        return "-"
    same = sum(a == b for a, b in pairs)
    first = statistics.mean(next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), len(a)) for a, b in pairs)
    return f"{same} of {len(pairs)}; {first:.0f} tokens"


def run(case, best):
    name, *sizes = case.split(":")
    sides, operations, (amount, unit) = commands(name, sizes)
    logs = {side: open(os.path.join(folder, f"{case.replace(':', '-')}-{i}.log"), "w+") for i, side in enumerate(sides)}
    programs = turns.start(sides, logs)
    walls, _ = turns.take_turns(programs, rounds)
    held = memory()
    turns.end(programs)
    answers = {}
    for side, log in logs.items():
        log.seek(0)
        answers[side] = [line.split()[1:] for line in log if line.startswith("answer ")]
    rows = [f"{case.replace(':', ' ')}: {rounds} rounds by turns, medians", "",
            f"| | ms (from, to) | {unit} a second | of the GPU's best | GPU memory, MB | ours is faster | same answers |", "| --- | --- | --- | --- | --- | --- | --- |"]
    own = statistics.median(walls["Mint.ML"])
    for side, times in walls.items():
        wall, each = statistics.median(times), 1 if operations is None else STEPS
        share = "" if operations is None or best is None else f"{operations / wall / best:.1%}"
        rows.append(f"| {side} | {wall / each * 1e3:.1f} ({min(times) / each * 1e3:.1f}, {max(times) / each * 1e3:.1f}) | {amount / wall:.0f} | {share} | "
                    f"{held.get(programs[side].pid, '-')} | {'' if side == 'Mint.ML' else f'{wall / own:.2f}'} | "
                    f"{'' if side == 'Mint.ML' or operations is not None else alike(answers, side)} |")
    return "\n".join(rows)


words, ours = turns.split(sys.argv[1:])
python, folder, rounds, cases = words[0], words[1], int(words[2]), words[3:]
os.makedirs(folder, exist_ok=True)
found = ceiling()
tables = [] if found is None else [f"{found[1]}, PyTorch {found[2]} and its libtorch for all; {turns.machine()}. A product of 8192 x 8192 bfloat16 numbers reaches "
                                   f"{float(found[0]) / 1e12:.0f} TFLOP/s, by which \"the GPU's best\" is measured."]
print(*tables, flush=True)
for case in cases:
    try:
        tables.append(run(case, None if found is None else float(found[0])))
    except Exception as error:  # the other cases are worth having
        tables.append(f"{case}: {type(error).__name__}: {error}")
        for name in sorted(os.listdir(folder)):
            if name.startswith(case.replace(":", "-")) and name.endswith(".log"):
                tables.append(f"{name}: {open(os.path.join(folder, name)).read()[-1500:]}")
    print(tables[-1], flush=True)
turns.record("gpu", "\n\n".join(tables))
