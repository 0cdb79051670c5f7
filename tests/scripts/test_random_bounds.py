"""scripts/bench/random_bounds.py in small: fifty models whose S_chi is inside its bounds, and a wrong image that is seen."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tnthermo.bath_entropy import enclose

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "bench"))
campaign: Any = importlib.import_module("random_bounds")

FEW = 50
SEEDS = range(101, 101 + FEW)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_right_value_is_inside(seed: int) -> None:
    verdict = campaign.one(seed, (None,))
    assert not verdict.bad, campaign.report(verdict)


@pytest.mark.slow
def test_a_wrong_image_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partners without their conjugation: some value is outside, or the bounds contradict each other."""
    right = enclose.fields

    def wrong(*arguments: Any) -> Any:
        found = right(*arguments)
        return replace(found, image=found.image.conj())

    monkeypatch.setattr(enclose, "fields", wrong)
    assert any(campaign.one(seed, (2,)).bad for seed in SEEDS[:12])
