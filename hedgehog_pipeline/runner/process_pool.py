"""Processes in which runs of the stages go on side by side."""

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
    """Begins processes that Ctrl-C does not reach: it is for the one that began them."""

    def submit(self, *work: Any, **options: Any) -> Future[Any]:
        """Begin what is given, whole: a process that is half begun would be killed by nobody.

        Python interrupts its main thread alone, whichever thread the signal reached; so another
        one begins it, and is waited for. What is blocked there is blocked in what begins there.
        """
        block = signal.SIG_BLOCK, {signal.SIGINT}
        with ThreadPoolExecutor(1, initializer=signal.pthread_sigmask, initargs=block) as thread:
            return thread.submit(super().submit, *work, **options).result()


@contextmanager
def stage_processes() -> Generator[ProcessPoolExecutor, None, None]:
    """Give a process to each stage, none of which outlives this one.

    They are copies of one that has imported all that a run needs, and nothing else: a process that
    has connections and threads cannot be copied.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    with _StageProcesses(_STAGES, context, _begin, (dict(os.environ),)) as processes:
        try:
            yield processes
        except (KeyboardInterrupt, GeneratorExit):
            # What they are at would be waited for; killed, they leave nothing half done.
            for process in multiprocessing.active_children():
                process.kill()
            raise


def _begin(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 (it runs in a child alone)
    parent.join()
    os._exit(1)
