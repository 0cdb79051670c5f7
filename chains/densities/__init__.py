"""Spectral densities and their integrals."""
