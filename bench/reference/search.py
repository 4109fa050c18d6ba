"""PyTorch's brute force for bench/search: f32 vectors of a mapped file, one product and a maximum over the vectors of a clip.
search.py CLIPS THREADS FOLDER makes the file where there is none, and else searches it."""
import os
import sys
import time

import torch

torch.set_grad_enabled(False)
torch.set_num_threads(int(sys.argv[2]))
count, vectors, width, queries = int(sys.argv[1]), 32, 256, 64
file = os.path.join(sys.argv[3], "vectors.pt")
torch.manual_seed(1)
if not os.path.exists(file):
    torch.save(torch.nn.functional.normalize(torch.randn(count * vectors, width), dim=-1), file)
    sys.exit()
texts = torch.nn.functional.normalize(torch.randn(queries, width), dim=-1)


def search(some):
    return (index @ some.t()).view(count, vectors, -1).amax(1).topk(10, dim=0)


def cost(call):
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def start():
    global index
    index = torch.load(file, mmap=True)
    search(texts[:1])


first = cost(start)
with open("/proc/self/stat") as stat:
    began = int(stat.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
process = time.clock_gettime(time.CLOCK_BOOTTIME) - began
singles = [cost(lambda: search(texts[q : q + 1])) for q in range(1, 6)]
many = min((cost(lambda: search(texts)) for _ in range(3)), key=lambda c: c[1])
print(f"PyTorch start_wall={first[0]:.4f} start_cpu={first[1]:.4f} process_wall={process:.2f} "
      f"one_wall={min(c[0] for c in singles):.4f} one_cpu={min(c[1] for c in singles):.4f} many_wall={many[0]:.4f} many_cpu={many[1]:.4f}")
