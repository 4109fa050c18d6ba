"""A stage-1 step of bridge.py's Q-Former with AdamW; tuned, fused AdamW.
Usage: train.py written|tuned THREADS LENGTH,LENGTH,... (tokens of each caption) [STEPS cuda [bfloat16]]. Answers each line of stdin after so many steps."""
import sys

import torch

from bridge import DEVICE, E, L, T, Bridge, mixed, optimizer_of, serve

torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
lengths = torch.tensor([int(length) for length in sys.argv[3].split(",")])
model = Bridge().to(DEVICE)
model.full = bool((lengths == L).all())
optimizer = optimizer_of(model)
frames = torch.randn(len(lengths), T, E)
if DEVICE.type == "cuda":
    frames = frames.pin_memory()
mask = (torch.arange(L) < lengths[:, None]).float()
ids = (torch.randint(1, 30000, (len(lengths), L)) * mask.long()).to(DEVICE)
mask = mask.to(DEVICE)


def step():
    optimizer.zero_grad()
    with mixed():
        loss = model(frames.to(DEVICE, non_blocking=True), ids, mask)
    loss.backward()
    optimizer.step()


serve(step, int(sys.argv[4]) if len(sys.argv) > 4 else 1)
