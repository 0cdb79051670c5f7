"""Damaged input of every kind, counted: never a traceback, never a hang, and what is accepted is what was written.

    python scripts/bench/fuzz.py [--inputs 10000] [--commands 100] [--seed 1] [--keep FOLDER]

--inputs    in this process: configurations, tabulated densities, checkpoints and sweeps, in turn
--commands  through the command line, a process each
--keep      where the first input that fails is saved, with the seed that made it

A line for each kind of input and each outcome. The first failure ends it with exit code 1. Input number n of a seed is always the same.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import importlib
import json
import math
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chains
from chains import InvalidInput
from tnthermo import errors
from tnthermo.accuracy.evolve import evolve
from tnthermo.configuration.resolve import Resolved, load_config, resolve, resolve_file
from tnthermo.configuration.written import flat
from tnthermo.errors import Stopped
from tnthermo.evolution.progress import Progress
from tnthermo.machine.signals import Stop
from tnthermo.results import checkpoint_file
from tnthermo.results.checkpoints import Checkpoints, Identity
from tnthermo.studies import study
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.folder import RUN, SweepFolder, load_manifest, save_sweep
from tnthermo.sweeps.points import sweep_points
from tnthermo.sweeps.workers import KERNELS
from tnthermo.types import Snapshot

ROOT = Path(__file__).parents[2]
SECONDS = 60.0  # for one input
COMMAND_SECONDS = 60.0  # for one command; a run that is still at work is asked to stop then
ADDRESSES = 12 * 2**30  # bytes a command may map
EXIT_CODES = (0, 2, 3, 4, 75)

SMALL = """[spectral_density]
kind = "discrete"
frequencies = [1.0, 1.5]
couplings = [0.4, 0.2]
[bath]
temperature = 0.5
levels = 6
[system]
hamiltonian = { x = 0.5 }
initial = "+z"
[coupling]
operator = { z = 0.5 }
[evolution]
method = "exact"
tolerance = 1e-4
until = 0.4
step = 0.1
record_every = 0.2
"""
OHMIC = """[spectral_density]
kind = "power-law"
alpha = 0.3
exponent = 1.0
cutoff = 1.0
shape = "hard"
[bath]
temperature = 0.2
modes = 12
allow_reflection = true
[system]
hamiltonian = [[0.1, "0.2-0.1j"], ["0.2+0.1j", -0.1]]
initial = [1.0, 0.0]
[coupling]
operator = "sigma_minus"
kind = "exchange"
[drive]
"hamiltonian.x" = { shape = "ramp", duration = 1.5, final = 0.2 }
coupling = { shape = "pulse", centre = 1.0, width = 1.5, height = 0.1 }
[evolution]
until = 2.0
step = 0.25
max_bond = 16
[thermodynamics]
alpha_S = 0.25
[record]
observables = { sx = { x = 1.0 }, n = { boson = "number", site = 2 } }
two_time = { zz = ["z", "z"] }
[run]
strict = false
checkpoint_every = 10.0
"""
TWO_BATHS = Path(__file__).parents[2] / "tests" / "support" / "two_baths.toml"
EXACT = """[evolution]
method = "exact"
until = 0.4
step = 0.1
"""
BATHS = TWO_BATHS.read_text(encoding="utf-8").replace("levels = 5", "levels = 3") + EXACT
TABULATED = """[spectral_density]
kind = "table"
file = "J.csv"
[bath]
temperature = 0.2
modes = 3
allow_reflection = true
[system]
hamiltonian = { x = 0.5 }
[coupling]
operator = { z = 0.5 }
[evolution]
until = 1.0
step = 0.25
"""
TABLE = "w J\n" + "".join(f"{0.1 * i:.1f} {0.1 * i * (1 - 0.1 * i):.3f}\n" for i in range(11))
SWEEP = """[sweep]
mode = "product"
"bath.temperature" = [0.5, 0.25]
"evolution.until" = [0.2, 0.4]
"""
VALUES = [
    "0", "-1", "1", "2", "2.5", "1e-300", "1e300", "1e400", "-0.0", "inf", "-inf", "nan", "true", "false", "[]", "{}", '""', '"auto"',
    '"0.1"', '"1,5"', "0,2", '"300 K"', '"1j"', "1979-05-27", "[[1, 2], [3]]", "[[0, 1], [2, 0]]", "[1, 1]", "{ x = [1] }", "{ w = 1.0 }",
    '"never"', '"mean-force"', '"+q"', "[1, -2]", "[0.1, nan]", "10000000000000000000000", "1" + 400 * "0", "'''a\nb'''", '"\\u0000"',
    '"{0.__class__}"', '"%s%n"', '"__import__(\'os\')"', '"../../x"', '"é"', "[" * 40 + "]" * 40, '{ shape = "ramp", duration = 1.0 }',
]  # fmt: skip


class Hang(BaseException):
    """An input took longer than `SECONDS`."""


class Wrong(AssertionError):
    """Something was accepted that is not what was written."""


# --- damage -----------------------------------------------------------------------------------------------------------------------


def damaged(text: str, rng: random.Random) -> bytes:
    """The text with one to three things wrong with it, most of them on a line."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        at = rng.randrange(len(lines))
        key, equals, value = lines[at].partition("=")
        kind = rng.choice((0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 7, 8))
        if kind <= 2 and equals:
            lines[at] = f"{key}= {rng.choice(VALUES)}"
        elif kind == 3:
            lines[at] = re.sub(r"-?\d+(\.\d+)?", lambda found: _number(found[0], rng), lines[at])
        elif kind == 4 and equals:
            lines[at] = f"{_misspelt(key, rng)}={value}"
        elif kind == 5:
            del lines[at]
            lines = lines or [""]
        elif kind == 6:
            lines.insert(rng.randrange(len(lines) + 1), lines[at])
        elif kind == 7:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] = _misspelt(lines[at], rng)
    data = bytearray("\n".join(lines).encode())
    if rng.random() < 0.07:
        data = data[: rng.randrange(len(data) + 1)]
    if rng.random() < 0.07:
        at = rng.randrange(len(data) + 1)
        data[at:at] = rng.randbytes(rng.randrange(1, 6))
    return bytes(data)


def _number(text: str, rng: random.Random) -> str:
    value = float(text)
    if rng.random() < 0.3:
        return rng.choice(("nan", "inf", "-inf", "-" + text.lstrip("-"), "0", "1e308", "5e-324"))
    return repr(value * rng.choice((-1, 0.5, 1.1, 1e3, 1e-6, 1e9)))


def _misspelt(text: str, rng: random.Random) -> str:
    if not text:
        return text
    at = rng.randrange(len(text))
    return rng.choice((text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:], text[:at] + "x" + text[at + 1 :]))


def torn(data: bytes, rng: random.Random) -> bytes:
    """The bytes of a file after a flipped bit, a cut, a gap, a piece twice, zeros, or something else's content."""
    found = bytearray(data)
    at, length = rng.randrange(len(data)), rng.randrange(1, 600)
    match rng.randrange(7):
        case 0:
            found[at] ^= 1 << rng.randrange(8)
        case 1:
            del found[at:]
        case 2:
            del found[at : at + length]
        case 3:
            found[at:at] = found[at : at + length]
        case 4:
            found[at : at + length] = bytes(len(found[at : at + length]))
        case 5:
            found[at : at + length] = rng.randbytes(len(found[at : at + length]))
        case _:
            found += rng.randbytes(length)
    return bytes(found)


def forged(data: bytes, rng: random.Random) -> bytes:
    """A checkpoint whose header was edited, with a SHA-256 that fits: what no disk does, but a program of another version may."""
    start = len(checkpoint_file.MAGIC) + checkpoint_file.HASH
    (length,) = checkpoint_file.LENGTH.unpack_from(data, start)
    start += checkpoint_file.LENGTH.size
    header = json.loads(data[start : start + length])
    for _ in range(rng.choice((1, 1, 2))):
        place: Any = header
        while True:
            name = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if isinstance(place[name], dict | list) and place[name] and rng.random() < 0.7:
                place = place[name]
                continue
            break
        if rng.random() < 0.4:
            del place[name]
        else:
            place[name] = rng.choice(
                [None, True, -1, 1e308, "x", [], {}, {"array": 3}, {"array": ["|O8", [1], 0]}, [1], 2**70]
            )
        if not header:
            break
    text = json.dumps(header).encode()
    body = checkpoint_file.LENGTH.pack(len(text)) + text + data[start + length :]
    return checkpoint_file.MAGIC + hashlib.sha256(body).digest() + body


# --- what may come of it ----------------------------------------------------------------------------------------------------------


def as_written(path: Path, resolved: Resolved) -> None:
    """`Wrong` unless every key of an accepted file is in the resolved values as it stands, all of them finite, and they are a run."""
    raw, found = flat(tomllib.loads(path.read_text(encoding="utf-8"))), flat(resolved.values)
    for key, value in found.items():
        if any(isinstance(one, float) and not math.isfinite(one) for one in _plain(value)):
            raise Wrong(f"{key} resolved to {value}")
    for key, value in raw.items():
        inner = re.sub(r"^bath(\[0\])?\.(spectral_density|coupling)\.", r"\2.", key)
        names = {key, inner, re.sub(r"^bath\[0\]\.", "bath.", inner)}
        here = [found[name] for name in names if name in found]
        if value == "auto" or key.endswith(".file") or key.startswith(("drive.", "laws.")) or value == {}:
            continue
        if not here:
            raise Wrong(f"{key} = {value!r} is nowhere in what it resolved to")
        if key.endswith(".route"):  # the two chains of a cold bath are one, and it is said
            continue
        if here[0] != value or isinstance(here[0], bool) != isinstance(value, bool):
            raise Wrong(f"{key} = {value!r} resolved to {here[0]!r}")
    again = path.with_name("again.toml")
    again.write_text(resolved.text, encoding="utf-8")
    if resolve(load_config(again)).hash != resolved.hash:
        raise Wrong("the resolved text is another run")


def _plain(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _plain(entry)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _plain(entry)
    else:
        yield value


def table_as_written(text: str, found: chains.Table) -> None:
    """Raises `Wrong` unless the table has the numbers of the file, by another reading of it."""
    rows = [line.split("#")[0].replace(",", " ").split() for line in text.splitlines()]
    numbers = []
    for row in (row for row in rows if row):
        with contextlib.suppress(ValueError):
            numbers.append(tuple(float(entry) for entry in row))
    if numbers != list(zip(found.frequencies.tolist(), found.values.tolist(), strict=True)):  # type: ignore[union-attr]
        raise Wrong("the table is not what the file says")


class Taken:
    """A keeper that has what was taken up, and keeps nothing."""

    def __init__(self, saved: Snapshot | None) -> None:
        self.saved = saved

    def load(self, stage: str) -> Snapshot | None:
        return self.saved

    def look(self) -> None:
        pass

    def after_step(self, stage: str, t: float, snapshot: Callable[[], Snapshot], *, last: bool) -> None:
        pass


class Campaign:
    """Makes inputs and looks at what becomes of them, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "J.csv").write_text(TABLE)
        self.checkpoint, self.keeper = self._stopped()

    def _stopped(self) -> tuple[bytes, Callable[[], Checkpoints]]:
        """The checkpoint of a run that was stopped, and what reads it."""
        config, out, stop = self.folder / "kept.toml", self.folder / "kept", Stop()
        config.write_text(SMALL)

        def look(progress: Progress) -> None:
            if progress.steps == 2:
                stop.request("fuzz")

        with contextlib.suppress(Stopped):
            study.run_config(config, out, stop=stop, progress=look)
        resolved = resolve_file(config)
        identity = Identity(hash=resolved.hash, text=resolved.text)
        self.run = resolved
        return (
            (out / "checkpoint" / "run.ckpt").read_bytes(),
            lambda: Checkpoints(folder=out, identity=identity, fits=study.fits(resolved)),
        )

    def config(self, rng: random.Random) -> tuple[bytes, Callable[[Path], str]]:
        """A configuration of one run."""

        def judge(path: Path) -> str:
            resolved = resolve(load_config(path))
            as_written(path, resolved)
            return "accepted"

        return damaged(rng.choice((SMALL, OHMIC, BATHS)), rng), judge

    def table(self, rng: random.Random) -> tuple[bytes, Callable[[Path], str]]:
        """A tabulated density, as the file of a configuration."""

        def judge(path: Path) -> str:
            config = path.with_name("tabulated.toml")
            config.write_text(TABULATED.replace("J.csv", path.name))
            resolved = resolve(load_config(config))
            density = resolved.model.couplings[0].density
            assert isinstance(density, chains.Table)
            table_as_written(path.read_text(encoding="utf-8"), density)
            return "accepted"

        return damaged(TABLE, rng), judge

    def kept(self, rng: random.Random) -> tuple[bytes, Callable[[Path], str]]:
        """A checkpoint, torn or forged, in the place of the newest; there is no other one. From one that is taken up the run goes on."""
        torn_one = rng.random() < 0.7
        data = torn(self.checkpoint, rng) if torn_one else forged(self.checkpoint, rng)

        def judge(path: Path) -> str:
            keeper = self.keeper()
            keeper.path("run").write_bytes(data)
            found = keeper.load("run")
            if torn_one and data != self.checkpoint:
                raise Wrong("a checkpoint that is not as it was written was taken up")
            evolve(self.run.model, **{**self.run.evolve_keywords(), "error_bars": False}, keeper=Taken(found))
            return "accepted"

        return data, judge

    def sweep(self, rng: random.Random) -> tuple[bytes, Callable[[Path], str]]:
        """A configuration with a damaged section [sweep], or the folder's list of runs damaged."""
        if rng.random() < 0.3:
            return self._manifest(rng)

        def judge(path: Path) -> str:
            axes = read_axes(path)
            found = sweep_points(axes)
            if len(found.runs) != axes.count or not all(RUN.fullmatch(run) for run in found.runs):
                raise Wrong("points without a run")
            for number in range(axes.count):
                tables = flat(axes.tables(number))
                for key, value in axes.settings(number).items():
                    if tables.get(key, value) != value:
                        raise Wrong(f"{key} of point {number} is {tables[key]!r}")
            return "accepted"

        return SMALL.encode() + damaged(SWEEP, rng), judge

    def _manifest(self, rng: random.Random) -> tuple[bytes, Callable[[Path], str]]:
        place = SweepFolder(self.folder / "swept")
        if not (self.folder / "sweep.json").exists():
            config = self.folder / "swept.toml"
            config.write_text(SMALL + SWEEP)
            save_sweep(place, sweep_points(read_axes(config)))
            place.manifest.replace(self.folder / "sweep.json")
        data = damaged((self.folder / "sweep.json").read_text().replace(":", "="), rng).replace(b"=", b":")

        def judge(path: Path) -> str:
            place.manifest.write_bytes(data)
            manifest = load_manifest(place)
            for run in manifest.runs:
                manifest.label(run)
            return "accepted"

        return data, judge

    def kinds(self) -> list[Callable[[random.Random], tuple[bytes, Callable[[Path], str]]]]:
        return [self.config, self.table, self.kept, self.sweep]

    def one(self, seed: int, number: int) -> tuple[str, str, bytes]:
        """(kind, outcome, input). Raises whatever should not have come out, and `Hang`."""
        rng = random.Random(f"{seed} {number}")
        make = self.kinds()[number % 4]
        data, judge = make(rng)
        path = self.folder / "input.toml"
        path.write_bytes(data)
        try:
            with limited(SECONDS), warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                outcome = judge(path)
        except InvalidInput as error:
            if not error.problems or not all(
                problem.key and problem.allowed and str(problem) for problem in error.problems
            ):
                raise Wrong("refused without a reason") from error
            outcome = "refused"
        except errors.StorageError:
            outcome = "refused, storage"
        except BaseException as error:
            error.add_note(f"seed {seed}, input {number}, {make.__name__}")
            error.data = data  # type: ignore[attr-defined]
            raise
        return make.__name__, outcome, data

    def command(self, seed: int, number: int) -> tuple[str, str, bytes]:
        """The same through the program, in a process of its own: (command, exit code, input). Raises `Wrong` and `Hang`."""
        importlib.import_module(KERNELS)  # once, and not in the minute that a command has
        rng = random.Random(f"{seed} command {number}")
        path, out = self.folder / "input.toml", self.folder / f"out{number}"
        kind = ("check", "plan", "run", "run", "sweep")[number % 5]
        data = damaged(SMALL + SWEEP if kind == "sweep" else rng.choice((SMALL, BATHS)), rng)
        path.write_bytes(data)
        more = [] if kind == "check" else ["--out", str(out)]
        command = [sys.executable, "-m", "tnthermo.terminal.cli", kind, str(path), *more]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", cwd=self.folder, preexec_fn=_limit_memory,
        ) as process:  # fmt: skip
            try:
                text, asked = process.communicate(timeout=COMMAND_SECONDS)[0], False
            except subprocess.TimeoutExpired:
                process.terminate()
                try:
                    text, asked = process.communicate(timeout=COMMAND_SECONDS)[0], True
                except subprocess.TimeoutExpired:
                    process.kill()
                    text, asked = process.communicate()[0], True
        error: BaseException | None = None
        if "Traceback" in text or process.returncode not in EXIT_CODES:
            error = Wrong(f"{kind}: exit code {process.returncode}: {text[-2000:]}")
        elif asked and process.returncode != 75:
            error = Hang(f"{kind} did not stop when it was asked to")
        if error is not None:
            error.add_note(f"seed {seed}, command {number}")
            error.data = data  # type: ignore[attr-defined]
            raise error
        return kind, f"exit {process.returncode}" + (" when asked to stop" if asked else ""), data


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises `Hang` in the block after so many seconds."""

    def over(number: int, frame: Any) -> None:
        raise Hang(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main() -> int:
    """The campaign; 1 at the first failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--commands", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="number of the first input")
    parser.add_argument("--keep", type=Path, default=Path("."))
    asked = parser.parse_args()
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    slowest, started = (0.0, 0, ""), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder))
        work = [(campaign.one, n) for n in range(asked.start, asked.start + asked.inputs)]
        work += [(campaign.command, n) for n in range(asked.commands)]
        for call, number in work:
            begun = time.perf_counter()
            try:
                kind, outcome, _ = call(asked.seed, number)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                place = asked.keep / f"fuzz-{asked.seed}-{number}.input"
                place.write_bytes(getattr(error, "data", b""))
                traceback.print_exc()
                print(f"failed: {call.__name__} {number} of seed {asked.seed}; input saved as {place}")
                return 1
            counts[(call.__name__ + " " + kind, outcome)] += 1
            slowest = max(slowest, (time.perf_counter() - begun, number, kind))
    for (kind, outcome), count in sorted(counts.items()):
        print(f"{kind:<20}{outcome:<24}{count:>7}")
    print(f"seed {asked.seed}: {sum(counts.values())} inputs in {time.perf_counter() - started:.0f} s, no failure")
    print(f"slowest: {slowest[0]:.1f} s, {slowest[2]} {slowest[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
