"""What of a computation depends on the processor: each library's operations, with its switches one way and the other.

    python tests/trust/sources.py                     print the table
    python tests/trust/sources.py --out FILE          and keep it in FILE, e.g. results/trust/sources.json
    python tests/trust/sources.py --emulator QEMU     on emulated processors instead; see the README of this folder

Operations that the pipeline uses are computed in processes of their own, once as the machine would and once with each
switch that forbids some instructions, asks for other threads, or gives MKL another maker's processor; their bytes are
compared. Then all of it with the switches of the pipeline's stages, as seen by either maker: there nothing
may differ. Last what those switches cost, in steps of training, taken in turns.
"""

import argparse
import hashlib
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from records import keep, one_line

from abstract_beauty.errors import UserError
from abstract_beauty.params import read_yaml
from abstract_beauty.project import find_project
from abstract_beauty.training.machine import machine, processor

# Each switch, what it forbids or changes, and the variables that do it.
SWITCHES = {
    "MKL, another maker": {},  # by `other_maker`
    "MKL, alike for all": {"MKL_CBWR": "COMPATIBLE"},
    "ATen without AVX2": {"ATEN_CPU_CAPABILITY": "default"},
    "oneDNN without AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX"},
    "numpy without AVX2": {"NPY_DISABLE_CPU_FEATURES": "X86_V3"},
    "OpenBLAS without AVX2": {"OPENBLAS_CORETYPE": "SANDYBRIDGE"},
    "OpenCV without AVX2": {"OPENCV_CPU_DISABLE": "AVX2"},
    "IPP without AVX2": {"OPENCV_IPP": "sse42"},
    "glibc without AVX2": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"},
    "two threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
}
MAKER = "MKL, another maker"
TRIALS = 5
# MKL's functions that begin with the processor's approximate reciprocal or root, and C's for each.
APPROXIMATE = {
    "float": {"vmsSqrt": "sqrt", "vmsAtan": "atan", "vmsLog10": "log10"},
    "double": {"vmdSqrt": "sqrt", "vmdAtan": "atan", "vmdLn": "log", "vmdTan": "tan"},
}


def other_maker(folder: Path) -> dict[str, str]:
    """Variables with which MKL takes this processor for Intel's, or Intel's for another; {} where nothing compiles.

    MKL asks one function who made the processor; a library of that name, loaded before it, answers otherwise. And the
    bits of approximate reciprocals and roots (rcpps, rsqrtps) are each maker's own: what MKL begins with them, the
    library gives as C does.
    """
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return {}
    source, library = folder / "maker.c", folder / "maker.so"
    lines = [
        "#include <math.h>",
        f"int mkl_serv_intel_cpu_true(void) {{ return {int('Intel' not in processor())}; }}",
    ]
    lines += [
        f"void {name}(int n, const {kind} *x, {kind} *y, long m) {{ for (int i = 0; i < n; i++) y[i] = {of}(x[i]); }}"
        for kind, functions in APPROXIMATE.items()
        for name, of in functions.items()
    ]
    source.write_text("\n".join(lines))
    done = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-lm"], capture_output=True
    )
    return {"LD_PRELOAD": str(library)} if done.returncode == 0 else {}


# Processors for QEMU (user mode, 8 or later) to emulate. It computes approximate instructions exactly, as no processor
# does, so what depends on them shows. It has no AVX-512: a program that uses it all the same is killed.
_AVX512 = ",".join(f"avx512{part}=on" for part in ("f", "dq", "bw", "vl", "cd", "vnni", "vbmi", "-bf16"))
_LACKING = ",".join(f"{part}=off" for part in ("pcid", "x2apic", "tsc-deadline", "hle", "rtm", "invpcid"))
EMULATED = {
    "an Intel Haswell": "Haswell",
    "the same, said to have AVX-512": f"Haswell,{_AVX512},{_LACKING},x-force-features=on",
}
# The C library copies memory with AVX-512 where it believes in it, which no result depends on.
COPYING = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps="
    + ",".join(f"-AVX512{part}" for part in ("F", "VL", "BW", "DQ", "CD"))
}


def common(root: Path) -> dict[str, str]:
    """The variables that `run` of params.yaml lays before a stage, as a shell makes them."""
    words = re.sub(r"^env PYTHONPATH=\S+|python -m \S+$", "", read_yaml(root / "params.yaml")["run"])
    shown = subprocess.run(
        ["bash", "-c", f"env -i {words} env -0"], capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)


def operations() -> dict[str, dict[str, Callable[[], Any]]]:
    """{library: {what: its result}}: what the pipeline asks of each, on small inputs."""
    import cv2
    import numpy as np
    import scipy.fft
    import scipy.special
    import scipy.stats
    import torch
    from PIL import Image
    from torch.nn import functional

    from abstract_beauty.prediction.rounding import square_root
    from abstract_beauty.training.optimizers import optimizers_for

    threads = int(os.environ.get("OMP_NUM_THREADS", 1))
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    rng = np.random.default_rng(0)
    single, double = rng.standard_normal((200, 200)).astype("f"), rng.standard_normal((200, 200))
    slopes = np.add.outer(np.arange(256), 2 * np.arange(256))[..., None] // (2, 3, 5)
    levels = ((slopes + np.kron(rng.integers(0, 256, (32, 32, 1)), np.ones((8, 8, 1), int))) % 256).astype(
        np.uint8
    )
    picture, image = levels.astype("f") / 255, Image.fromarray(levels)
    t, d = torch.from_numpy(single), torch.from_numpy(double)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous()
    hole = np.zeros((256, 256), np.uint8)
    hole[100:130, 100:130] = 255
    grid = torch.from_numpy(rng.random((1, 50, 50, 2), "f") * 2 - 1)

    def saved(kind: str) -> bytes:
        image.save(file := io.BytesIO(), kind)
        return file.getvalue()

    def adamw(gradient: torch.Tensor) -> torch.Tensor:
        network = torch.nn.Linear(200, 1, bias=False)
        network.weight.data.zero_()
        (optimizer,) = optimizers_for(network, "adamw", 0.01)
        for row in gradient[:5]:
            network.weight.grad = row[None].clone()
            optimizer.step()
        return network.weight

    def convolution(batch: int, into: int, side: int, **options: Any) -> list[torch.Tensor]:
        of = np.random.default_rng(0)
        shapes = (batch, 16, 48, 48), (into, 16, side, side)
        seen, kernel = (torch.from_numpy(of.random(shape, "f") - 0.5).requires_grad_() for shape in shapes)
        out = functional.conv2d(seen, kernel, padding=side // 2, **options)
        out.square().mean().backward()
        return [out, seen.grad, kernel.grad]

    return {
        "PyTorch": {
            "exp, log, erf": lambda: [t.exp(), t.abs().add(0.1).log(), t.erf(), d.exp()],
            "gelu, silu, softmax": lambda: [functional.gelu(t), functional.silu(t), t.softmax(1)],
            "cosines": lambda: [t.cos(), torch.hann_window(200), d.cos()],
            "roots, steps of AdamW": lambda: [square_root(t.abs()), torch.linalg.vector_norm(t, dim=1), adamw(t)],
            "sums, layer norm": lambda: [t.sum(), t.mean(0), t.std(1), functional.layer_norm(t, (200,))],
            "random numbers": lambda: torch.randn(1000, generator=torch.Generator().manual_seed(0)),
            "resizing, sampling": lambda: [
                functional.interpolate(x, size=(99, 99), mode="bilinear", antialias=True),
                functional.avg_pool2d(x, 2), functional.grid_sample(x, grid, align_corners=False),
            ],
            "products of matrices": lambda: [t @ t, d @ d, torch.bmm(x[0, :, :64, :64], x[0, :, 64:128, :64])],
            "decompositions": lambda: [torch.linalg.svd(t)[1], torch.linalg.solve(d, d.T)],
            "Fourier transform": lambda: torch.fft.rfft2(x),
            "convolutions 3x3": lambda: [*convolution(1, 16, 3), *convolution(3, 32, 3), *convolution(32, 16, 3)],
            "convolutions 1x1": lambda: convolution(3, 16, 1),
            "convolutions with strides": lambda: [*convolution(3, 32, 3, stride=2), *convolution(3, 16, 3, dilation=2)],
        },
        "numpy": {
            "exp, sin, log": lambda: [of(v) for v in (single, double) for of in (np.exp, np.sin, np.tanh)]
            + [np.log(np.abs(v) + 0.1) for v in (single, double)],
            "powers, angles": lambda: [np.abs(double) ** 1.7, np.arctan2(double, double.T), np.hypot(single, single.T)],
            "sums": lambda: [single.sum(), single.std(1), double.mean(0)],
            "random numbers": lambda: [
                np.random.default_rng(0).standard_normal(999), np.random.default_rng(0).gamma(2.0, size=99)
            ],
            "products of matrices": lambda: [single @ single, double @ double],
            "decompositions": lambda: [
                np.linalg.svd(double)[0], np.linalg.lstsq(double[:, :20], double[:, 0], rcond=None)[0]
            ],
        },
        "scipy": {
            "Fourier transform": lambda: [scipy.fft.rfft2(single), scipy.fft.rfft2(double)],
            "special functions": lambda: [scipy.special.erf(double), scipy.stats.t.sf(np.abs(double), 20)],
        },
        "OpenCV": {
            "blur, bilateral filter": lambda: [
                cv2.GaussianBlur(picture, (0, 0), 1.7), cv2.bilateralFilter(picture, -1, 0.1, 2)
            ],
            "resizing, turning": lambda: [
                cv2.resize(picture, (100, 100), interpolation=cv2.INTER_AREA), cv2.resize(levels, (300, 300)),
                cv2.warpAffine(picture, np.float32([[0.9, 0.1, 3], [-0.1, 0.9, 5]]), (256, 256)),
            ],
            "drawing": lambda: cv2.circle(levels.copy(), (100, 100), 50, (3, 4, 5), -1, cv2.LINE_AA),
            "colours": lambda: cv2.cvtColor(picture, cv2.COLOR_RGB2LAB),
            "fills": lambda: [cv2.inpaint(levels, hole, 5, how) for how in (cv2.INPAINT_TELEA, cv2.INPAINT_NS)],
            "mean shift, edge keeping": lambda: [
                cv2.pyrMeanShiftFiltering(levels, 20, 20), cv2.edgePreservingFilter(levels)
            ],
        },
        "Pillow": {
            "PNG, JPEG, WebP": lambda: [saved(kind) for kind in ("PNG", "JPEG", "WEBP")],
            "resizing": lambda: np.asarray(image.resize((100, 90), Image.Resampling.LANCZOS)),
        },
    }  # fmt: skip


def digest(result: Any) -> str:
    """The hash of an array, of bytes, or of a list of them."""
    if isinstance(result, list):
        return hashlib.sha256("".join(map(digest, result)).encode()).hexdigest()
    if not isinstance(result, bytes):
        import numpy as np

        result = np.ascontiguousarray(result.detach() if hasattr(result, "detach") else result).tobytes()
    return hashlib.sha256(result).hexdigest()


def step_seconds() -> dict[str, float]:
    """Forward and backward through the one-pass predictor, and through a U-Net and it, at the sizes of params.yaml."""
    import torch

    from abstract_beauty.improvers.unet import UNet
    from abstract_beauty.prediction.full_prediction import full_prediction
    from abstract_beauty.predictors.four_sides import FourSides

    torch.set_num_threads(1)
    torch.manual_seed(0)
    f, g = FourSides(64), UNet(16)
    crops, images = torch.rand(3, 3, 192, 192), torch.rand(2, 3, 128, 128)

    def step(y: Callable[[], torch.Tensor]) -> float:
        began = time.perf_counter()
        out = y()
        (full_prediction(f, out) - out).abs().mean().backward()
        return time.perf_counter() - began

    found = {}
    for name, y in (("predictor", lambda: crops), ("improver", lambda: g(images))):
        found[name] = statistics.median([step(y) for _ in range(8)][2:])
        f.requires_grad_(False)
    return found


def asked(what: str, variables: Mapping[str, str], by: Sequence[str] = ()) -> dict[str, Any]:
    """What this script says of itself, in a process of its own with these variables, started by a command if any."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **variables}
    done = subprocess.run(
        [*by, sys.executable, __file__, "--say", what], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise UserError(f"{' '.join(by)} {variables}: {said[-1]}")
    return json.loads(done.stdout)


def different(first: Mapping[str, str], second: Mapping[str, str]) -> str:
    """The operations whose bytes differ, by library; "" where none does."""
    by_library: dict[str, list[str]] = {}
    for what in first:
        library, _, operation = what.partition(": ")
        if first[what] != second[what]:
            by_library.setdefault(library, []).append(operation)
    return "; ".join(f"{library}: {', '.join(found)}" for library, found in by_library.items())


def emulated(root: Path, emulator: str) -> dict[str, Any]:
    """Under the common switches, on each emulated processor: what differs; and how it ends without the switches."""
    alike = common(root)
    here = asked("bytes", alike)
    rows = {}
    for name, model in EMULATED.items():
        by = [emulator, "-cpu", model]
        # what `run` adds on such a processor, by what the machine says of itself
        added = {"OPENCV_CPU_DISABLE": "AVX512-SKX"} if "avx512" in model else {}
        got = asked("bytes", alike | COPYING | added, by)
        try:
            without = different(here, asked("bytes", COPYING, by)) or "nothing differs"
        except UserError as error:
            if "Illegal instruction" not in str(error):
                raise
            without = "killed: an illegal instruction"
        differing = sum(got[what] != here[what] for what in here)
        rows[name] = {"differs": different(here, got), "differing": differing, "without": without}
    version = subprocess.run([emulator, "-version"], capture_output=True, text=True).stdout
    named = version.splitlines()[0].partition(" (")[0]
    return {"machine": machine(), "by": named, "operations": len(here), "processors": rows}


def sources(root: Path) -> dict[str, Any]:
    """Which operations differ by each switch; whether any does by maker under the common ones; what those cost."""
    with tempfile.TemporaryDirectory() as folder:
        maker, alike = other_maker(Path(folder)), common(root)
        plain = asked("bytes", {})
        if plain != asked("bytes", {}):
            raise UserError("the same computation twice gave other bytes: nothing can be compared here")
        switches = {name: each for name, each in {**SWITCHES, MAKER: maker}.items() if each}
        rows = {}
        for name, variables in switches.items():
            got = asked("bytes", variables)
            rows[name] = {
                "set": " ".join(f"{key}={value}" for key, value in variables.items() if name != MAKER),
                "differs": different(plain, got),
            }
        first = asked("bytes", alike)
        seen = asked("bytes", alike | maker) if maker else first
        ratios: dict[str, list[float]] = {}
        for _ in range(TRIALS):
            own, same = asked("seconds", {}), asked("seconds", alike)
            for name in own:
                ratios.setdefault(name, []).append(same[name] / own[name])
    return {
        "machine": machine(), "operations": len(plain), "maker": bool(maker), "switches": rows,
        "common": {
            "set": " ".join(f"{key}={value}" for key, value in alike.items()),
            "differs_by_maker": different(first, seen),
            "differing": sum(seen[what] != first[what] for what in first) if maker else None,
            "bytes": digest([bytes.fromhex(first[what]) for what in sorted(first)]),
            "cost": {name: statistics.median(each) for name, each in ratios.items()},
        },
    }  # fmt: skip


@one_line
def main(arguments: Sequence[str] | None = None) -> int:
    """Print what differs; exit status 1 if the common switches leave a difference."""
    parser = argparse.ArgumentParser(description="What of a computation depends on the processor?")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write what was found into FILE")
    parser.add_argument("--emulator", metavar="QEMU", help="qemu-x86_64: emulate other processors, no more")
    parser.add_argument("--say", choices=["bytes", "seconds"], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.say == "bytes":
        rows = operations().items()
        print(json.dumps({f"{of}: {name}": digest(run()) for of, each in rows for name, run in each.items()}))
        return 0
    if options.say == "seconds":
        print(json.dumps(step_seconds()))
        return 0
    began = time.monotonic()
    root = find_project().root
    if options.emulator:
        found = emulated(root, options.emulator)
        for name, row in found["processors"].items():
            print(f"{name}: {row['differs'] or 'nothing differs'}; without the switches: {row['without']}")
        keep(options.out, began, **found)
        return int(any(row["differs"] for row in found["processors"].values()))
    found = sources(root)
    for name, row in found["switches"].items():
        print(f"{name:24} {row['differs'] or 'nothing differs'}")
    left, cost = found["common"]["differs_by_maker"], found["common"]["cost"]
    print(f"with the common switches: {left or 'nothing differs by the maker'}")
    print("their cost: " + ", ".join(f"{name} {ratio:.2f} times" for name, ratio in cost.items()))
    keep(options.out, began, **found)
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
