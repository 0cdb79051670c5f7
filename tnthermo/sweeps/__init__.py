"""Sweeps: many runs from one configuration file, on this machine, on any executor or as a Slurm array, into one folder."""
