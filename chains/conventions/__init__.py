"""Spectral densities as other packages write them: by their parameters, and from their objects."""
