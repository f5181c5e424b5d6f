"""Processes of their own that start quickly, for tests that kill them or run two of them."""

import multiprocessing
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing import connection
from pathlib import Path
from typing import Any

# A server that has imported what takes long forks a process for each job. Elsewhere, forking such a server is not safe.
_CONTEXT: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
if sys.platform == "linux":
    _CONTEXT.set_forkserver_preload(["pyterrier", "transformers.trainer", "pyterrier_hybrid.training.loop.training"])


def run_job(job: Callable[..., object], *args: object, processes: int = 1, timeout: float = 180) -> tuple[int, str]:
    """Run a function in a process of its own, or in several as torchrun starts them.

    Args:
        job: A function of a module that can be imported.
        *args: Its arguments.
        processes: Number of processes. If one fails, the others are ended.
        timeout: Seconds.

    Returns:
        The first exit code that is not 0, negative for signals, and what was printed.
    """
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": str(processes)}
        free.close()
        logs = [Path(folder, f"{rank}.log") for rank in range(processes)]
        started = []
        for rank, log in enumerate(logs):
            own = {**group, "RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {}
            environment = {**os.environ, **own, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
            started.append(_CONTEXT.Process(target=_run, args=(log, environment, job, args)))
            started[-1].start()
        running = {process.sentinel: process for process in started}
        code = 0
        while running:
            ended = connection.wait(running, timeout)
            for sentinel in ended:
                process = running.pop(sentinel)
                process.join()
                code = code or process.exitcode
            if code or not ended:
                for process in running.values():
                    process.kill()
            assert ended, f"no end after {timeout} seconds"
        return code, "".join(log.read_text() for log in logs)


def _run(log: Path, environment: Mapping[str, str], job: Callable[..., object], args: tuple[object, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    job(*args)
