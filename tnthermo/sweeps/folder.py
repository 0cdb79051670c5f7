"""The folder of a sweep.

    DIR/sweep.json            the axes, and the run of each point
    DIR/configs/RUN.toml      the resolved configuration of each run
    DIR/points/RUN/           the run's folder, as `tnthermo run` leaves it (without figures)
    DIR/log/RUN.json, .log    its last attempt: who, where, how it ended; and what it said. The log is locked while the run goes on
    DIR/table.nc              what `tnthermo collect` makes of it

Every file is replaced as a whole. What is done is judged by the runs' folders, not by what was noted about them.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.written import toml_value
from tnthermo.errors import StorageError
from tnthermo.machine.atomic_files import prepare_folder, refuse_links, write_text
from tnthermo.machine.versions import installed_version
from tnthermo.sweeps.axes import short_names
from tnthermo.sweeps.points import Sweep

FORMAT = 1
MANIFEST = "sweep.json"
RUN = re.compile(r"[0-9a-f]{16}")
ATTEMPTS, BLINK = 10, 0.05  # to lock a log, and seconds between them


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A sweep as its folder remembers it.

    mode, axes  as in `tnthermo.sweeps.axes.Axes`
    shape       points along each dimension
    runs        the run of each point
    costs       estimated seconds of each run, by its id, in the order in which they are taken on
    purpose     what the sweep is for, where it is no sweep of a file
    """

    mode: str
    axes: Mapping[str, Sequence[Any]]
    shape: tuple[int, ...]
    runs: tuple[str, ...]
    costs: Mapping[str, float]
    memory: Mapping[str, float]
    seconds: Mapping[str, float]
    purpose: str = ""

    def label(self, run: str, *, short: bool = False) -> str:
        """``spectral_density.alpha = 0.1, bath.temperature = 0.2`` of the first point that is this run; ``short``: alpha, temperature."""
        names = short_names(self.axes) if short else {key: key for key in self.axes}
        number = self.runs.index(run)
        places: list[int] = []
        for length in reversed(self.shape):
            number, place = divmod(number, length)
            places.insert(0, place)
        each = places if self.mode == "product" else places * len(self.axes)
        return ", ".join(
            f"{names[key]} = {toml_value(values[at])}"
            for (key, values), at in zip(self.axes.items(), each, strict=True)
        )


@dataclass(frozen=True)
class SweepFolder:
    """Where things are in the folder of a sweep."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / MANIFEST

    def config(self, run: str) -> Path:
        return self.root / "configs" / f"{run}.toml"

    def point(self, run: str) -> Path:
        return self.root / "points" / run

    def record(self, run: str) -> Path:
        return self.root / "log" / f"{run}.json"

    def log(self, run: str) -> Path:
        return self.root / "log" / f"{run}.log"

    @property
    def jobs(self) -> Path:
        """What was handed to Slurm."""
        return self.root / "log" / "jobs.json"


def save_sweep(folder: SweepFolder, sweep: Sweep, *, purpose: str = "") -> Manifest:
    """Make the folder, or add points to it. Raises StorageError, and InvalidInput where it holds another sweep.

    purpose  what the sweep is for, where that is no sweep of a file: one of the same purpose may then have other points, and the runs of
             both stay
    """
    if folder.root.exists() and not folder.root.is_dir():
        raise InvalidInput([Problem(key="--out", value=str(folder.root), allowed="must be a folder, found a file")])
    if folder.manifest.exists():
        old = load_manifest(folder)
        missing = set(old.runs) - set(sweep.runs)
        if missing and not (purpose and old.purpose == purpose):
            lost = f"{len(missing)} of whose {len(set(old.runs))} runs are not in this one"
            allowed = f"must be a new folder; this one holds another sweep, {lost}"
            raise InvalidInput(
                [
                    Problem(
                        key="--out",
                        value=str(folder.root),
                        allowed=allowed,
                        hint="more points may be added; another --out keeps both",
                    )
                ]
            )
    parts = [folder.root / name for name in ("configs", "points", "log")]
    refuse_links(folder.root, *parts)
    for part in (folder.root, *parts):
        prepare_folder(part)
    for one in sweep.planned:
        path = folder.config(one.run)
        if not path.exists() or path.read_text(encoding="utf-8") != one.text:
            write_text(path, one.text)
    axes = sweep.axes
    content = {
        "format": FORMAT,
        "written_by": f"tnthermo {installed_version('tnthermo')}",
        "mode": axes.mode,
        "axes": dict(axes.values),
        "runs": list(sweep.runs),
        "planned": {
            one.run: {"cost": one.cost, "seconds": one.seconds[1], "memory": one.memory[1]} for one in sweep.planned
        },
        **({"purpose": purpose} if purpose else {}),
    }
    write_text(folder.manifest, json.dumps(content, indent=1) + "\n")
    return load_manifest(folder)


def load_manifest(folder: SweepFolder) -> Manifest:
    """Read DIR/sweep.json. Raises InvalidInput where there is none, StorageError when it is damaged, or of a newer format."""
    path = folder.manifest.absolute()
    if not path.exists():
        allowed = f"must be the folder of a sweep, with a file {MANIFEST}"
        raise InvalidInput([Problem(key="DIR", value=str(folder.root), allowed=allowed)])
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise StorageError(
                f"{path}: format {content['format']} by {content['written_by']}; this version reads format {FORMAT}"
            )
        runs, planned, axes = tuple(content["runs"]), content["planned"], content["axes"]
        if not all(isinstance(run, str) and RUN.fullmatch(run) for run in [*runs, *planned]) or set(runs) != set(
            planned
        ):
            raise ValueError("run ids that are none")
        lengths = [len(values) for values in axes.values()]
        shape = tuple(lengths if content["mode"] == "product" else lengths[:1])
        if not shape or math.prod(shape) != len(runs) or (content["mode"] != "product" and len(set(lengths)) > 1):
            raise ValueError(f"{len(runs)} runs for axes of {lengths} values")
        found = {
            name: {run: float(one[name]) for run, one in planned.items()} for name in ("cost", "seconds", "memory")
        }
        return Manifest(
            mode=str(content["mode"]), axes=axes, shape=shape, runs=runs,
            costs=found["cost"], memory=found["memory"], seconds=found["seconds"], purpose=str(content.get("purpose", "")),
        )  # fmt: skip
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{path}: no folder of a sweep ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path} is damaged: {error}") from error


def read_json(path: Path) -> Any:
    """What a small JSON file of ours holds; None where there is none or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_record(folder: SweepFolder, run: str, **entries: Any) -> None:
    """Note how the last attempt of a run stands. Raises StorageError."""
    write_text(folder.record(run), json.dumps({"written": time.time(), **entries}) + "\n")


def read_record(folder: SweepFolder, run: str) -> dict[str, Any]:
    """The last attempt of a run; empty where there was none."""
    found = read_json(folder.record(run))
    return found if isinstance(found, dict) else {}


class Taken(RuntimeError):
    """Another process is at this run."""


@contextmanager
def claimed(path: Path) -> Iterator[IO[str]]:
    """The log of a run, open to be added to and locked: only one process has it. The lock goes with the process, however that ends.

    Raises `Taken`. Where a file system has no locks the run is taken on without one.
    """
    with open(path, "a", encoding="utf-8", opener=_no_link) as log:
        for attempt in range(ATTEMPTS):  # whoever looks (`is_claimed`) has it for a moment
            try:
                fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if attempt == ATTEMPTS - 1:
                    raise Taken from error
                time.sleep(BLINK)
            except OSError:
                break
        yield log


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def is_claimed(path: Path) -> bool:
    """Whether some process holds the lock of this log."""
    try:
        with path.open("r", encoding="utf-8") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
