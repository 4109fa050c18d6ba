"""Beam search with caches as transformers does it for T5: the encoder's output repeated for each of a prompt's beams, and all four caches of a block (keys and values
of self- and cross-attention, T5ForConditionalGeneration._reorder_cache) gathered anew after every step. The EOS is banned, so that 30 tokens are made.
Usage: generate.py written|tuned THREADS [FOLDER SIZE PROMPTS BEAMS cuda TYPE]. Answers each line of stdin after a run."""
import sys

import torch

from beams import gathered, search
from t5 import SIZES, T5

torch.set_grad_enabled(False)
torch.set_num_threads(int(sys.argv[2]))
TOKENS = 30
if len(sys.argv) > 3:
    folder, size, BATCH, BEAMS, device = sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), torch.device(sys.argv[7])
    model = T5.load(folder, size, getattr(torch, sys.argv[8]), device)
else:
    size, BATCH, BEAMS, device = "base", 8, 5, torch.device("cpu")
    torch.manual_seed(1)
    model = T5(size)
torch.manual_seed(1)
prompt = torch.randn(BATCH, 52, SIZES[size]["d"]).to(device, model.embedding.weight.dtype)


def generate():
    encoded = model.encode(prompt).repeat_interleave(BEAMS, 0)
    cross, past = model.cross(encoded), None
    start = torch.zeros(BATCH * BEAMS, 1, dtype=torch.long, device=device)

    def step(ids):
        nonlocal past
        logits, past = model.decode(ids if ids.shape[1] else start, cross, past)
        return logits[:, -1]

    def reorder(rows):
        nonlocal past, cross
        past, cross = gathered(past, rows), gathered(cross, rows)

    return search(step, reorder, BATCH, BEAMS, TOKENS, 1, device)


for answer in generate():
    print("answer", *answer, file=sys.stderr)
print("ready", flush=True)
for _ in sys.stdin:
    generate()
    print("done", flush=True)
