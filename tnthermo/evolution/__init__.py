"""The driver of a run: start, steps by the clock, measurements, flags."""
