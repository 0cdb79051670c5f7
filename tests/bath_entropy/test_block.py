"""Entropies of sets of sites against dense reduced density matrices."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.dense import SEEDS, random_tensors, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.bath_entropy.block import doubt, entropy_of_sites

DIMENSIONS = ((2, 3, 2, 4, 2), (3, 2, 2, 3, 2, 3), (2, 4, 3))
SETS = st.sets(st.integers(0, 5))
COARSE = ({"weight": 1e-2}, {"weight": 0.0, "most": 3}, {"weight": 0.05, "most": 2}, {"weight": 0.3})


def steep(seed: int, dimensions: tuple[int, ...], ratio: float) -> list[np.ndarray]:
    """A random state whose bonds carry weights that fall as ratio^2n."""
    rng = np.random.default_rng(seed)
    tensors = random_tensors(rng, dimensions, (4,) * (len(dimensions) - 1))
    for tensor in tensors[:-1]:
        tensor *= ratio ** np.arange(tensor.shape[2])
    for i in range(len(tensors) - 1, 0, -1):
        l, d, r = tensors[i].shape
        q, rest = np.linalg.qr(tensors[i].reshape(l, d * r).conj().T)
        tensors[i] = q.conj().T.reshape(-1, d, r)
        tensors[i - 1] = np.tensordot(tensors[i - 1], rest.conj().T, axes=1)
    tensors[0] = tensors[0] / np.linalg.norm(tensors[0])
    return tensors


def dense_entropy(tensors: list[np.ndarray], chosen: list[int]) -> float:
    psi = vector(tensors).reshape([t.shape[1] for t in tensors])
    others = [i for i in range(psi.ndim) if i not in chosen]
    rows = math.prod(psi.shape[i] for i in chosen)
    p = np.linalg.svd(psi.transpose(*chosen, *others).reshape(rows, -1), compute_uv=False) ** 2
    return float(-np.sum(p[p > 1e-300] * np.log(p[p > 1e-300])))


@settings(max_examples=40)
@given(seed=SEEDS, shape=st.integers(0, 2), chosen=SETS, ratio=st.sampled_from([1.0, 0.3]))
def test_exact_without_truncation(seed, shape, chosen, ratio):
    tensors = steep(seed, DIMENSIONS[shape], ratio)
    members = [i for i in sorted(chosen) if i < len(tensors)]
    found = entropy_of_sites(tensors, members, weight=0.0)
    expected = dense_entropy(tensors, members)
    assert found.lower == pytest.approx(expected, abs=DENSE)
    assert found.upper == pytest.approx(expected, abs=DENSE)
    if expected > 0.01:
        assert abs(found.lower / math.log(2) - expected) > 1e-3  # bits


@pytest.mark.parametrize("setting", COARSE)
@settings(max_examples=25)
@given(seed=SEEDS, shape=st.integers(0, 2), chosen=SETS, ratio=st.sampled_from([1.0, 0.5, 0.2]))
def test_enclosed(setting, seed, shape, chosen, ratio):
    tensors = steep(seed, DIMENSIONS[shape], ratio)
    members = [i for i in sorted(chosen) if i < len(tensors)]
    found = entropy_of_sites(tensors, members, **setting)
    assert found.lower - ROUNDING <= dense_entropy(tensors, members) <= found.upper + ROUNDING


def test_coarser_is_wider():
    for seed in range(5):
        tensors = steep(seed, DIMENSIONS[1], 0.5)
        for settings_ in ([1e-8, 1e-5, 1e-3, 3e-2], [8, 4, 2]):
            named = [{"weight": x} if x < 1 else {"weight": 0.0, "most": x} for x in settings_]
            found = [entropy_of_sites(tensors, [0, 2, 4], **each) for each in named]
            widths = [each.upper - each.lower for each in found]
            assert widths == sorted(widths)
            assert widths[-1] > 10 * widths[0]


def test_without_the_entropy_of_leaving_out_it_would_not_hold():
    """Negative: h(e) is needed, and so is the lower bound's 1 - e; bits are outside."""
    short, high, bits = [], [], []
    for seed in range(8):
        tensors = steep(seed, DIMENSIONS[0], 0.15)
        found = entropy_of_sites(tensors, [1, 3], weight=1e-5)
        expected = dense_entropy(tensors, [1, 3])
        # The weight left out, from the width h(e) + e log D.
        D = math.log(math.prod(DIMENSIONS[0]))
        e = np.geomspace(1e-12, 1e-2, 2001)
        width = np.array([doubt(x) for x in e]) + e * D
        missing = float(np.interp(found.upper - found.lower, width, e))
        short.append(found.upper - doubt(missing) < expected)
        high.append(found.lower / (1 - missing) > expected)
        bits.append(not found.lower / math.log(2) <= expected <= found.upper / math.log(2))
    assert any(short)
    assert all(bits)
    assert doubt(0.0) == doubt(-1e-17) == 0.0
    assert doubt(0.5) == pytest.approx(math.log(2))
