"""Many runs of one file: axes, points, workers, job arrays, the collected table."""
