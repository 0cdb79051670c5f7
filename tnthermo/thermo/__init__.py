"""From the record of a run to the thermodynamic ledger."""
