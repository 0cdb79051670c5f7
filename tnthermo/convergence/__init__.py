"""How far a run is converged: one setting after the other made coarser and finer, and all finer at once."""
