"""From the raw columns of a run to its thermodynamic ledger."""

from tnthermo.thermo.ledger import ledger

__all__ = ["ledger"]
