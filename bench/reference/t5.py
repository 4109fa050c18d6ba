"""A plain Flan-T5 in PyTorch, as transformers computes it: gated GELU, root-mean-square norms, relative position biases, untied output layer.
Tuned is what one would write for PyTorch 2: fused attention, activation and norms."""
import json
import math
import os
import sys

import torch
from torch import nn
from torch.nn import functional

SIZES = {"small": dict(d=512, heads=6, ff=1024, layers=8), "base": dict(d=768, heads=12, ff=2048, layers=12),
         "xl": dict(d=2048, heads=32, ff=5120, layers=24)}
VOCABULARY, WIDTH = 32128, 64
TUNED = sys.argv[1] == "tuned"


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))

    def forward(self, x):
        if TUNED:
            return functional.rms_norm(x, self.weight.shape, self.weight, 1e-6)
        wide = x.to(torch.float32)
        return self.weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)).to(self.weight.dtype)


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads, self.norm = heads, Norm(d)
        self.q, self.k, self.v = (nn.Linear(d, heads * WIDTH, bias=False) for _ in range(3))
        self.o = nn.Linear(heads * WIDTH, d, bias=False)

    def split(self, x):
        return x.view(x.shape[0], -1, self.heads, WIDTH).transpose(1, 2)

    def keys_values(self, x):
        return self.split(self.k(x)), self.split(self.v(x))

    def forward(self, x, keys_values, bias):
        k, v = keys_values
        if TUNED:
            y = functional.scaled_dot_product_attention(self.split(self.q(x)), k, v, bias, scale=1.0)
        else:
            scores = self.split(self.q(x)) @ k.transpose(2, 3)
            if bias is not None:
                scores += bias
            y = scores.softmax(-1) @ v
        return self.o(y.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))


class Block(nn.Module):
    def __init__(self, d, heads, ff, decoder):
        super().__init__()
        self.attention = Attention(d, heads)
        self.cross = Attention(d, heads) if decoder else None
        self.norm = Norm(d)
        self.wi_0, self.wi_1, self.wo = nn.Linear(d, ff, bias=False), nn.Linear(d, ff, bias=False), nn.Linear(ff, d, bias=False)

    def forward(self, x, bias, cross=None, past=None):
        normed = self.attention.norm(x)
        present = self.attention.keys_values(normed)
        if past is not None:
            present = tuple(torch.cat(pair, 2) for pair in zip(past, present))
        x = x + self.attention(normed, present, bias)
        if self.cross is not None:
            x = x + self.cross(self.cross.norm(x), cross, None)
        y = self.norm(x)
        if TUNED:
            return x + self.wo(functional.gelu(self.wi_0(y), approximate="tanh") * self.wi_1(y)), present
        y = 0.5 * (g := self.wi_0(y)) * (1 + torch.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g.pow(3)))) * self.wi_1(y)
        return x + self.wo(y), present


class T5(nn.Module):
    def __init__(self, size):
        super().__init__()
        s = SIZES[size]
        self.embedding = nn.Embedding(VOCABULARY, s["d"])
        self.encoder = nn.ModuleList(Block(s["d"], s["heads"], s["ff"], False) for _ in range(s["layers"]))
        self.decoder = nn.ModuleList(Block(s["d"], s["heads"], s["ff"], True) for _ in range(s["layers"]))
        self.encoder_norm, self.decoder_norm = Norm(s["d"]), Norm(s["d"])
        self.encoder_bias, self.decoder_bias = nn.Embedding(32, s["heads"]), nn.Embedding(32, s["heads"])
        self.head = nn.Linear(s["d"], VOCABULARY, bias=False)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.05)

    @staticmethod
    def position_bias(table, queries, keys, bidirectional):
        device = table.weight.device
        relative = torch.arange(keys, device=device)[None] - torch.arange(keys - queries, keys, device=device)[:, None]
        buckets, offset = (16, (relative > 0).long() * 16) if bidirectional else (32, 0)
        distance = relative.abs() if bidirectional else (-relative).clamp(min=0)
        exact = buckets // 2
        far = exact + (torch.log(distance.clamp(min=1).float() / exact) / math.log(128 / exact) * (buckets - exact)).long()
        return table(offset + torch.where(distance < exact, distance, far.clamp(max=buckets - 1))).permute(2, 0, 1)[None]

    def encode(self, x):
        bias = self.position_bias(self.encoder_bias, x.shape[1], x.shape[1], True)
        for block in self.encoder:
            x, _ = block(x, bias)
        return self.encoder_norm(x)

    def cross(self, encoded):
        return [block.cross.keys_values(encoded) for block in self.decoder]

    def decode(self, ids, cross, past=None):
        """Logits of the given positions, and the keys and values of all so far."""
        before = 0 if past is None else past[0][0].shape[2]
        bias = self.position_bias(self.decoder_bias, ids.shape[1], before + ids.shape[1], False)
        if ids.shape[1] > 1:
            bias = bias + torch.full((ids.shape[1], ids.shape[1]), torch.finfo(bias.dtype).min, device=bias.device).triu(1)
        x, presents = self.embedding(ids), []
        for i, block in enumerate(self.decoder):
            x, present = block(x, bias, cross[i], None if past is None else past[i])
            presents.append(present)
        return self.head(self.decoder_norm(x)), presents

    def logits(self, prompt, targets):
        """Of each target, given the ones before it."""
        start = torch.zeros(targets.shape[0], 1, dtype=torch.long, device=targets.device)
        return self.decode(torch.cat([start, targets[:, :-1]], 1), self.cross(self.encode(prompt)))[0]

    # Ours, and the names of transformers' checkpoints, of each block's parts.
    PARTS = {"attention.q": "0.SelfAttention.q", "attention.k": "0.SelfAttention.k", "attention.v": "0.SelfAttention.v", "attention.o": "0.SelfAttention.o",
             "attention.norm": "0.layer_norm", "cross.q": "1.EncDecAttention.q", "cross.k": "1.EncDecAttention.k", "cross.v": "1.EncDecAttention.v",
             "cross.o": "1.EncDecAttention.o", "cross.norm": "1.layer_norm", "norm": "{}.layer_norm", "wi_0": "{}.DenseReluDense.wi_0",
             "wi_1": "{}.DenseReluDense.wi_1", "wo": "{}.DenseReluDense.wo"}

    def published(self):
        """This model's tensors by the names that transformers gives them."""
        named = {"shared.weight": self.embedding.weight, "lm_head.weight": self.head.weight}
        for stack, blocks, norm, bias in (("encoder", self.encoder, self.encoder_norm, self.encoder_bias),
                                          ("decoder", self.decoder, self.decoder_norm, self.decoder_bias)):
            named[f"{stack}.final_layer_norm.weight"] = norm.weight
            named[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = bias.weight
            for i, block in enumerate(blocks):
                for own, theirs in self.PARTS.items():
                    if block.cross is None and own.startswith("cross."):
                        continue
                    named[f"{stack}.block.{i}.layer.{theirs.format(1 if block.cross is None else 2)}.weight"] = block.get_submodule(own).weight
        return named

    @staticmethod
    def empty(size, dtype, device):
        """Without the seconds that drawing weights on the CPU takes."""
        with torch.device("meta"):
            model = T5(size)
        return model.to(dtype).to_empty(device=device).requires_grad_(False).eval()

    @staticmethod
    def load(folder, size, dtype, device):
        from safetensors.torch import load_file
        model = T5.empty(size, dtype, device)
        stored = load_file(os.path.join(folder, "model.safetensors"), device=str(device))
        for name, own in model.published().items():
            own.copy_(stored[name])
        return model

    @staticmethod
    def make(folder, size, dtype, device):
        """Writes a folder as transformers' save_pretrained does, of random weights."""
        from safetensors.torch import save_file
        torch.manual_seed(1)
        model, s = T5.empty(size, dtype, device), SIZES[size]
        for name, own in model.named_parameters():
            # Scores that leave a softmax its choice, and logits that do not tie in bfloat16.
            own.fill_(1) if own.dim() == 1 else own.normal_(std=0.05 if name == "head.weight" else 0.02)
        os.makedirs(folder, exist_ok=True)
        save_file({name: own.data.contiguous() for name, own in model.published().items()}, os.path.join(folder, "model.safetensors"), {"format": "pt"})
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump({"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "vocab_size": VOCABULARY, "d_model": s["d"], "d_kv": WIDTH,
                       "d_ff": s["ff"], "num_layers": s["layers"], "num_heads": s["heads"], "feed_forward_proj": "gated-gelu",
                       "tie_word_embeddings": False, "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}, file)
