"""The short name of a run in a sweep: made of all that decides its numbers, so that a result can be told from another run's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGITS = 16  # hexadecimal


def id_of(config_hash: str, values: Mapping[str, Any]) -> str:
    """The name of the run with this fingerprint and these resolved values (`tnthermo.configuration.resolve.Resolved`).

    The fingerprint leaves out how long the run is, its bond cap and whether it has error bars, because a run may go on with others; two
    points of a sweep may not be taken for one because of that.
    """
    evolution, run = (values.get(section, {}) for section in ("evolution", "run"))
    decisive = [config_hash, evolution.get("until"), evolution.get("max_bond"), run.get("error_bars")]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:DIGITS]
