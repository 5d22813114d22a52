"""What the numbers are made on: the machine and the software for the record of a run, and which process this is."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

MIXED = "mixed"
# What `machine` calls the instructions of a processor that `run` of params.yaml keeps to what every one has.
COMMON = "AVX2, as all have it"


def processor() -> str:
    """The processor's own name, for example "AMD EPYC 9R14"; its architecture where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, None) or platform.processor() or platform.machine()


def computes_as_all() -> bool:
    """Whether libraries were told to compute as every processor with AVX2 does (`run` of params.yaml)."""
    told = os.environ.get("MKL_CBWR", ""), os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return tuple(word.upper() for word in told) == ("COMPATIBLE", "AVX2")


def cores() -> int:
    """How many processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def use_threads(threads: int) -> None:
    """Compute with so many threads from now on; 0 leaves the number as it is.

    Sums are split among threads, so that the last digits of a result depend on their number.
    """
    if threads:
        torch.set_num_threads(threads)


def processes() -> int:
    """How many processes train together: as many as torchrun started, else 1."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_first_process() -> bool:
    """Whether this process is the one, of all that train together, that writes files and prints."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank() == 0
    return processes() == 1 or os.environ.get("RANK", "0") == "0"


def wait_for_all_processes() -> None:
    """Go on only when every process that trains has come here; at once where there is one."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def machine(accelerator: str = "auto") -> dict[str, str | int]:
    """Device, threads, and versions, as plain values.

    "instructions" is there on a processor: the set that PyTorch uses of it, for example "AVX2" or "AVX512", or COMMON.
    It decides the order of sums, and processors of one name may differ in it. The accelerator "cpu" leaves a GPU out
    that is there but not used.
    """
    gpu = accelerator != "cpu" and torch.cuda.is_available()
    instructions = COMMON if computes_as_all() else torch.backends.cpu.get_cpu_capability()
    return {
        "device": torch.cuda.get_device_name() if gpu else processor(),
        "kind": "cuda" if gpu else "cpu",
        **({} if gpu else {"instructions": instructions}),
        "threads": torch.get_num_threads(),
        "processes": processes(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def agreed(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the records of several trainings say alike: the keys of the first, `MIXED` where another differs."""
    first = records[0] if records else {}
    alike = {key for key in first if all(record.get(key) == first[key] for record in records)}
    return {key: value if key in alike else MIXED for key, value in first.items()}
