"""What tests give to worker processes; a worker imports it by name."""

import os
import signal
from pathlib import Path


def killed_at_first(marker: str) -> int:
    """Ends its process the first time, as the system does when memory runs out; then the number of the process."""
    if not Path(marker).exists():
        Path(marker).write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def killed_always() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def threads() -> tuple[str, int]:
    return os.environ["OMP_NUM_THREADS"], os.getpid()
