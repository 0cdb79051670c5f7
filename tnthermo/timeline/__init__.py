"""The times of a run, and integrals and differences along them."""
