"""The same prompts through transformers' own generate, as a user calls it.
Usage: transformers_generate.py FOLDER PROMPTS BEAMS cuda TYPE. Answers each line of stdin after a run."""
import sys

import torch
from transformers import T5ForConditionalGeneration

torch.set_grad_enabled(False)
batch, beams, device, kind = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], getattr(torch, sys.argv[5])
model = T5ForConditionalGeneration.from_pretrained(sys.argv[1], dtype=kind).to(device).eval()
torch.manual_seed(1)
prompt = torch.randn(batch, 52, model.config.d_model).to(device, kind)
mask = torch.ones(batch, 52, dtype=torch.long, device=device)


def generate():
    return model.generate(inputs_embeds=prompt, attention_mask=mask, num_beams=beams, do_sample=False, min_new_tokens=30, max_new_tokens=30).tolist()


for answer in generate():
    print("answer", *answer[1:], file=sys.stderr)
print("ready", flush=True)
for _ in sys.stdin:
    generate()
    print("done", flush=True)
