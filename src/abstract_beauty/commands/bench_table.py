"""The report of a benchmark as text, for a terminal."""

from typing import Any

import pandas as pd

PRECISIONS = ("float32", "bfloat16")
MODES = ("forward", "forward_backward")


def _rows(title: str, tree: dict[str, dict[str, Any]]) -> str:
    """A title and a table of {name: {precision: row}}, with a dash where nothing was measured."""
    rows = {(name, precision): row for name, kinds in tree.items() for precision, row in kinds.items()}
    frame = pd.DataFrame.from_dict(rows, orient="index").astype(object)
    return f"{title}\n{frame.where(frame.notna(), '-').to_string(float_format='{:.4g}'.format)}"


def table(report: dict[str, Any]) -> str:
    """All tables of a report, their columns called as its keys are."""
    machine, growth, training = (report[key] for key in ("machine", "scaling", "training"))
    lines = [f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}"]
    for precision, peak in report["peak"].items():
        lines.append(f"{precision}: at most {peak['gflop_per_second']:.4g} GFLOP/s ({peak['by']})")
    parts = ["\n".join(lines)]
    for size, modes in report["full_prediction"].items():
        trials = f"median of {report['settings']['trials'][size]}; faster than the float32 loop"
        for mode, rows in modes.items():
            parts.append(_rows(f"full prediction of {size}x{size}, {mode}, {trials}", rows))
    for mode, rows in report["where_time_goes"].items():
        parts.append(_rows(f"shares of the time of operations, {mode}", rows))
    exponents = ", ".join(f"{value:.2f} in {precision}" for precision, value in growth["exponent"].items())
    error = report["bfloat16_error"]
    parts += [
        _rows(f"one pass; time grows as pixels to the power of {exponents}", growth["sides"]),
        _rows(f"training; by itself it takes {training['default_precision']} here", training["steps"]),
        _rows("memory layouts, forward", report["layouts"]["forward"]),
        f"one pass in bfloat16 ({error['weights']} weights): z moves by {error['mean']:.5f} on average, "
        f"{error['max']:.4f} at most;\nMAE(y, z) {error['mae_bfloat16']:.5f}, in float32 {error['mae_float32']:.5f}",
    ]
    return "\n\n".join(parts)
