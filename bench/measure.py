"""Running a command as a whole process and taking its wall time and peak memory from the operating system."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One finished process: seconds of wall time, peak resident memory in bytes (at least what the caller had)."""

    seconds: float
    peak_bytes: int


def run(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, accept: Sequence[int] = (0,)
) -> Figure:
    """Run a command to its end. Raises RuntimeError with its output if it ends otherwise than accepted."""
    log = folder / "bench.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=dict(environment), cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accept:
        raise RuntimeError(
            f"{command} ended with {process.returncode}:\n{log.read_text(errors='replace')[-4000:]}"
        )
    return Figure(seconds, usage.ru_maxrss * 1024)
