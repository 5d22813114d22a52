"""Processes that tests start: they hear Ctrl-C as in a terminal, and none outlives the test that began it."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import psutil


def _hear_signals() -> None:
    """What a shell that starts the suite in the background ignores is not ignored in the child."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen]:
    """A running command whose output is captured as text; it and what it started are ended with the block."""
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=_hear_signals, **options,
    )  # fmt: skip
    try:
        yield running
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            # By parenthood: torchrun puts each of its workers into a session of its own.
            begun = psutil.Process(running.pid)
            for process in [*begun.children(recursive=True), begun]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        running.communicate()
