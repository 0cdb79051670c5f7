"""Maps from a density and a temperature to a star, a chain, a pair of chains or star cells, and between their modes."""
