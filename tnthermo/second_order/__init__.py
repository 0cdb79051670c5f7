"""Master equations of second order in the coupling (TCL2, Redfield, Lindblad) in the columns of the ledger."""
