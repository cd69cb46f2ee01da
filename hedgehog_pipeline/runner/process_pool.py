"""A pool of processes in which the stages run in parallel."""

import multiprocessing
import os
import signal
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import Any

_STAGES = 3
_IMPORTED = ["hedgehog_pipeline.runner.execute", "hedgehog_pipeline.orchestration.instance.storage"]


class _StageProcesses(ProcessPoolExecutor):
    """Starts processes that Ctrl-C does not reach: only their parent handles it."""

    def submit(self, *work: Any, **options: Any) -> Future[Any]:
        """Start the worker from a helper thread with SIGINT blocked: the child inherits the mask.

        Otherwise Ctrl-C could interrupt the start half-way, and nobody would kill that process.
        Python interrupts only its main thread, so the helper thread finishes the start.
        """
        block = signal.SIG_BLOCK, {signal.SIGINT}
        with ThreadPoolExecutor(1, initializer=signal.pthread_sigmask, initargs=block) as thread:
            return thread.submit(super().submit, *work, **options).result()


@contextmanager
def open_process_pool() -> Generator[ProcessPoolExecutor, None, None]:
    """Yield a pool with a process for each stage; none outlives this process.

    They are forked from one process that has imported all that a run needs, and does nothing else:
    a process that has connections and threads cannot be forked safely.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    with _StageProcesses(_STAGES, context, _initialise, (dict(os.environ),)) as processes:
        try:
            yield processes
        except (KeyboardInterrupt, GeneratorExit):
            # Leaving the block would wait for their work; killed, they leave nothing half done.
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _initialise(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 (it runs in a child only)
    parent.join()
    os._exit(1)
