"""Processes in which runs of the stages go on side by side."""

import multiprocessing
import os
from collections.abc import Generator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from threading import Thread

_STAGES = 3


@contextmanager
def stage_processes() -> Generator[ProcessPoolExecutor, None, None]:
    """Give a process to each stage, none of which outlives this one.

    They are copies of one that has imported all that a run needs, and nothing else: a process that
    has connections and threads cannot be copied.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hedgehog_pipeline.stage_run"])
    with ProcessPoolExecutor(_STAGES, context, _begin, (dict(os.environ),)) as processes:
        yield processes


def _begin(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 (it runs in a child alone)
    parent.join()
    os._exit(1)
