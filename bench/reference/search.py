"""PyTorch's brute force for bench/search: f32 in memory, one product and a maximum over the vectors of a clip. search.py CLIPS"""
import sys
import time

import torch

torch.set_grad_enabled(False)
count, vectors, width, queries = int(sys.argv[1]), 32, 256, 64
torch.manual_seed(1)
index = torch.nn.functional.normalize(torch.randn(count * vectors, width), dim=-1)
texts = torch.nn.functional.normalize(torch.randn(queries, width), dim=-1)


def search(some):
    return (index @ some.t()).view(count, vectors, -1).amax(1).topk(10, dim=0)


search(texts[:1])
start = time.perf_counter()
for q in range(3):
    search(texts[q : q + 1])
single = 3 / (time.perf_counter() - start)
start = time.perf_counter()
search(texts)
print(f"PyTorch  f32     in memory, {single:.2f} queries/s one at a time, {queries / (time.perf_counter() - start):.2f} in {queries}")
