"""What was called in another way before goes on working, with a warning that says how to call it now."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chains
import tnthermo as tt
from chains.deprecated import formerly

J = chains.PowerLaw(alpha=0.1)
BATH = chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.2]))
MODEL = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(J, 3, temperature=0.5))


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (
            lambda: chains.correlation(J, [1.0], 0.5),
            lambda: chains.correlation(J, [1.0], temperature=0.5),
            "correlation: temperature by position is deprecated; write temperature=...",
        ),
        (
            lambda: chains.required_length(J, 0.0, until=2.0),
            lambda: chains.required_length(J, temperature=0.0, until=2.0),
            "required_length: temperature by position is deprecated; write temperature=...",
        ),
        (
            lambda: chains.required_length_front(J, 0.0, 2.0, 1e-3),
            lambda: chains.required_length_front(J, temperature=0.0, until=2.0, tolerance=1e-3),
            "write temperature=..., until=..., tolerance=...",
        ),
        (
            lambda: chains.divergent_integrals(J, 0.0),
            lambda: chains.divergent_integrals(J, temperature=0.0),
            "write temperature=...",
        ),
        (
            lambda: tt.weak_coupling(MODEL, "+z", [0.0, 0.5], "tcl2")["E_S"].values,
            lambda: tt.weak_coupling(MODEL, initial="+z", times=[0.0, 0.5], method="tcl2")["E_S"].values,
            "write initial=..., times=..., method=...",
        ),
        (
            lambda: tt.couple(operator_={"z": 0.5}, bath=BATH).operator,
            lambda: tt.couple(operator={"z": 0.5}, bath=BATH).operator,
            "couple: operator_= is deprecated; write operator=",
        ),
        (
            lambda: tt.couple({"z": 0.5}, BATH, key="couplings[1]").operator,
            lambda: tt.couple({"z": 0.5}, BATH).operator,
            "couple: key= is deprecated and has no successor; leave it out",
        ),
    ],
)  # fmt: skip
def test_the_old_way_gives_the_same_and_names_the_new(
    before: Callable[[], Any], now: Callable[[], Any], words: str
) -> None:
    with pytest.warns(DeprecationWarning, match="is deprecated") as caught:
        old = before()
    assert words in str(caught[0].message)
    assert caught[0].filename == __file__, "the line of whoever called it"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(old, now())


def test_times_are_given_by_position_to_every_correlation_function() -> None:
    """And by keyword."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for function, of in (
            (chains.correlation, J),
            (chains.chain_correlation, BATH),
            (chains.exact_correlation, BATH),
        ):
            call: Any = function
            np.testing.assert_array_equal(call(of, [1.0]), call(of, times=[1.0]))


@pytest.mark.parametrize("call", [tt.collect, tt.sweep_status])
def test_folders_were_called_root(call: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="root= is deprecated; write folder="), pytest.raises(tt.InvalidInput):
        call(root=tmp_path)


def test_what_never_was_is_refused_as_ever() -> None:
    @formerly(positional=("b",), renamed={"c": "b"})
    def f(a: int, *, b: int = 0) -> tuple[int, int]:
        return a, b

    call: Any = f
    for arguments, named in (((1, 2, 3), {}), ((1, 2), {"b": 3}), ((1,), {"b": 2, "c": 3}), ((1,), {"d": 2})):
        with pytest.raises(TypeError):
            call(*arguments, **named)
    assert call(1, b=2) == (1, 2)


def test_the_key_of_a_coupling_is_in_its_problems_for_one_version_more() -> None:
    old: Any = tt.couple
    with pytest.warns(DeprecationWarning, match="key="), pytest.raises(tt.InvalidInput, match=r"couplings\[1\].kind"):
        old({"z": 0.5}, BATH, kind="x", key="couplings[1]")
