"""What saving costs: seconds and bytes of a checkpoint along a run, beside the seconds of a step, and what part of a run that is.

    python scripts/bench/checkpoint.py [CASE.toml ...]      default: the cases A to D, their bonds capped at 16

A checkpoint is written after every tenth step; "usual" is the part of a run that saving takes at the usual interval.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import tnthermo as tt
from tnthermo.configuration.resolve import resolve_file
from tnthermo.results.checkpoint_file import pack, unpack
from tnthermo.results.checkpoints import PART, USUAL, Checkpoints, Identity
from tnthermo.types import Snapshot

EVERY, CAP = 10, 16


class Measured(Checkpoints):
    """Saves after every tenth step."""

    taken = 0

    def due(self) -> bool:
        self.taken += 1
        return self.taken % EVERY == 0

    def save(self, stage: str, t: float, snapshot: Callable[[], Snapshot]) -> None:
        super().save(stage, t, snapshot)
        self.costs = [*getattr(self, "costs", []), self.last_cost]


def main(paths: list[Path]) -> None:
    """A line for each case."""
    print(
        f"{'case':<16}{'steps':>6}{'s/step':>9}{'MB':>8}{'pack ms':>9}{'save ms':>9}{'worst':>8}{'load ms':>9}{'usual':>9}"
    )
    for path in paths:
        resolved = resolve_file(path)
        with tempfile.TemporaryDirectory() as folder:
            keeper = Measured(folder=Path(folder), identity=Identity(hash=resolved.hash, text=resolved.text))
            kept: list[Snapshot] = []
            algorithm = replace(resolved.algorithm, max_bond=resolved.algorithm.max_bond or CAP)
            keywords = {**resolved.evolve_keywords(), "error_bars": False, "algorithm": algorithm}
            tt.evolve(resolved.model, **{**keywords, "until": 2 * resolved.algorithm.step})  # compiles
            started = time.perf_counter()
            run = tt.evolve(resolved.model, **keywords, keeper=keeper)
            wall = time.perf_counter() - started - keeper.saving_seconds
            data = keeper.path("run").read_bytes()
        started = time.perf_counter()
        kept.append(unpack(data)["state"])
        load = time.perf_counter() - started
        started = time.perf_counter()
        pack({}, kept[0])
        packing = time.perf_counter() - started
        mean, worst = keeper.saving_seconds / keeper.saves, max(keeper.costs)
        usual = mean / max(USUAL, mean / PART)
        steps = run.times.size - 1
        print(
            f"{path.stem:<16}{steps:>6}{wall / steps:>9.3f}{len(data) / 1e6:>8.2f}{1e3 * packing:>9.1f}{1e3 * mean:>9.1f}"
            f"{1e3 * worst:>8.1f}{1e3 * load:>9.1f}{usual:>9.1e}",
            flush=True,
        )


if __name__ == "__main__":
    cases = Path(__file__).parent / "cases"
    main([Path(name) for name in sys.argv[1:]] or sorted(cases.glob("*.toml")))
