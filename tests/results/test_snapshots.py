"""A checkpoint whose SHA-256 fits and whose state no run wrote: damaged, as any other, before a kernel reads beyond an array."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import tnthermo as tt
from tests.results.test_checkpoints import few, warm
from tnthermo.errors import Damaged
from tnthermo.results.checkpoint_file import pack, unpack
from tnthermo.results.snapshots import check_snapshot

CASES: dict[str, tuple[Callable[[], tt.Model], dict[str, Any]]] = {
    "exact": (few, {"algorithm": tt.Exact(step=0.2, tolerance=1e-2), "until": 0.4, "displacement": 0.3, "levels": 5}),
    "tdvp": (
        lambda: warm(4),
        {
            "algorithm": tt.TDVP(step=0.25, tolerance=1e-3, max_bond=6), "until": 0.75, "correlations_every": 0.25,
            "observables": {"sx": {"x": 1.0}}, "bath_entropy": "off",
        },
    ),
}  # fmt: skip


class Memory:
    """A keeper that begins with a snapshot of the run, and has the one after each step."""

    def __init__(self, saved: Any = None) -> None:
        self.saved = saved
        self.found: list[Any] = []

    def load(self, stage: str) -> Any:
        return self.saved if stage == "run" else None

    def look(self) -> None:
        pass

    def after_step(self, stage: str, t: float, snapshot: Callable[[], Any], *, last: bool) -> None:
        self.found.append(unpack(b"".join(bytes(piece) for piece in pack({}, snapshot())))["state"])


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is anything in a state, trees and lists included."""
    if at:
        yield at
    if isinstance(tree, dict | list):
        for name in tree if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[name], (*at, name))


def others(value: Any) -> Iterator[Any]:
    """What might stand in the place of ``value`` and is not it."""
    yield from (None, "x", -1, 2**70, 0.5, 1e308, math.nan, [], {}, [1])
    yield from (np.zeros(0), np.zeros((1, 1, 1), dtype=complex))
    if isinstance(value, np.ndarray) and value.size:
        yield value[..., None]
        yield value[:-1] if value.ndim else value.reshape(1)
        yield np.concatenate([value, value]) if value.ndim else value.reshape(1)
        yield value.astype(np.float64 if value.dtype.kind != "f" else np.complex128, casting="unsafe")
        if value.dtype.kind != "i":
            yield np.where(np.arange(value.size).reshape(value.shape) == value.size - 1, np.inf, value)


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("name", [pytest.param("exact", marks=pytest.mark.slow), "tdvp"])
def test_whatever_stands_in_a_state_is_damage_or_a_run_goes_on(name: str) -> None:
    made, keywords = CASES[name]
    model, keywords = made(), {**keywords, "error_bars": False}
    whole = Memory()
    tt.evolve(model, **keywords, keeper=whole)
    good = whole.found[1]
    own = len(keywords.get("observables", {}))
    fits = partial(check_snapshot, model=model, algorithm=keywords["algorithm"], observables=own)
    fits(good)
    refused, taken = 0, set()
    for at in places(good):
        *above, last = at
        for other in [*others(_at(good, at)), KeyError]:
            bad = copy.deepcopy(good)
            place = _at(bad, above)
            if other is KeyError:
                del place[last]
            else:
                place[last] = other
            try:
                fits(bad)
            except Damaged:
                refused += 1
                continue
            if at not in taken:
                tt.evolve(model, **keywords, keeper=Memory(bad))
            taken.add(at)
    assert refused > 500
    assert ("wall_seconds",) in taken
    assert not {at[:2] for at in taken} & {("times",), ("engine", "tensors"), ("engine", "vector"), ("steps", "norm")}


def _at(tree: Any, at: Any) -> Any:
    for name in at:
        tree = tree[name]
    return tree


def test_blocks_that_fit_each_other_but_not_the_model_are_seen() -> None:
    made, keywords = CASES["tdvp"]
    whole = Memory()
    tt.evolve(made(), **keywords, error_bars=False, keeper=whole)
    check = partial(check_snapshot, algorithm=keywords["algorithm"], observables=1)
    check(whole.found[1], model=made())
    for other in (few(), warm(5)):
        with pytest.raises(Damaged):
            check(whole.found[1], model=other)
    with pytest.raises(Damaged, match=r"not what a run holds \(rows.observables\)"):
        check_snapshot(whole.found[1], made(), keywords["algorithm"])
    with pytest.raises(Damaged, match="vector"):
        check_snapshot(whole.found[1], made(), replace(CASES["exact"][1]["algorithm"]), 1)
