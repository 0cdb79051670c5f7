"""What lies on disk: result.nc, state.h5, checkpoints, their formats and migrations."""
