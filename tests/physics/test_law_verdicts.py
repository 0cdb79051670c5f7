"""Verdicts of a strong-coupling continuum run do not hang on its accuracy: half step, a tenth of the tolerance, a larger bond."""

from dataclasses import replace

import pytest

import chains
import tnthermo as tt
from tnthermo.lawbook.verdict import Law


def judged(algorithm: tt.TDVP) -> dict[tuple[str, str], Law]:
    bath = chains.chain(chains.PowerLaw(alpha=0.3, shape="hard"), 16, temperature=0.2)
    model = tt.SpinBoson(hamiltonian={"x": 0.3, "z": 0.1}, coupling={"z": 0.5}, bath=bath)
    run = tt.evolve(model, initial="+z", algorithm=algorithm, until=6.0, record_every=0.2, bath_entropy="off")
    return {(law.book, law.name): law for law in tt.laws(tt.ledger(run))}


def contradictions(some: dict[tuple[str, str], Law], others: dict[tuple[str, str], Law]) -> list[tuple[str, str]]:
    return [key for key, law in some.items() if {law.verdict, others[key].verdict} == {"holds", "fails"}]


@pytest.mark.slow
def test_verdicts_are_the_same_at_doubled_accuracy() -> None:
    coarse = judged(tt.TDVP(step=0.1, tolerance=1e-5, max_bond=16))
    fine = judged(tt.TDVP(step=0.05, tolerance=1e-6, max_bond=24))
    assert {law.verdict for law in coarse.values()} == {"holds", "fails", "cannot tell"}
    changed = {key: (law.verdict, fine[key].verdict) for key, law in coarse.items() if law.verdict != fine[key].verdict}
    assert not changed, changed
    # negative: a verdict that turns is seen
    key = next(key for key, law in fine.items() if law.verdict == "holds")
    assert contradictions(coarse, fine | {key: replace(fine[key], verdict="fails")}) == [key]
