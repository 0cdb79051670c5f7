"""The baths of a model alone, H = sum_j v_j H_chain,j: what turns a state by a counting field, and whose powers are moments of the heat."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

from tnthermo.model.drives import Drive
from tnthermo.model.model import Model
from tnthermo.model.terms import Term


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted(Model):
    """A model whose Hamiltonian is the weighted sum of its chains', without system and coupling, which nothing drives.

    weights  v_j (B,) of the baths
    """

    weights: tuple[float, ...] = ()

    @property
    def factors(self) -> tuple[Drive, ...]:
        """None: neither H_S nor a coupling is there to be driven."""
        return ()

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Those of the chains, with their weights."""
        found = []
        for term in super().terms:
            if term.role == "bath" and term.bath is not None and self.weights[term.bath] != 0.0:
                found.append(replace(term, coefficient=self.weights[term.bath] * term.coefficient))
        return tuple(found)


def counted(model: Model, weights: tuple[float, ...]) -> Counted:
    """The baths of ``model`` with weights v_j (B,)."""
    own = {field.name: getattr(model, field.name) for field in fields(Model)}
    return Counted(**own, weights=weights)
