"""The Q-Former of BLIP-2's published code (LAVIS, blip2_qformer.py) in plain PyTorch, written anew for this comparison: four passes a step, each with
cross-attention projecting the audio again (the negatives' frames copied), query, key and value as three products, texts padded to the most tokens, masks
added whether or not they mask anything, token logits of every position.
Tuned is what one would write for PyTorch 2: fused attention, no mask where nothing is masked."""
import sys

import torch
from torch import nn
import torch.nn.functional as F

D, H, LAYERS, Q, E, V, T, L = 768, 12, 12, 32, 768, 30523, 250, 30
P = 0.1
TUNED = sys.argv[1] == "tuned"
DEVICE = torch.device(next((word for word in sys.argv if word.startswith("cuda")), "cpu"))
BFLOAT16 = "bfloat16" in sys.argv


def mixed():
    """Products in bfloat16 where the command line says so."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=BFLOAT16)


class Attention(nn.Module):
    def __init__(self, source):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(D, D), nn.Linear(source, D), nn.Linear(source, D)
        self.dense, self.norm = nn.Linear(D, D), nn.LayerNorm(D, eps=1e-12)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], H, D // H).permute(0, 2, 1, 3)

    def forward(self, x, source, bias, past=None):
        k, v, q = self.split(self.key(source)), self.split(self.value(source)), self.split(self.query(x))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        if TUNED:
            context = F.scaled_dot_product_attention(q, k, v, bias, P)
        else:
            scores = q @ k.transpose(-1, -2) / (D // H) ** 0.5 + bias
            context = F.dropout(scores.softmax(-1), P) @ v
        context = context.permute(0, 2, 1, 3).contiguous().view(x.shape)
        return self.norm(F.dropout(self.dense(context), P) + x), (k, v)


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down, self.norm = nn.Linear(D, 4 * D), nn.Linear(4 * D, D), nn.LayerNorm(D, eps=1e-12)

    def forward(self, x):
        return self.norm(F.dropout(self.down(F.gelu(self.up(x))), P) + x)


class Block(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.attention, self.text, self.queries = Attention(D), FeedForward(), FeedForward()
        self.cross = Attention(E) if i % 2 == 0 else None

    def forward(self, x, audio, queries, bias, audio_bias, past):
        x, kept = self.attention(x, x, bias, past)
        if queries == 0:
            return self.text(x), kept
        q = x[:, :queries]
        if self.cross is not None:
            q, _ = self.cross(q, audio, audio_bias)
        q = self.queries(q)
        return (q if x.shape[1] == queries else torch.cat([q, self.text(x[:, queries:])], 1)), kept


class Bridge(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions, self.norm = nn.Embedding(V, D), nn.Embedding(512, D), nn.LayerNorm(D, eps=1e-12)
        self.audio_norm, self.query_tokens = nn.LayerNorm(E), nn.Parameter(torch.randn(1, Q, D) * 0.02)
        self.blocks = nn.ModuleList(Block(i) for i in range(LAYERS))
        self.audio_proj, self.text_proj, self.match = nn.Linear(D, 256), nn.Linear(D, 256), nn.Linear(D, 2)
        self.transform, self.transform_norm, self.bias = nn.Linear(D, D), nn.LayerNorm(D, eps=1e-12), nn.Parameter(torch.zeros(V))
        self.temp = nn.Parameter(torch.tensor(0.07))
        self.full = False  # whether every text has the most tokens
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def run(self, queries, ids, audio, mask, past=None):
        """mask: (B, S) of ones and zeros, or (B, L, S) for who sees whom."""
        parts = []
        if queries is not None:
            parts.append(queries)
        if ids is not None:
            parts.append(self.tokens(ids) + self.positions.weight[: ids.shape[1]])
        x = F.dropout(self.norm(torch.cat(parts, 1)), P)
        bias = None if TUNED and mask.ndim == 2 and (self.full or ids is None) else (1 - (mask[:, None] if mask.ndim == 3 else mask[:, None, None])) * -10000
        audio_bias = None if audio is None or TUNED else (1 - torch.ones(audio.shape[0], 1, 1, audio.shape[1], device=DEVICE)) * -10000
        kept = []
        for i, block in enumerate(self.blocks):
            x, kv = block(x, audio, 0 if queries is None else queries.shape[1], bias, audio_bias, None if past is None else past[i])
            kept.append(kv)
        return x, kept

    def listen(self, frames, ids, mask):
        """Stage 2: states of the queries, which heard the frames and read an instruction."""
        queries = self.query_tokens.expand(ids.shape[0], -1, -1)
        seen = torch.cat([torch.ones(ids.shape[0], Q, device=DEVICE), mask], 1)
        return self.run(queries, ids, self.audio_norm(frames), seen)[0][:, :Q]

    def forward(self, frames, ids, mask):
        """Stage 1's loss."""
        B = ids.shape[0]
        audio = self.audio_norm(frames)
        queries, seen = self.query_tokens.expand(B, -1, -1), torch.ones(B, Q, device=DEVICE)

        # contrast
        heard, past = self.run(queries, None, audio, seen)
        text, _ = self.run(None, ids, None, mask)
        a, t = F.normalize(self.audio_proj(heard), dim=-1), F.normalize(self.text_proj(text[:, 0]), dim=-1)
        sim = torch.matmul(a.unsqueeze(1), t.unsqueeze(-1)).squeeze(-1).amax(-1) / self.temp
        back = torch.matmul(t.unsqueeze(1).unsqueeze(1), a.permute(0, 2, 1)).squeeze(2).amax(-1) / self.temp
        own = torch.arange(B, device=DEVICE)
        itc = (F.cross_entropy(sim, own, label_smoothing=0.1) + F.cross_entropy(back, own, label_smoothing=0.1)) / 2

        # matching
        with torch.no_grad():
            away = torch.eye(B, device=DEVICE) * -10000
            wrong_audio = torch.multinomial((back + away).softmax(1), 1).squeeze(1)
            wrong_text = torch.multinomial((sim + away).softmax(1), 1).squeeze(1)
        clips, texts, masks = torch.cat([audio, audio[wrong_audio], audio]), torch.cat([ids, ids, ids[wrong_text]]), torch.cat([mask, mask, mask[wrong_text]])
        joint, _ = self.run(self.query_tokens.expand(3 * B, -1, -1), texts, clips, torch.cat([torch.ones(3 * B, Q, device=DEVICE), masks], 1))
        itm = F.cross_entropy(self.match(joint[:, :Q]).mean(1), torch.cat([torch.ones(B, device=DEVICE), torch.zeros(2 * B, device=DEVICE)]).long())

        # generation, on the queries' keys and values of the contrast
        asked = ids.clone()
        asked[:, 0] = V - 1
        before = torch.cat([torch.ones(B, L, Q, device=DEVICE), torch.ones(L, L, device=DEVICE).tril() * mask[:, None]], 2)
        generated, _ = self.run(None, asked, None, before, past)
        logits = F.linear(self.transform_norm(F.gelu(self.transform(generated))), self.tokens.weight, self.bias)
        labels = asked.masked_fill(mask == 0, -100)
        lm = F.cross_entropy(logits[:, :-1].contiguous().view(-1, V), labels[:, 1:].contiguous().view(-1), label_smoothing=0.1)
        return itc + itm + lm


def optimizer_of(model):
    """AdamW, by which vectors and biases do not decay."""
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    free = {id(p) for name, p in trained if p.ndim == 1 or name.endswith("bias")}
    return torch.optim.AdamW([{"params": [p for _, p in trained if id(p) not in free], "weight_decay": 0.05},
                              {"params": [p for _, p in trained if id(p) in free], "weight_decay": 0}], lr=1e-4, fused=TUNED)


def serve(step, times=1):
    """Answers each line of stdin after that many steps."""
    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        for _ in range(times):
            step()
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
        print("done", flush=True)
