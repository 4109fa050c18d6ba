"""GPT-2 and LLaMA in PyTorch, as transformers computes them (GPT2LMHeadModel, LlamaForCausalLM of 4.32, eager attention). Tuned is what one would write for
PyTorch 2: fused attention, activation and norms; linear layers where GPT-2 has its own; a head's rotation from tables."""
import math

import torch
from torch import nn
from torch.nn import functional

from t5 import TUNED, Norm

SIZES = {"gpt2": dict(d=768, heads=12, ff=3072, layers=12, vocabulary=50257, positions=1024, eos=50256),
         "llama": dict(d=1024, heads=16, ff=2816, layers=12, vocabulary=32000, eos=2)}


def attend(q, k, v, bias):
    if TUNED:
        y = functional.scaled_dot_product_attention(q, k, v, bias)
    else:
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(q.shape[-1])
        if bias is not None:
            scores = scores + bias
        y = torch.matmul(scores.softmax(-1, dtype=torch.float32).to(q.dtype), v)
    return y.transpose(1, 2).reshape(q.shape[0], q.shape[2], -1)


def causal(queries, keys):
    """What hides later tokens, as both models add it; a token fed alone hides none."""
    return None if TUNED and queries == 1 else torch.full((queries, keys), torch.finfo(torch.float32).min).triu(keys - queries + 1)[None, None]


class Conv1D(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.shape[-1]), self.weight).view(*x.shape[:-1], -1)


class Gpt2Block(nn.Module):
    def __init__(self, d, heads, ff, **_):
        super().__init__()
        dense = nn.Linear if TUNED else Conv1D
        self.heads, self.ln_1, self.ln_2 = heads, nn.LayerNorm(d), nn.LayerNorm(d)
        self.c_attn, self.o, self.c_fc, self.c_proj = dense(d, 3 * d), dense(d, d), dense(d, ff), dense(ff, d)

    def forward(self, x, positions, past):
        q, k, v = (part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in self.c_attn(self.ln_1(x)).split(x.shape[-1], 2))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        x = x + self.o(attend(q, k, v, causal(q.shape[2], k.shape[2])))
        y = self.c_fc(self.ln_2(x))
        y = functional.gelu(y, approximate="tanh") if TUNED else 0.5 * y * (1 + torch.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * torch.pow(y, 3))))
        return x + self.c_proj(y), (k, v)


class LlamaBlock(nn.Module):
    def __init__(self, d, heads, ff, **_):
        super().__init__()
        self.heads, self.attention_norm, self.norm = heads, Norm(d), Norm(d)
        self.q, self.k, self.v, self.o = (nn.Linear(d, d, bias=False) for _ in range(4))
        self.gate, self.up, self.down = nn.Linear(d, ff, bias=False), nn.Linear(d, ff, bias=False), nn.Linear(ff, d, bias=False)

    def forward(self, x, positions, past):
        normed = self.attention_norm(x)
        q, k, v = (part(normed).view(*x.shape[:2], self.heads, -1).transpose(1, 2) for part in (self.q, self.k, self.v))
        angles = positions[:, None].float() * (1 / 10000 ** (torch.arange(0, q.shape[-1], 2).float() / q.shape[-1]))
        cos, sin = (torch.cat([f(angles), f(angles)], 1)[None, None] for f in (torch.cos, torch.sin))
        q, k = (part * cos + self.rotated(part) * sin for part in (q, k))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        x = x + self.o(attend(q, k, v, causal(q.shape[2], k.shape[2])))
        y = self.norm(x)
        return x + self.down(functional.silu(self.gate(y)) * self.up(y)), (k, v)

    @staticmethod
    def rotated(x):
        half = x.shape[-1] // 2
        return torch.cat([-x[..., half:], x[..., :half]], -1)


class Causal(nn.Module):
    def __init__(self, family):
        super().__init__()
        s, self.family = SIZES[family], family
        self.embedding = nn.Embedding(s["vocabulary"], s["d"])
        self.positions = nn.Embedding(s["positions"], s["d"]) if family == "gpt2" else None
        self.blocks = nn.ModuleList((Gpt2Block if family == "gpt2" else LlamaBlock)(**s) for _ in range(s["layers"]))
        self.norm = nn.LayerNorm(s["d"]) if family == "gpt2" else Norm(s["d"])
        self.head = nn.Linear(s["d"], s["vocabulary"], bias=False)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.05)
        if family == "gpt2":
            self.head.weight = self.embedding.weight

    def forward(self, x, past=None):
        """Logits of the last position of input embeddings (B, T, D), and the keys and values of all so far."""
        before = 0 if past is None else past[0][0].shape[2]
        positions, presents = torch.arange(before, before + x.shape[1]), []
        if self.positions is not None:
            x = x + self.positions(positions)
        for i, block in enumerate(self.blocks):
            x, present = block(x, positions, None if past is None else past[i])
            presents.append(present)
        return self.head(self.norm(x[:, -1:]))[:, 0], presents
