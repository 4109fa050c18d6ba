"""PyTorch's side of bench/engine: the same operators, timed the same way. One line of stdin, one line of figures."""
import sys
import time

import torch

torch.set_num_threads(1)
torch.set_grad_enabled(False)
a = torch.randn(8, 8)
b = torch.randn(8, 8)
linear = torch.nn.Linear(8, 8)


def add(n):
    for _ in range(n):
        torch.add(a, b)


def mm(n):
    for _ in range(n):
        torch.mm(a, b)


def shape(n):
    for _ in range(n):
        a.shape


def module(n):
    for _ in range(n):
        linear(a)


cases = {"add": add, "mm": mm, "linear": module, "shape": shape}
for loop in cases.values():
    loop(20_000)
for line in sys.stdin:
    calls = int(line)
    figures = []
    for name, loop in cases.items():
        start = time.perf_counter()
        loop(calls)
        figures.append(f"{name}={(time.perf_counter() - start) * 1e6 / calls:.4f}")
    print(" ".join(figures), flush=True)
