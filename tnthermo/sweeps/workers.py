"""Worker processes for a sweep on one machine: each does one point after the other, and the loss of one is the loss of nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import connection
from typing import Any

from tnthermo.machine.threads import allocated_threads, limit_threads

ATTEMPTS = 2
PATIENCE = 1.0  # seconds between two requests to end
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
# Loaded once, in the server from which workers are forked: forking them from this process would copy its threads' locks.
LIBRARIES = "tnthermo.sweeps.task"
KERNELS = "tnthermo.sweeps.warm"


class Killed(RuntimeError):
    """The process that did this was ended from outside, at every attempt."""


class NotStarted(RuntimeError):
    """There is no process to do it; the message says why."""


class Workers(ThreadPoolExecutor):
    """``count`` processes as a `concurrent.futures.Executor`: a thread for each, which hands it one call at a time.

    A process pool of several processes gives up all that it was asked for when one of them is killed. Here each has a pool of its own:
    the call is made once more in a fresh process, and raises `Killed` if that is ended as well.

    kernels  whether to load the compiled sweeps before the first call
    """

    def __init__(self, count: int, *, kernels: bool = True) -> None:
        super().__init__(count)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([LIBRARIES, *([KERNELS] if kernels else [])])
        self.threads = max(1, allocated_threads()[0] // count)
        self.stopping = False
        self.mine = threading.local()
        self.pools: list[ProcessPoolExecutor] = []
        self.processes: set[int] = set()

    def start(self) -> None:
        """Start the server now, unless it is there: it loads the libraries while this process goes on.

        It never gets TERM, INT and USR1: sent to the whole process group (timeout, a terminal, a batch system) they would end what
        workers are started from while those at work still save.
        """
        from multiprocessing import forkserver, resource_tracker

        resource_tracker.ensure_running()  # it ignores them by itself, and lets them through in this thread once it is started
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """As any executor."""
        return super().submit(self._attempts, function, arguments, keywords)

    def _attempts(self, function: Callable[..., Any], arguments: Any, keywords: Any) -> Any:
        lost = f"its process was killed {ATTEMPTS} times (out of memory?)"
        for _ in range(ATTEMPTS):
            if self.stopping:
                break
            pool = getattr(self.mine, "pool", None) or self._renew()
            try:
                if self.mine.process is None:
                    self._begin(pool)
                return pool.submit(function, *arguments, **keywords).result()
            except BrokenProcessPool:
                self._drop(pool)
            except NotStarted as error:
                self._drop(pool)
                lost = str(error)
        raise Killed("stopped" if self.stopping else lost)

    def _begin(self, pool: ProcessPoolExecutor) -> None:
        """Start its process. Raises NotStarted where the system or the server does not."""
        try:
            self.start()
            self.mine.process = pool.submit(os.getpid).result()
        except (OSError, EOFError) as error:
            raise NotStarted(f"no process could be started: {error or type(error).__name__}") from error
        self.processes.add(self.mine.process)

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        self.processes.discard(self.mine.process)
        self.mine.pool = self.mine.process = None
        pool.shutdown(wait=False)

    def _renew(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, mp_context=self.context, initializer=begin, initargs=(self.threads,))
        self.mine.pool, self.mine.process = pool, None
        self.pools.append(pool)
        return pool

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask the processes to stop: a run saves and ends, or just ends; what has not begun does not begin."""
        self.stopping = True
        for process in list(self.processes):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As any executor; the processes end too."""
        super().shutdown(wait=wait, cancel_futures=cancel_futures)
        for pool in self.pools:
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def begin(threads: int) -> None:
    """What a worker does first: its share of the threads, a group of its own, an eye on the process that it works for.

    In a group of its own an interrupt from the terminal does not reach it; who started it passes on what it wants. It does not outlive it.
    What was sent to the group that it leaves is forgotten, and from here on it hears signals again, which the server does not.
    """
    limit_threads(threads)
    with suppress(OSError):
        os.setpgid(0, 0)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    connection.wait([sentinel])
    while True:  # a run that listens saves and ends at the first; what comes next ends the process
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(PATIENCE)
