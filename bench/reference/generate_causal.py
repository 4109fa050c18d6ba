"""Beam search on a GPT-2 (Pengi's kind) or a LLaMA (MusiLingo's), the prompt repeated for each of its beams before it is read, as transformers does.
Usage: generate_causal.py written|tuned THREADS gpt2|llama. Answers each line of stdin after a run."""
import sys

import torch

from beams import gathered, search
from causal import SIZES, Causal

torch.set_grad_enabled(False)
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
family = sys.argv[3]
BATCH, BEAMS, TOKENS, PROMPT = 8, 5, 30, 80  # a prompt of Pengi: 40 positions of sound and 40 of text
model = Causal(family)
prompt = torch.randn(BATCH, PROMPT, SIZES[family]["d"])


def generate():
    past = None

    def step(ids):
        nonlocal past
        logits, past = model(model.embedding(ids) if ids.shape[1] else prompt.repeat_interleave(BEAMS, 0), past)
        return logits

    def reorder(rows):
        nonlocal past
        past = gathered(past, rows)

    return search(step, reorder, BATCH, BEAMS, TOKENS, SIZES[family]["eos"], prompt.device)


generate()
print("ready", flush=True)
for _ in sys.stdin:
    generate()
    print("done", flush=True)
