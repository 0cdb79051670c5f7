"""What the benches of this folder share: processor seconds, the speed of zgemm, where the time of a run goes, tables, JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

import tnthermo as tt
from tnthermo.engines.measure import Measure
from tnthermo.engines.tdvp import TDVPEngine
from tnthermo.evolution import driver, flags
from tnthermo.machine.threads import one_blas_thread

NEVER = float("inf")
BARE: dict[str, Any] = {"error_bars": False, "occupation_every": NEVER, "variance_every": NEVER}


def seconds(function: Callable[[], Any], repeat: int = 1) -> float:
    """Processor seconds of this process, the least of ``repeat`` calls."""
    found = []
    for _ in range(repeat):
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return min(found)


def ratio(one: Callable[[], Any], other: Callable[[], Any], repeat: int = 4) -> float:
    """Processor seconds of ``one`` over those of ``other``: taken in turns, so that both see the same machine, the least of each."""
    taken = [(seconds(one), seconds(other)) for _ in range(repeat)]
    return min(first for first, _ in taken) / min(second for _, second in taken)


def bare(model: tt.Model, algorithm: tt.Algorithm, until: float, **others: Any) -> tt.Trajectory:
    """A run without a rougher companion, without occupations and without <H_chain^2>."""
    return tt.evolve(model, algorithm=algorithm, until=until, **(BARE | others))


def product_rate(rows: int, inner: int, columns: int, least: float = 0.1) -> float:
    """Floating-point operations a second of one BLAS thread on complex products (rows, inner) times (inner, columns)."""
    random = np.random.default_rng(1)
    a, b = (random.normal(size=shape) + 0j for shape in ((rows, inner), (inner, columns)))
    out = np.empty((rows, columns), dtype=np.complex128)
    repeat = 1
    with one_blas_thread():
        while (taken := seconds(partial(products, a, b, out, repeat))) < least:
            repeat = max(repeat + 1, int(1.5 * least / max(taken, 1e-6) * repeat))
    return 8.0 * rows * inner * columns * repeat / taken


def products(a: Any, b: Any, out: Any, count: int) -> None:
    """The product ``count`` times."""
    for _ in range(count):
        np.dot(a, b, out=out)


def peak_rate() -> float:
    """Floating-point operations a second of zgemm on matrices of 512 rows: what one core reaches."""
    return max(product_rate(512, 512, 512, 0.5) for _ in range(3))


@contextmanager
def split() -> Iterator[dict[str, float]]:
    """Context that adds up the processor seconds of the sweeps and of the measurements of the runs in it."""
    found = {"sweeps": 0.0, "measurements": 0.0}
    places = [
        (TDVPEngine, "_sweep", "sweeps"), (Measure, "local", "measurements"), (driver, "measured", "measurements"),
        (flags.Flags, "look", "measurements"),
    ]  # fmt: skip
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in places]

    def timed(function: Any, kind: str) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            start = time.process_time()
            result = function(*arguments, **keywords)
            found[kind] += time.process_time() - start
            return result

        return call

    try:
        for owner, name, kind in places:
            setattr(owner, name, timed(getattr(owner, name), kind))
        yield found
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_json(path: str | None, found: Any) -> None:
    """Keep the numbers, where a file was asked for."""
    if path:
        with open(path, "w", encoding="utf-8") as handle:
            json.dump(found, handle, indent=1)
            handle.write("\n")
