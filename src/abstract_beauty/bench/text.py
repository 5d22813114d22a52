"""The report as text, for a terminal."""

from typing import Any

from abstract_beauty.bench.settings import MODES, PRECISIONS

Tree = dict[str, Any]


def table(report: Tree) -> str:
    """All tables of a report, with the held-out errors where it has them; at most 110 columns."""
    parts = [
        _machine(report),
        *(
            _full_prediction(report, size, mode)
            for size in report["full_prediction"]
            for mode in report["full_prediction"][size]
        ),
        _where_time_goes(report["where_time_goes"]),
        _scaling(report["scaling"]),
        _training(report["training"]),
        _layouts(report["layouts"]),
        _bfloat16_error(report["bfloat16_error"]),
    ]
    if report.get("errors"):
        parts.append(_errors(report["errors"]))
    return "\n\n".join(parts)


def _words(name: str) -> str:
    return name.replace("forward_backward", "forward and backward").replace("_", " ")


def _number(value: float | None, form: str, unit: str = "") -> str:
    """A number as text; a dash where it was not measured."""
    return "-" if value is None else f"{value:{form}}{unit}"


def _rows(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns as wide as they need be: the first two to the left, numbers to the right."""
    widths = [max(len(line[column]) for line in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in [head, *rows]
    )


def _machine(report: Tree) -> str:
    machine = report["machine"]
    lines = [
        f"{machine['device']} ({machine['kind']}), {machine['threads']} threads, torch {machine['torch']}"
    ]
    for precision in PRECISIONS:
        peak = report["peak"][precision]
        lines.append(f"{precision}: at most {peak['gflop_per_second']:.4g} GFLOP/s ({peak['by']})")
    return "\n".join(lines)


def _full_prediction(report: Tree, size: str, mode: str) -> str:
    trials = report["settings"]["trials"][size]
    head = ("method", "precision", "seconds", "faster", "megapixels/s", "GFLOP", "GFLOP/s", "of peak")
    rows = [
        (
            _words(method),
            precision,
            _number(row["seconds"], ".4f"),
            _number(row["times_faster"], ".1f", "x"),
            _number(row["megapixels_per_second"], ".3f"),
            f"{row['gflop']:.1f}",
            _number(row["gflop_per_second"], ".1f"),
            _number(row["share_of_peak"], ".1%"),
        )
        for method, kinds in report["full_prediction"][size][mode].items()
        for precision, row in kinds.items()
    ]
    title = (
        f"full prediction of {size}x{size}, {_words(mode)}, median of {trials}; faster than the float32 loop"
    )
    return f"{title}\n{_rows(head, rows)}"


def _where_time_goes(tree: Tree) -> str:
    head = ("method", "precision", *(_words(mode) for mode in MODES))
    rows = [
        (
            _words(method),
            precision,
            *(f"{tree[mode][method][precision]['matrices']:.0%}" for mode in MODES),
        )
        for method in tree[MODES[0]]
        for precision in PRECISIONS
    ]
    size = tree["size"]
    return f"share of the time in matrix products and convolutions, {size}x{size}\n{_rows(head, rows)}"


def _scaling(tree: Tree) -> str:
    head = ("one pass, forward", "", *(f"{precision} seconds" for precision in PRECISIONS), "megapixels/s")
    rows = [
        (
            f"{side}x{side}",
            "",
            *(_number(row[precision]["seconds"], ".4f") for precision in PRECISIONS),
            f"{max(row[p]['megapixels_per_second'] or 0 for p in PRECISIONS):.3f}",
        )
        for side, row in tree["sides"].items()
    ]
    if None in tree["exponent"].values():
        return _rows(head, rows)
    exponents = ", ".join(f"{tree['exponent'][precision]:.2f} in {precision}" for precision in PRECISIONS)
    return f"{_rows(head, rows)}\ntime grows as pixels to the power of {exponents}"


def _training(tree: Tree) -> str:
    head = ("training step", "precision", "seconds", "images/s", "tiles/s")
    rows = [
        (
            name,
            precision,
            f"{row['seconds']:.4f}",
            f"{row['images_per_second']:.1f}" if row["images_per_second"] else "",
            f"{row['tiles_per_second']:.0f}",
        )
        for name, kinds in tree["steps"].items()
        for precision, row in kinds.items()
    ]
    return f"{_rows(head, rows)}\nhere training takes {tree['default_precision']} unless told otherwise"


def _layouts(tree: Tree) -> str:
    head = ("variant", "precision", *(f"{_words(mode)}, seconds (faster)" for mode in MODES))
    rows, reasons = [], []
    for variant in tree[MODES[0]]:
        for precision in PRECISIONS:
            cells = [tree[mode][variant][precision] for mode in MODES]
            rows.append(
                (
                    _words(variant),
                    precision,
                    *(
                        f"{cell['seconds']:.4f} ({cell['times_faster']:.2f}x)" if cell["seconds"] else "-"
                        for cell in cells
                    ),
                )
            )
            reasons += [f"{_words(variant)}, {precision}: {c['reason']}" for c in cells if "reason" in c]
    return "\n".join(
        [f"layouts at {tree['size']}x{tree['size']}", _rows(head, rows), *dict.fromkeys(reasons)]
    )


def _bfloat16_error(row: Tree) -> str:
    return (
        f"one pass in bfloat16 ({row['weights']} weights): z moves by {row['mean']:.5f} on average, "
        f"{row['max']:.4f} at most;\nMAE(y, z) {row['mae_bfloat16']:.5f}, in float32 {row['mae_float32']:.5f}"
    )


def _errors(tree: Tree) -> str:
    head = ("held-out error", "", "MAE", "of Telea's")
    rows = [
        (name, row["kind"], f"{row['mae']:.4f}", f"{row['of_telea']:.2f}" if row["of_telea"] else "")
        for name, row in tree.items()
    ]
    return _rows(head, rows)
