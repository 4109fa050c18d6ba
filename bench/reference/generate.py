"""Beam search with caches as transformers does it for T5: the encoder's output repeated for each of a prompt's beams, and all four caches of a block (keys and values
of self- and cross-attention, T5ForConditionalGeneration._reorder_cache) gathered anew after every step. The EOS is banned, so that 30 tokens are made.
Usage: generate.py written|tuned THREADS [FOLDER SIZE PROMPTS BEAMS cuda TYPE]. Answers each line of stdin after a run."""
import sys

import torch

from t5 import SIZES, T5, VOCABULARY

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
    scores = torch.full((BATCH, BEAMS), -1e9, device=device)
    scores[:, 0] = 0
    ids = torch.zeros(BATCH * BEAMS, 1, dtype=torch.long, device=device)
    first = (torch.arange(BATCH, device=device) * BEAMS)[:, None]
    for _ in range(TOKENS):
        logits, past = model.decode(ids[:, -1:], cross, past)
        steps = logits[:, -1].float().log_softmax(-1)
        steps[:, 1] = -float("inf")
        best, index = (steps + scores.reshape(-1, 1)).view(BATCH, -1).topk(2 * BEAMS)
        scores, index = best[:, :BEAMS], index[:, :BEAMS]
        rows = (first + index // VOCABULARY).view(-1)
        ids = torch.cat([ids[rows], (index % VOCABULARY).view(-1, 1)], 1)
        if BEAMS > 1:
            past, cross = ([tuple(cache.index_select(0, rows) for cache in layer) for layer in caches] for caches in (past, cross))
    return ids.view(BATCH, BEAMS, -1)[:, 0, 1:].tolist()


for answer in generate():
    print("answer", *answer, file=sys.stderr)
print("ready", flush=True)
for _ in sys.stdin:
    generate()
    print("done", flush=True)
