"""Compiled kernels: functions of arrays. Their machine code is kept as `chains.cache_folder` says."""

from pathlib import Path

from chains.cache_folder import look_after

look_after(Path(__file__).parent)
