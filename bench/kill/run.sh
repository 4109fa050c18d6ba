#!/usr/bin/env bash
# ./mint bench kill [KILLS] [SEED]: both stages on the shipped clips, killed (SIGKILL) at random moments and started again,
# against runs that nothing interrupts: weights, the last checkpoint with its optimizer and random states, and the log's losses must be the same to the bit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec /usr/bin/python3 - "${1:-20}" "${2:-1}" <<'PY'
import csv, glob, json, os, random, shutil, subprocess, sys, tempfile, time
kills, chance = int(sys.argv[1]), random.Random(int(sys.argv[2]))
models, clips = "Mint.ML.Samples/models", os.path.abspath("Mint.ML.Samples/data/clips")
work = tempfile.mkdtemp(prefix="mint-kill-")

def manifest(name, rows):
    path = os.path.join(work, name)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Path", "Caption"])
        out.writerows([os.path.join(clips, row["Path"]), row["Caption"]] for row in rows)
    return path

rows = list(csv.DictReader(open(os.path.join(clips, "manifest.csv"))))
train, held = manifest("train.csv", rows[8:]), manifest("held.csv", rows[:8])
often = ["--batch-size", "8", "--learning-rate", "1e-3", "--checkpoint-every", "4", "--validate-every", "6", "--best-by", "loss", "--encoder", f"{models}/encoder"]
stage1 = ["pretrain", train, "--validation", held, *often, "--epochs", "20", "--hidden-size", "64", "--layers", "2", "--queries", "8", "--max-frames", "60"]
stage2 = lambda bridge: ["tune", "--data", f"{train}:Generate audio caption::Caption", "--validation", f"{held}:Generate audio caption::Caption", *often, "--epochs", "12",
    "--bridge", bridge, "--language-model", f"{models}/language-model"]

def start(command, folder):
    return subprocess.Popen(["dotnet", "Mint.ML.Samples/bin/Release/net10.0/mint.dll", *command, "--output", folder, "--cache", folder + "-cache"],
        stdout=open(folder + ".out", "a"), stderr=subprocess.STDOUT)

def finished(process, folder):
    if process.wait() != 0: sys.exit(f"the run failed:\n{open(folder + '.out').read()[-2000:]}")

def result(folder):
    files = [os.path.join(folder, name) for name in ("bridge/model.safetensors", "projection.safetensors")] + glob.glob(folder + "/best-*") + sorted(glob.glob(folder + "/step-*"))[-1:]
    lines = [json.loads(line) for line in open(folder + "/log.jsonl")]
    return {os.path.basename(path): open(path, "rb").read() for path in files if os.path.exists(path)}, \
        [(line["step"], line.get("losses"), line.get("validation")) for line in lines]

def stage(name, command, kills):
    whole = os.path.join(work, name)
    began = time.time()
    finished(start(command, whole), whole)
    lasts = time.time() - began
    expected, done, runs, moments = result(whole), 0, 0, []
    while done < kills:
        runs += 1
        folder = f"{whole}-{runs}"
        while True:
            process = start(command, folder)
            try:
                process.wait(chance.uniform(0, lasts) if done < kills else None)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                done += 1
                steps = sum("losses" in line for line in open(folder + "/log.jsonl")) if os.path.exists(folder + "/log.jsonl") else 0
                moments.append(str(steps))
                continue
            finished(process, folder)
            break
        if result(folder) != expected: sys.exit(f"{name}: DIFFERENT after kills; see {work}")
        shutil.rmtree(folder); shutil.rmtree(folder + "-cache")
    print(f"{name}: {done} kills (after step {', '.join(moments)} of {expected[1][-1][0]}) in {runs} resumed runs; each ended bit for bit like the uninterrupted one", flush=True)
    return whole

bridge = stage("stage 1", stage1, (kills + 1) // 2)
stage("stage 2", stage2(bridge), kills // 2)
shutil.rmtree(work)
PY
