"""Checks of what the functions of a finished run are given: a trajectory, a ledger, alpha_S."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from chains.checks import instance_problems, number_problems
from chains.problems import Problem


def alpha_problems(alpha_S: object) -> list[Problem]:
    """What keeps ``alpha_S`` from being a finite real number."""
    return number_problems("alpha_S", alpha_S)


def dataset_problems(key: str, value: object, names: Sequence[str], allowed: str) -> list[Problem]:
    """What keeps ``value`` from being a dataset that has ``names``; ``allowed`` says which dataset that is."""
    problems = instance_problems(key, value, xr.Dataset, allowed)
    missing = [] if problems else [name for name in names if name not in value]  # type: ignore[operator]
    return problems or [Problem(key=key, value=f"no {', '.join(missing)}", allowed=allowed) for _ in missing[:1]]
