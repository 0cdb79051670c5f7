"""Would conserving the excitation number pay? python scripts/bench/excitation_number.py

Exchange coupling conserves N = n_S + sum c^dag c - sum d^dag d, and a start with a definite N keeps it. A sweep with that would multiply
blocks of equal charge only. This script runs such starts, reads the charges of the Schmidt states of every bond, and prints how large the
blocks of the widest bond are, and what one application of H would cost with blocks: by the count of operations, and with the speed that
products of such small matrices really have, measured here. scripts/docs/layouts.md holds what it printed and what was decided.
"""

from __future__ import annotations

import time
from collections import Counter
from functools import cache

import numpy as np

import chains
import tnthermo as tt


def charges(state: tt.State, signs: list[float]) -> list[list[int]]:
    """Charges of the Schmidt states to the right of each bond 1 .. n - 1, from weights of every site's level number."""
    tensors = [np.array(t) for t in state.tensors]
    n = len(tensors)
    numbers = []
    for site, tensor in enumerate(tensors):
        levels = np.arange(tensor.shape[1]) * signs[site]
        numbers.append(np.array([1.0, 0.0]) if site == state.system else levels)
    for i in range(state.system, 0, -1):  # centre to site 0
        l, d, r = tensors[i].shape
        q, factor = np.linalg.qr(tensors[i].reshape(l, d * r).conj().T)
        tensors[i] = q.conj().T.reshape(-1, d, r)
        tensors[i - 1] = np.tensordot(tensors[i - 1], factor.conj().T, axes=(2, 0))
    right = [np.zeros((1, 1), dtype=complex)] * (n + 1)
    for i in range(n - 1, 0, -1):
        t = tensors[i]
        own = np.einsum("lsr,s,ksr->lk", t, numbers[i], t.conj())
        right[i] = own + np.einsum("lsr,rq,ksq->lk", t, right[i + 1], t.conj())
    found, center = [], tensors[0]
    for i in range(n - 1):
        l, d, r = center.shape
        _, s, v = np.linalg.svd(center.reshape(l * d, r), full_matrices=False)
        block = np.einsum("al,lk,ak->a", v, right[i + 1], v.conj()).real
        keep = s > 1e-5  # smaller ones are mixed by what the truncation dropped
        rounded = np.round(block[keep])
        if np.abs(block[keep] - rounded).max() > 0.3:
            raise RuntimeError(f"bond {i + 1}: charges {block[keep]} are no integers: not an eigenstate of N")
        found.append([int(q) for q in rounded])
        center = np.tensordot(s[:, None] * v, tensors[i + 1], axes=(1, 0))
    return found


@cache
def rate(k: int) -> float:
    """Operations a second of a complex k x k times k x k product, one thread."""
    a = np.random.default_rng(0).normal(size=(k, k)) + 0j
    out = np.empty_like(a)
    repeats = max(3, int(2e7 / k**3))
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            np.dot(a, a, out=out)
        best = min(best, time.perf_counter() - start)
    return 8 * k**3 * repeats / best


def main() -> None:
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    print("| T | t | bond | blocks | largest block | operations saved | with measured speeds |")
    print("|---|---|---|---|---|---|---|")
    for temperature, until, bond in ((0.5, 6.0, 32), (0.5, 6.0, 64), (2.0, 4.0, 48)):
        pair = chains.thermofield_chains(density, 20, temperature=temperature)
        model = tt.JaynesCummings(hamiltonian={"z": 0.25}, bath=pair)
        run = tt.evolve(
            model, initial="+z", until=until, algorithm=tt.TDVP(step=0.2, tolerance=1e-6, max_bond=bond), error_bars=False,
            occupation_every=np.inf, variance_every=np.inf,
        )  # fmt: skip
        assert run.state is not None
        signs = [0.0] * model.line.length
        for weight, places in zip((1.0, -1.0), model.line.chains, strict=True):
            for place in places:
                signs[place] = weight
        found = charges(run.state, signs)
        dense = blocks = dense_time = block_time = 0.0
        for i in range(1, len(found)):
            left, right = Counter(found[i - 1]), Counter(found[i])
            levels = run.state.tensors[i].shape[1]
            step = int(signs[i]) if i != run.state.system else 0
            for s in range(levels):
                a, b = sum(left.values()), sum(right.values())
                dense += a * b * (a + b)
                dense_time += 8 * a * b * (a + b) / rate(max(2, round((a * b) ** 0.5)))
                shift = int(s == 0) if i == run.state.system else step * s
                for q, size in right.items():
                    other = left.get(q + shift, 0)
                    if other:
                        blocks += other * size * (other + size)
                        block_time += 8 * other * size * (other + size) / rate(max(2, round((other * size) ** 0.5)))
        widest = max(found, key=len)
        largest = max(Counter(widest).values())
        print(
            f"| {temperature:g} | {until:g} | {len(widest)} | {len(Counter(widest))} | {largest} | {dense / blocks:.1f}x "
            f"| {dense_time / block_time:.2f}x |",
            flush=True,
        )


if __name__ == "__main__":
    main()
