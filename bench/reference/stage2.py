"""A stage-2 step: bridge.py's Q-Former reads an instruction and hears the frames, a frozen T5 of t5.py answers, AdamW moves bridge and projection.
Usage: stage2.py written|tuned THREADS FOLDER SIZE CLIPS STEPS cuda [bfloat16]. Answers each line of stdin after so many steps."""
import sys

import torch
import torch.nn.functional as F

from bridge import D, DEVICE, E, T, Bridge, mixed, optimizer_of, serve
from t5 import SIZES, T5

ASKED, ANSWERED = 20, 20
torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(1)
size, clips = sys.argv[4], int(sys.argv[5])
language = T5.load(sys.argv[3], size, torch.bfloat16, DEVICE)
bridge, projection = Bridge().to(DEVICE), torch.nn.Linear(D, SIZES[size]["d"]).to(DEVICE)
for head in (bridge.audio_proj, bridge.text_proj, bridge.match, bridge.transform, bridge.transform_norm):
    head.requires_grad_(False)
bridge.temp.requires_grad_(False), bridge.bias.requires_grad_(False)
bridge.full = True
optimizer = optimizer_of(torch.nn.ModuleList([bridge, projection]))
frames = torch.randn(clips, T, E)
if DEVICE.type == "cuda":
    frames = frames.pin_memory()
asked, mask = torch.randint(1, 30000, (clips, ASKED), device=DEVICE), torch.ones(clips, ASKED, device=DEVICE)
targets = torch.randint(2, 30000, (clips, ANSWERED), device=DEVICE)


def step():
    optimizer.zero_grad()
    with mixed():
        heard = projection(bridge.listen(frames.to(DEVICE, non_blocking=True), asked, mask))
        prompt = torch.cat([heard.to(torch.bfloat16), language.embedding(asked[:, 1:])], 1)
        logits = language.logits(prompt, targets)
        loss = F.cross_entropy(logits.float().view(-1, logits.shape[-1]), targets.view(-1))
    loss.backward()
    optimizer.step()


serve(step, int(sys.argv[6]))
