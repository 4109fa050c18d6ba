"""PyTorch's brute force for bench/search: f32 in memory, one product and a maximum over the vectors of a clip. search.py CLIPS THREADS"""
import sys
import time

import torch

torch.set_grad_enabled(False)
torch.set_num_threads(int(sys.argv[2]))
count, vectors, width, queries = int(sys.argv[1]), 32, 256, 64
torch.manual_seed(1)
index = torch.nn.functional.normalize(torch.randn(count * vectors, width), dim=-1)
texts = torch.nn.functional.normalize(torch.randn(queries, width), dim=-1)


def search(some):
    return (index @ some.t()).view(count, vectors, -1).amax(1).topk(10, dim=0)


def cost(some):
    wall, cpu = time.perf_counter(), time.process_time()
    search(some)
    return time.perf_counter() - wall, time.process_time() - cpu


_, first = cost(texts[:1])
singles = [cost(texts[q : q + 1]) for q in range(1, 6)]
many = min((cost(texts) for _ in range(3)), key=lambda c: c[1])
print(f"PyTorch first_cpu={first:.4f} one_wall={min(c[0] for c in singles):.4f} one_cpu={min(c[1] for c in singles):.4f} many_wall={many[0]:.4f} many_cpu={many[1]:.4f}")
