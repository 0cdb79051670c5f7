"""Entropies of sets of sites of a pure matrix product state: of the physical bath, alone and together with the system."""
