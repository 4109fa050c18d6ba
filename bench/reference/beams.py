"""Beam search as transformers' generate does it: a model's caches are gathered anew after every step. The EOS is banned, so that all tokens are made."""
import torch


def search(step, reorder, prompts, beams, tokens, eos, device):
    """step(ids): logits (R, V) after ids (R, 1), which is empty (R, 0) at first. reorder(rows): row r goes on with what rows[r] had. Returns ids, best beam first."""
    scores = torch.full((prompts, beams), -1e9, device=device)
    scores[:, 0] = 0
    ids = torch.zeros(prompts * beams, 0, dtype=torch.long, device=device)
    first = (torch.arange(prompts, device=device) * beams)[:, None]
    for _ in range(tokens):
        steps = step(ids[:, -1:]).float().log_softmax(-1)
        vocabulary = steps.shape[1]
        steps[:, eos] = -float("inf")
        best, index = (steps + scores.reshape(-1, 1)).view(prompts, -1).topk(2 * beams)
        scores, index = best[:, :beams], index[:, :beams]
        rows = (first + index // vocabulary).view(-1)
        ids = torch.cat([ids[rows], (index % vocabulary).view(-1, 1)], 1)
        if beams > 1:
            reorder(rows)
    return ids.view(prompts, beams, -1)[:, 0].tolist()


def gathered(caches, rows):
    """Each layer's keys and values of these rows."""
    return [tuple(cache.index_select(0, rows) for cache in layer) for layer in caches]
