"""Ranking as LAVIS's predict_class does it: the encoder runs once, its output is copied for each candidate, the decoder runs on all of them.
Usage: rank.py written|tuned THREADS. Answers each line of stdin after a run."""
import sys

import torch
from torch.nn import functional

from t5 import T5

torch.set_grad_enabled(False)
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
model = T5("small")
prompt = torch.randn(4, 52, 512)  # 4 clips: 32 queries and an instruction of 20 tokens
labels = [[10 + i // 10, 100 + i // 2, *(200 + 5 * i + j for j in range(1 + i % 4)), 1] for i in range(50)]
longest = max(map(len, labels))
targets = torch.tensor([label + [-100] * (longest - len(label)) for label in labels])


def rank():
    encoded = model.encode(prompt).repeat_interleave(len(labels), 0)
    wanted = targets.repeat(len(prompt), 1)
    fed = torch.cat([torch.zeros(len(wanted), 1, dtype=torch.long), wanted[:, :-1].clamp(min=0)], 1)
    logits, _ = model.decode(fed, model.cross(encoded))
    losses = functional.cross_entropy(logits.view(-1, logits.shape[2]), wanted.view(-1), reduction="none").view(len(wanted), -1).sum(1)
    return losses.view(len(prompt), len(labels)).argsort(1)


rank()
print("ready", flush=True)
for _ in sys.stdin:
    rank()
    print("done", flush=True)
