"""The checkpoints of a run in its folder: when to save, what to take up again, what to refuse.

DIR/checkpoint/ has one file for each stage of a run (the run, its rougher companion) and the one before it, NAME.previous. A file has
everything: the engine's state, all rows so far, the flags. The last one of a stage stays, so that a longer run can go on from it.
"""

from __future__ import annotations

import math
import platform
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.written import MAY_CHANGE, differences
from tnthermo.errors import Damaged, RunFailed, Stopped, StorageError, Unreadable
from tnthermo.kernels.compiling import CompileClock
from tnthermo.machine.atomic_files import (
    FIRST_PAUSE,
    PATIENCE,
    patiently,
    prepare_folder,
    remove_temporaries,
    write_pieces,
)
from tnthermo.machine.signals import Stop
from tnthermo.results.checkpoint_file import of_a_run, pack, unpack
from tnthermo.types import Snapshot, Tree

FOLDER = "checkpoint"
SUFFIX, PREVIOUS = ".ckpt", ".previous.ckpt"
USUAL = 60.0  # seconds between two saves, unless the user says how many,
PART = 0.01  # or longer, so that saving is at most this part of a run
AFRESH = "--overwrite starts afresh (what is there is lost); another --out keeps it"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which run it is.

    hash  of what decides the numbers (`tnthermo.configuration.written.fingerprint`)
    text  the resolved configuration, TOML
    """

    hash: str
    text: str

    @property
    def values(self) -> dict[str, Any]:
        return tomllib.loads(self.text)


@dataclass(kw_only=True, eq=False)
class Checkpoints:
    """Keeps a run's state in ``folder``/checkpoint: a `tnthermo.evolution.driver.Keeper`.

    every        seconds between saves; None: `USUAL`, or more where saving would take more than `PART` of the time
    patience     seconds for which a full disk is waited for
    fits         raises `Damaged` where a run cannot go on from a state, see `tnthermo.results.snapshots.check_snapshot`; default: never
    stop         asked after every step
    memory_full  says in words when memory is about to run out, else ""
    say          receives lines for the user
    notes        what the result should say about being resumed
    """

    folder: Path
    identity: Identity
    every: float | None = None
    patience: float = PATIENCE
    first_pause: float = FIRST_PAUSE
    fits: Callable[[Snapshot], None] = lambda saved: None
    stop: Stop = field(default_factory=Stop)
    memory_full: Callable[[], str] = lambda: ""
    say: Callable[[str], None] = lambda text: None
    notes: list[str] = field(default_factory=list)
    saves: int = 0
    saving_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.place = self.folder / FOLDER
        self.saved_at = time.monotonic()
        self.last_cost = 0.0
        self.steps = 0
        self.found: dict[str, Tree] = {}

    # --- what is there ---

    def path(self, stage: str, suffix: str = SUFFIX) -> Path:
        """Of the newest checkpoint of a stage, or with ``suffix`` PREVIOUS of the one before."""
        return self.place / f"{stage.replace(' ', '_')}{suffix}"

    def any(self) -> bool:
        """Whether there is a checkpoint, good or bad."""
        return any(self.place.glob(f"*{SUFFIX}"))

    def look_up(self, stage: str) -> None:
        """Read what is kept of a stage, and refuse what does not belong to this run, without using it yet.

        Raises `chains.InvalidInput` for another run's, for a newer format, and where none can be read.
        """
        paths = [path for path in (self.path(stage), self.path(stage, PREVIOUS)) if path.exists()]
        if stage == "run" and not paths and self.any():
            raise refused(
                self.place,
                f"must hold the checkpoint {self.path(stage).name}, without which the others say nothing",
                AFRESH,
            )
        if stage in self.found or not paths:
            return
        bad = []
        for path in paths:
            try:
                tree = of_a_run(unpack(path.read_bytes()))
                kept = tomllib.loads(tree["config"])
                self._refuse_others(path, tree["hash"], kept)
                self.fits(tree["state"])
            except Unreadable as error:
                raise refused(path, f"must be one that this version reads: {error}", "use the newer version") from None
            except (Damaged, OSError) as error:
                bad.append(f"{path.name}: {error}")
                continue
            if path != paths[0]:
                self.say(f"damaged checkpoint in {self.place}: {'; '.join(bad)}")
                self.say(f"using the previous checkpoint, {path.name}")
            self._note_about(tree, kept)
            self.found[stage] = tree
            return
        raise refused(
            self.place, f"must hold a checkpoint that can be read; what is there is damaged: {'; '.join(bad)}", AFRESH
        )

    def _refuse_others(self, path: Path, of: str, old: Any) -> None:
        """Raises `chains.InvalidInput` unless a checkpoint with hash ``of`` and configuration ``old`` is this run's."""
        if of != self.identity.hash:
            changed = differences(old, self.identity.values)
            kept = [line for line in changed if not line.startswith(tuple(f"{key}: " for key in MAY_CHANGE))]
            what = "; ".join(kept) or "the contents of a file it reads, or the version's meaning of a key"
            raise refused(path, f"must be a checkpoint of this run; it belongs to another ({what})", AFRESH)
        before, now = self._bonds(old)
        if now < before:
            allowed = "none" if before == math.inf else f"at least {before}"
            raise InvalidInput(
                [
                    Problem(
                        key="evolution.max_bond", value=now, allowed=f"{allowed}, that of the checkpoint", hint=AFRESH
                    )
                ]
            )

    def _bonds(self, old: Any) -> tuple[float, float]:
        """The bond caps of an older configuration and of this run, inf for none."""
        before, now = (values.get("evolution", {}).get("max_bond", math.inf) for values in (old, self.identity.values))
        return before, now

    def _note_about(self, tree: Tree, old: Any) -> None:
        """What the result should say about going on from a checkpoint with that configuration."""
        before, now = self._bonds(old)
        self.notes += [note for note in tree["notes"] if note not in self.notes]
        if now > before:
            self._note(f"evolution.max_bond was {before} until t = {tree['time']:g}")
        differ = [
            f"{name} {was} -> {self.versions.get(name, '?')}"
            for name, was in tree["versions"].items()
            if was != self.versions.get(name)
        ]
        if differ:
            self._note(
                f"resumed at t = {tree['time']:g} with other versions ({', '.join(differ)}): not the same to the last bit"
            )

        if tree["compiled"]:
            # seen: kernels loaded from the cache round otherwise, in the last bit, than in the process that compiled them
            self._note("resumed from a process that compiled its kernels first: not the same to the last bit")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            self.say(f"warning: {text}")

    @property
    def versions(self) -> Mapping[str, str]:
        """What the bits of a result may depend on."""
        return versions()

    # --- tnthermo.run.Keeper ---

    def load(self, stage: str) -> Snapshot | None:
        """What is kept of a stage. Raises as `look_up` does."""
        self.look_up(stage)
        self.saved_at, self.steps = time.monotonic(), 0
        tree = self.found.pop(stage, None)
        if tree is None:
            return None
        self.say(f"{stage}: going on from t = {tree['time']:g}")
        state: Snapshot = tree["state"]
        return state

    def look(self) -> None:
        """Raises `Stopped` where that was asked for."""
        if self.stop.reason:
            raise Stopped(f"stopped ({self.stop.reason})")

    def after_step(self, stage: str, t: float, snapshot: Callable[[], Snapshot], *, last: bool) -> None:
        """Save where it is time to. Raises `Stopped` after saving where that was asked for or memory runs out, and StorageError."""
        self.steps += 1
        full = self.memory_full()
        if full:
            self.stop.request(full)
        asked = self.stop.reason
        if asked or last or self.due():
            self.save(stage, t, snapshot)
        if full and self.steps == 1:
            # going on from here would end here again
            raise RunFailed(f"{full} right at t = {t:g}: it takes more memory, or a smaller problem")
        if asked:
            raise Stopped(f"stopped ({asked}) with a checkpoint at t = {t:g} of the {stage}")

    def due(self) -> bool:
        """Whether it is time to save."""
        wait = max(USUAL, self.last_cost / PART) if self.every is None else self.every
        return time.monotonic() - self.saved_at >= wait

    def save(self, stage: str, t: float, snapshot: Callable[[], Snapshot]) -> None:
        """Write it now; on a full disk wait, see `atomic_files.patiently`. Raises StorageError, the last good one being kept."""
        started = time.monotonic()
        header = {
            "written_by": f"tnthermo {self.versions['tnthermo']}", "versions": self.versions, "hash": self.identity.hash,
            "config": self.identity.text, "stage": stage, "time": t, "notes": self.notes, "compiled": CompileClock.process > 0,
        }  # fmt: skip
        pieces = pack(header, snapshot())
        path, keep = self.path(stage), self.path(stage, PREVIOUS)

        def write() -> None:
            prepare_folder(self.place)
            write_pieces(path, pieces, keep=keep)

        try:
            patiently(
                write,
                patience=self.patience,
                say=self.say,
                give_up=lambda: bool(self.stop.reason),
                first_pause=self.first_pause,
            )
        except StorageError as error:
            failed = StorageError(f"{error}; the checkpoint before it is kept")
            failed.errno = error.errno
            raise failed from error
        self.saved_at = time.monotonic()
        self.last_cost = self.saved_at - started
        self.saves += 1
        self.saving_seconds += self.last_cost

    # --- the folder's holder ---

    def clean(self) -> None:
        """Remove what a killed process left half-written."""
        remove_temporaries(self.folder)
        if self.place.is_dir():
            remove_temporaries(self.place)

    def forget(self) -> None:
        """Remove all checkpoints: the run starts afresh, as it was asked to."""
        for path in self.place.glob(f"*{SUFFIX}"):
            path.unlink()

    def finish(self) -> None:
        """The result is written: of each stage the newest is kept, from which a longer run goes on."""
        for path in self.place.glob(f"*{PREVIOUS}"):
            path.unlink()


def refused(path: Path, allowed: str, hint: str) -> InvalidInput:
    """A checkpoint that is not used."""
    return InvalidInput([Problem(key="--resume", value=str(path), allowed=allowed, hint=hint)])


def versions() -> dict[str, str]:
    """Of Python, the processor and the libraries that compute."""
    found = {"python": platform.python_version(), "processor": f"{sys.platform} {platform.machine()}"}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        found["processor"] = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass  # the kind is all there is
    for name in ("tnthermo", "numpy", "scipy", "numba", "quimb"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
