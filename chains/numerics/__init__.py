"""Numerics that knows nothing of baths: quadrature, recurrences, closed forms, eigenproblems."""
