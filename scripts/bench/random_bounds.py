"""Random small models whose I(S:B) is enclosed as that of a continuum would be, beside density matrices: is the right value inside?

    python scripts/bench/random_bounds.py [--models 300] [--first 1] [--seconds 720] [--keep FOLDER]

Each seed is a configuration file: d = 2 or 3 levels, complex H and A, 1 to 3 modes in one or two baths, T from .1 to 3, either kind of
coupling, every route and layout, pure, mixed and displaced starts, drives of H_S and of couplings. The state is propagated as a dense
vector of the sites; `enclose` is asked for bounds by as many modes as pay and by each fixed number in `MODES`, although every mode is
there and S_chi could be had exactly. The right value is that of density matrices of the physical modes (tests/oracles/amplitudes.py),
cut at 1e-11. A seed whose space would be too large is drawn again; nothing is cut.

Printed: quantiles of the widths and of the seconds of an evaluation, how often each way gave the bound, how close the right value came to
a bound; a seed whose value is outside, as a TOML file. Exit code 1: there is one.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import math
import os
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from chains.problems import InvalidInput  # noqa: E402
from tests.oracles.amplitudes import TooLarge  # noqa: E402
from tests.oracles.random_models import bath_tables, dense, draw, initial_state  # noqa: E402
from tnthermo.accuracy.evolve import evolve  # noqa: E402
from tnthermo.bath_entropy.choice import ACCURACY, BUDGET, CLOSER, PART, SHARE  # noqa: E402
from tnthermo.bath_entropy.correlation import Correlation, Unphysical  # noqa: E402
from tnthermo.bath_entropy.enclose import enclose  # noqa: E402
from tnthermo.configuration.resolve import load_config, resolve  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402
from tnthermo.model.density_matrix import von_neumann  # noqa: E402
from tnthermo.model.model import Model  # noqa: E402
from tnthermo.network.state import State  # noqa: E402

Tables = dict[str, Any]

MODES: tuple[int | None, ...] = (None, 0, 1, 2)
STEPS, TOLERANCE = 4, 1e-9  # of the dense vector, whose error does not come from the step
SLACK = 1e-7  # by which the value may be outside, and what the vector's own error may do to it
LARGEST = 20_000  # entries of the amplitudes that a drawn model may need
ONE_MODE = 0.3  # share that is kept of the models of one mode: most of those that are small enough
COLDEST, HOTTEST = 0.1, 3.0
LONGEST = 8.0


@dataclass(frozen=True, kw_only=True)
class Looked:
    """One evaluation: number of modes asked for, what was found, by how much the right value is outside (< 0: inside), seconds."""

    modes: int | None
    found: Correlation
    outside: float
    seconds: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A model as a TOML file, its state at the end of a run, and S_S and S_chi by density matrices; ``kinds``: what it has."""

    seed: int
    text: str
    kinds: tuple[str, ...]
    model: Model
    state: State
    initial_entropy: float
    S_S: float
    S_chi: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one model showed. ``words``: of a crash."""

    case: Case
    looked: tuple[Looked, ...]
    words: str = ""

    @property
    def own_error(self) -> float:
        """What the state's own error may do to S_chi."""
        return 2 * abs(self.looked[0].found.S_S - self.case.S_S) if self.looked else 0.0

    @property
    def outside(self) -> float:
        """By how much the right value is outside of any bounds, beyond what the state's own error accounts for."""
        return max((one.outside for one in self.looked), default=0.0) - SLACK - self.own_error

    @property
    def bad(self) -> bool:
        """Whether that is more than nothing."""
        return bool(self.words) or self.outside > 0


def drawn(rng: np.random.Generator) -> Tables:
    """The tables of a random model at T > 0 without a mean-force start, for dense vectors."""
    while True:
        tables = draw(rng, "exact")
        if len(tables["system"]["hamiltonian"]) > 3 or tables["system"]["initial"] == "mean-force":
            continue
        if len(frequencies_of(tables)) > 1 or rng.random() < ONE_MODE:
            break
    baths = tables["bath"] if isinstance(tables["bath"], list) else [tables["bath"]]
    one = math.exp(rng.uniform(math.log(COLDEST), math.log(HOTTEST)))
    alike = rng.random() < 0.4
    for bath in baths:
        T = one if alike else math.exp(rng.uniform(math.log(COLDEST), math.log(HOTTEST)))
        bath["temperature"] = float(f"{T:.3g}")
        bath.pop("levels", None)
    evolution = tables["evolution"]
    tables["evolution"] = {
        "method": "exact", "until": (until := min(evolution["until"], LONGEST)), "step": until / STEPS, "tolerance": TOLERANCE,
    }  # fmt: skip
    tables["thermodynamics"] = {"bath_entropy": "off"}
    del tables["record"]
    return with_layout(tables, str(rng.choice(["auto", "middle", "interleaved"])))


def frequencies_of(tables: Tables) -> list[float]:
    """Of all modes of all baths."""
    return [w for bath in bath_tables(tables) for w in bath["spectral_density"]["frequencies"]]


def propagated(tables: Tables) -> tuple[Model, State]:
    """The model of a file and its state at the end. Raises `TooLarge` where the dense vector is."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        path = Path(folder) / "model.toml"
        path.write_text(to_toml(tables))
        config = resolve(load_config(path))
        settings = {
            "record_every": config.evolve_keywords()["until"],
            "occupation_every": math.inf,
            "error_bars": False,
        }
        try:
            run = evolve(config.model, **config.evolve_keywords() | settings)
        except InvalidInput as error:
            raise TooLarge(str(error)) from None
    assert run.state is not None
    return config.model, run.state


def with_layout(tables: Tables, layout: str) -> Tables:
    """The tables with that layout where their chains can have it."""
    asked = tables | {"evolution": tables["evolution"] | {"layout": layout}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.toml"
        path.write_text(to_toml(asked))
        try:
            resolve(load_config(path))
        except InvalidInput:
            return tables
    return asked


def case_of(tables: Tables, *, seed: int = -1) -> Case:
    """The model of some tables with its right value. Raises `TooLarge`."""
    oracle = dense(tables)
    if oracle.start[0].size > LARGEST:
        raise TooLarge(str(oracle.start[0].shape))
    model, state = propagated(tables)
    right = oracle.ledger([0.0, float(tables["evolution"]["until"])], 0.5)
    rho = initial_state(tables["system"]["initial"])
    assert rho is not None
    return Case(
        seed=seed, text=to_toml(tables), kinds=kinds_of(tables), model=model, state=state, S_S=float(right["S_S"][-1]),
        S_chi=float(right["S_chi"][-1]), initial_entropy=float(von_neumann(np.linalg.eigvalsh(rho / np.trace(rho).real))),
    )  # fmt: skip


def look_at(case: Case, modes: tuple[int | None, ...] = MODES) -> Verdict:
    """Enclose I(S:B), and see whether the right value is inside."""
    looked: list[Looked] = []
    for count in modes:
        begun = time.perf_counter()
        try:
            found = enclose(
                case.state, case.model, initial_entropy=case.initial_entropy, target=CLOSER * ACCURACY, share=SHARE,
                most=PART["auto"], budget=BUDGET["auto"], modes=count,
            )  # fmt: skip
        except Unphysical as error:
            return Verdict(case=case, looked=tuple(looked), words=f"modes = {count}: {error}")
        except Exception:
            return Verdict(case=case, looked=tuple(looked), words=traceback.format_exc(limit=-3))
        outside = max(found.lower - case.S_chi, case.S_chi - found.upper)
        looked.append(Looked(modes=count, found=found, outside=outside, seconds=time.perf_counter() - begun))
    return Verdict(case=case, looked=tuple(looked))


def kinds_of(tables: Tables) -> tuple[str, ...]:
    """What a model has, in words that are counted."""
    baths = bath_tables(tables)
    found = [f"d = {len(tables['system']['hamiltonian'])}", f"{len(baths)} bath{'s' * (len(baths) > 1)}"]
    found += [str(bath["coupling"].get("kind", "hermitian")) for bath in baths] + [str(bath["route"]) for bath in baths]
    found += [f"{len(frequencies_of(tables))} modes", tables["evolution"].get("layout", "auto")]
    found += ["driven coupling"] if any(key.startswith("coupling") for key in tables.get("drive", {})) else []
    found += ["driven H_S"] if any(key.startswith("hamiltonian") for key in tables.get("drive", {})) else []
    found += ["displaced"] if any("displacement" in bath for bath in baths) else []
    rho = initial_state(tables["system"]["initial"])
    assert rho is not None
    found += ["mixed" if float(np.trace(rho @ rho).real) < 1 - 1e-9 else "pure"]
    return tuple(found)


def case_of_seed(seed: int) -> Case:
    """The first draw of this seed that is small enough."""
    for attempt in itertools.count():
        try:
            return case_of(drawn(np.random.default_rng([seed, attempt])), seed=seed)
        except TooLarge:
            continue
    raise AssertionError


def report(verdict: Verdict) -> str:
    """What is wrong, and the file."""
    lines = [f"--- seed {verdict.case.seed}: S_chi = {verdict.case.S_chi:.10g}, own error {verdict.own_error:.2g}"]
    lines += [f"    {verdict.words}"] if verdict.words else []
    lines += [
        f"    modes = {each.modes}: [{each.found.lower:.10g}, {each.found.upper:.10g}], outside by {each.outside:.3g}, {each.found.how}"
        for each in verdict.looked
    ]
    return "\n".join(lines) + "\n" + verdict.case.text


def table(verdicts: list[Verdict]) -> str:
    """Quantiles of the widths and seconds for each number of modes, the ways, how close the value came, what the models had."""
    levels = (0.1, 0.5, 0.9, 1.0)
    heads = "".join(f"{f'{int(100 * q)} %':>10}" for q in levels)
    lines = [f"{'modes':<12}{'':<16}{heads}"]
    every: dict[int | None, list[Looked]] = {}
    for verdict in verdicts:
        for looked in verdict.looked:
            every.setdefault(looked.modes, []).append(looked)
    for modes, found in every.items():
        rows = {
            "half width": [each.found.half for each in found],
            "seconds": [each.seconds for each in found],
            "outside by": [each.outside for each in found],
        }
        for name, values in rows.items():
            numbers = "".join(f"{np.quantile(values, q):>10.2g}" for q in levels)
            lines.append(f"{'as pay' if modes is None else modes!s:<12}{name:<16}{numbers}")
        for side in (0, 1):
            ways = collections.Counter(each.found.how[side] for each in found)
            lines.append(
                f"{'':<12}{('lower', 'upper')[side]}: " + ", ".join(f"{n} {way}" for way, n in ways.most_common())
            )
    kinds = collections.Counter(kind for verdict in verdicts for kind in verdict.case.kinds)
    lines.append(", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    seeds = [verdict.case.seed for verdict in verdicts]
    lines.append(
        f"{len(verdicts)} models, seeds {min(seeds)} to {max(seeds)}: {sum(verdict.bad for verdict in verdicts)} outside or crashed; "
        f"state's own error at most {max(verdict.own_error for verdict in verdicts):.2g}"
    )
    return "\n".join(lines)


def main() -> int:
    """The campaign; 1 where a value is outside of its bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--seconds", type=float, default=math.inf, help="no further seed after these")
    parser.add_argument("--keep", type=Path, help="folder for the files of the seeds that fail")
    asked = parser.parse_args()
    begun, seen = time.perf_counter(), list[Verdict]()
    for seed in range(asked.first, asked.first + asked.models):
        if time.perf_counter() - begun > asked.seconds:
            break
        verdict = look_at(case_of_seed(seed))
        seen.append(verdict)
        if verdict.bad:
            print(report(verdict), flush=True)
            if asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                (asked.keep / f"seed-{seed}.toml").write_text(verdict.case.text)
        if len(seen) % 20 == 0:
            print(f"{len(seen)} models, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    print(table(seen))
    return 1 if any(verdict.bad for verdict in seen) else 0


if __name__ == "__main__":
    sys.exit(main())
