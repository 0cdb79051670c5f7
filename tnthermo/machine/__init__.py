"""The machine a run is on: memory, threads, signals, locks, files that are written whole, Slurm."""
