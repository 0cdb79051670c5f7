"""Whether a run can go on from what a checkpoint holds. A SHA-256 says that it is as it was written, not that a run wrote it.

Compiled kernels look at no bounds, and would read a block of another shape beyond its end: every shape is looked at before the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tnthermo.algorithms import Algorithm, Kept
from tnthermo.engines.exact import MOST_PIECES
from tnthermo.errors import Damaged
from tnthermo.model.model import Model
from tnthermo.network.automaton import automaton
from tnthermo.record.raw_columns import RAW_COLUMNS, REPORT, RawColumn, When
from tnthermo.types import Snapshot

SAME_TIME = 1e-9  # of the time: steps that were added up one by one
SAME_NORM = 1e-6  # of the norm, which is measured and saved beside the state
LARGEST = 1e100  # that a sum or a norm may be: its square has a double
REAL, WHOLE, COMPLEX = "<f8", "<i8", "<c16"
KINDS = {"real": REAL, "whole": WHOLE, "complex": COMPLEX}
ANY = -1  # a length that is not known beforehand


class Expected(NamedTuple):
    """Type and shape of the rows of a column, and whether all its numbers are finite."""

    kind: str
    shape: tuple[int, ...]
    finite: bool = True


def check_snapshot(saved: Snapshot, model: Model, algorithm: Algorithm, observables: int = 0) -> None:
    """Names, types, shapes and finite numbers of `tnthermo.evolution.course.Course.snapshot`, for a run of ``model`` by ``algorithm``.

    observables  how many the run records

    Raises `Damaged` naming the first entry that is not what the run would have written.
    """
    times = _array(saved, "times", REAL, (ANY,))
    if not times.size or times[0] != 0 or not np.all(np.diff(times) > 0):
        raise _wrong("times")
    modes = _check_columns(saved, model, times.size, observables, sites=ANY if algorithm.bins else model.sites)
    _check_engine(_tree(saved, "engine"), model, algorithm, float(times[-1]), float(saved["steps"]["norm"][-1]))
    start = _tree(saved, "start")
    _kind(start, "may_grow", bool)
    _number(start, "free_energy", finite=False)
    displaced = _entries(start, "displaced")
    sizes = [_array(displaced, j, COMPLEX, (ANY,)).size for j in range(len(displaced))]
    if sizes and (len(sizes) != len(model.couplings) or sum(sizes) != modes):
        raise _wrong("displaced")
    flags = _tree(saved, "flags")
    for entry in _entries(flags, "found"):
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(text, str) for text in entry)):
            raise _wrong("found")
    kinds = {entry[0] for entry in _entries(flags, "found")}
    for entry in _entries(flags, "since"):
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str)):
            raise _wrong("since")
        _number(entry, 1)
        kinds.discard(entry[0])
    if kinds:
        raise _wrong("since")
    known = set()
    for entry in _entries(flags, "before"):
        if not (isinstance(entry, list) and len(entry) == 2 and type(entry[0]) is int):
            raise _wrong("before")
        _number(entry, 1)
        known.add(entry[0])
    ends = {number for number, chain in enumerate(model.chains) if chain.next_hopping > 0}
    if known != (set() if algorithm.bins else ends):
        raise _wrong("before")
    for name in ("dropped", "krylov", "wall_seconds", "entropy_seconds"):
        _number(saved, name)


def _check_engine(engine: Any, model: Model, algorithm: Algorithm, t: float, norm: float) -> None:
    """The state of an engine at ``t``, of this ``norm`` (squared), as its `snapshot` gives it."""
    system, sites = model.line.system, model.line.length
    if abs(_number(engine, "time") - t) > SAME_TIME * max(t, 1.0):
        raise _wrong("time")
    if algorithm.bins:
        _check_bins(engine, model)
        return
    ancilla = _integer(engine, "ancilla", 1, model.dimension)
    _integer(engine, "dimension", model.dimension, model.dimension)
    tensors = _entries(engine, "tensors", sites)
    bonds, levels = [1], []
    for i in range(sites):
        left, d, right = _array(tensors, i, COMPLEX, (bonds[-1], ANY, ANY), where="tensors").shape
        expected = d == model.dimension * ancilla if i == system else d >= 2
        if not expected or not left or not right:
            raise _wrong(f"tensors[{i}]")
        bonds.append(right)
        levels.append(d)
    if bonds[-1] != 1:
        raise _wrong(f"tensors[{sites - 1}]")
    BESIDE[algorithm.kept](engine, model, bonds, levels, norm)


def _check_bins(engine: Any, model: Model) -> None:
    """The state of an engine of time bins: bins (l, d, r), oldest first, then the centre (D, d, m)."""
    _integer(engine, "index", 0)
    ancilla = _integer(engine, "ancilla", 1, model.dimension)
    d = _integer(engine, "dimension", model.dimension, model.dimension)
    _array(engine, "energies", REAL, (len(model.couplings),))
    _array(engine, "shaken", REAL, (ANY, 5))
    tensors = _entries(engine, "tensors")
    bond = 1
    for i in range(len(tensors) - 1):
        shape = _array(tensors, i, COMPLEX, (bond, ANY, ANY), where="tensors").shape
        if shape[1] < 2 or not shape[2]:
            raise _wrong(f"tensors[{i}]")
        bond = shape[2]
    if not tensors:
        raise _wrong("tensors")
    _array(tensors, len(tensors) - 1, COMPLEX, (bond, d, ancilla), where="tensors")


def _check_nothing(engine: Any, model: Model, bonds: list[int], levels: list[int], norm: float) -> None:
    """Nothing stands beside the tensors."""


def _check_vector(engine: Any, model: Model, bonds: list[int], levels: list[int], norm: float) -> None:
    """The whole vector of an engine without bonds."""
    _check_norm(_array(engine, "vector", COMPLEX, tuple(levels)), norm, "vector")
    _integer(engine, "pieces", 1, MOST_PIECES)


def _check_blocks(engine: Any, model: Model, bonds: list[int], levels: list[int], norm: float) -> None:
    """What compiled sweeps have at hand: the blocks on both sides of the centre, which is the system's tensor."""
    system, sites = model.line.system, model.line.length
    _check_norm(engine["tensors"][system], norm, f"tensors[{system}]")
    widths = automaton(model.terms, sites).widths
    for name, first, last in (("lefts", 0, system), ("rights", system + 1, sites)):
        blocks = _entries(engine, name, last - first + 1)
        for i in range(first, last + 1):
            shape = (int(widths[i]), bonds[i], bonds[i])
            _array(blocks, i - first, COMPLEX, shape, where=name)
    _array(engine, "top", REAL, (sites,))
    _integer(engine, "first", 0, system)
    _integer(engine, "active", system + 1, sites)
    _integer(engine, "sweeps", 0)
    _kind(engine, "started", bool)
    for name in ("missed", "log_norm"):
        _number(engine, name)


BESIDE: Mapping[Kept, Callable[[Any, Model, list[int], list[int], float], None]] = {
    "blocks": _check_blocks,
    "vector": _check_vector,
    "nothing": _check_nothing,
}


def _check_norm(centre: npt.NDArray[Any], norm: float, name: str) -> None:
    """The norm is that of the centre of orthogonality, and of a whole vector."""
    with np.errstate(over="ignore"):
        found = float(np.sum(np.abs(centre) ** 2))
    if not abs(found - norm) <= SAME_NORM * norm:
        raise _wrong(name)


def _check_columns(saved: Any, model: Model, times: int, observables: int, *, sites: int) -> int:
    """All columns of ``times`` steps and of the rows recorded among them; the number of physical modes in the rows."""
    d, baths = model.dimension, len(model.couplings)
    sizes = {
        "row": d, "column": d, "channel": len(model.channels), "bath": baths, "union_and_baths": 1 + baths, "site": sites,
        "one_site": sites, "other_site": sites, "observable": observables, "mode": ANY,
    }  # fmt: skip
    per_step = _expected(("step",), sizes) | dict.fromkeys(REPORT, Expected(REAL, ()))
    steps = _columns(saved, "steps", per_step)
    if len(steps["norm"]) != times:
        raise _wrong("steps")
    index = {"index": Expected(WHOLE, ())}
    rows = _columns(saved, "rows", index | _expected(("record", "sparse", "bath entropy"), sizes))
    _check_index(rows["index"], np.arange(times), "rows")
    if rows["index"][:1].tolist() != [0]:
        raise _wrong("rows")
    if _tree(saved, "matrices"):
        matrices = _columns(saved, "matrices", index | _expected(("correlations",), sizes))
        _check_index(matrices["index"], rows["index"], "matrices")
    return int(rows["mode_occupation"].shape[1])


def _expected(when: tuple[When, ...], sizes: Mapping[str, int]) -> dict[str, Expected]:
    """What the columns measured then are in a row of their own, by name."""

    def one(column: RawColumn) -> Expected:
        return Expected(KINDS[column.kind], tuple(sizes[name] for name in column.dims[1:]), column.finite)

    return {column.name: one(column) for column in RAW_COLUMNS if column.when in when}


def _columns(saved: Any, name: str, expected: Mapping[str, Expected]) -> dict[str, npt.NDArray[Any]]:
    """Columns with these names, types and shapes of a row, all of one length."""
    tree = _tree(saved, name)
    if set(tree) != set(expected):
        raise _wrong(name)
    found = {
        column: _array(tree, column, one.kind, (ANY, *one.shape), where=name, finite=one.finite)
        for column, one in expected.items()
    }
    if len({len(array) for array in found.values()}) != 1:
        raise _wrong(name)
    return found


def _check_index(index: npt.NDArray[Any], among: npt.NDArray[Any], name: str) -> None:
    if not (np.all(np.diff(index) > 0) and np.all(np.isin(index, among))):
        raise _wrong(f"{name}.index")


# --- one entry -------------------------------------------------------------------------------------------------------------------------


def _wrong(name: str) -> Damaged:
    return Damaged(f"not what a run holds ({name})")


def _kind(tree: Any, name: Any, kind: type) -> Any:
    try:
        value = tree[name]
    except (KeyError, IndexError):
        raise _wrong(str(name)) from None
    if type(value) is not kind:
        raise _wrong(str(name))
    return value


def _tree(tree: Any, name: str) -> Any:
    return _kind(tree, name, dict)


def _entries(tree: Any, name: str, count: int | None = None) -> Any:
    found = _kind(tree, name, list)
    if count is not None and len(found) != count:
        raise _wrong(name)
    return found


def _integer(tree: Any, name: str, least: int, most: int | None = None) -> int:
    value: int = _kind(tree, name, int)
    if value < least or (most is not None and value > most):
        raise _wrong(name)
    return value


def _number(tree: Any, name: Any, *, finite: bool = True) -> float:
    value: float = _kind(tree, name, float)
    if finite and not abs(value) <= LARGEST:
        raise _wrong(str(name))
    return value


def _array(
    tree: Any, name: Any, kind: str, shape: tuple[int, ...], *, where: str = "", finite: bool = True
) -> npt.NDArray[Any]:
    """The array ``name`` of ``tree`` (``where``): of this type and shape, `ANY` of it unknown, all numbers finite if so asked."""
    called = f"{where}[{name}]" if isinstance(name, int) else f"{where}.{name}".lstrip(".")
    try:
        value: npt.NDArray[Any] = _kind(tree, name, np.ndarray)
    except Damaged:
        raise _wrong(called) from None
    fits = value.ndim == len(shape) and all(a in (ANY, b) for a, b in zip(shape, value.shape, strict=True))
    if not fits or value.dtype.str != kind or (finite and not np.isfinite(value).all()):
        raise _wrong(called)
    return value
