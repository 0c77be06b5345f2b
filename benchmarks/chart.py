"""The chart of the systems: documents a second, from the slowest round to the fastest, by representation."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.results import BenchResults
from streaming.errors import UsageError

_HEIGHT_OF_A_BAR = 0.34
_LABELS = {
    "recipe": "recipe: Llama loaded per call",
    "cached": "one cached Llama",
    "llama_server": "llama-server",
    "lanes": "gistream's lanes",
    "llama_server_busy": "llama-server, busy machine",
    "lanes_busy": "gistream's lanes, busy machine",
    "llama_server_busy_searched": "llama-server, set up for it",
    "lanes_busy_searched": "gistream's lanes, set up for it",
    "lanes_pipeline_documents": "lanes, the pipeline's documents",
    "pipeline": "Kafka, Spark, lanes, Kafka",
}


def check_drawing() -> None:
    """Raise `UsageError` when the library that draws is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "--chart needs matplotlib, which is not installed; install it with `pip install 'gistream[bench]'`, or "
            "leave --chart out."
        ) from error


def draw(results: BenchResults, path: Path) -> None:
    """Write the chart as a PNG file. Raises `UsageError` when it cannot be written there."""
    import matplotlib as mpl

    # A server has no window.
    mpl.use("Agg")
    from matplotlib import pyplot

    figures = list(results.figures)
    representations = list(dict.fromkeys(figure.case.representation for figure in figures))
    groups = [[figure for figure in figures if figure.case.representation == name] for name in representations]
    sizes = [len(group) for group in groups]
    drawing, panels = pyplot.subplots(
        len(groups), 1, sharex=True, squeeze=False, layout="constrained",
        figsize=(9, 1.6 + _HEIGHT_OF_A_BAR * sum(sizes)), height_ratios=sizes,
    )  # fmt: skip
    for panel, group, name in zip(panels[:, 0], groups, representations, strict=True):
        rates = [figure.documents_per_second for figure in group]
        bars = panel.barh([_LABELS[figure.case.name] for figure in group], rates, xerr=_error_bars(group), capsize=2,
                          height=0.7, color=[_color(figure) for figure in group])  # fmt: skip
        panel.bar_label(bars, labels=[f"{rate:.2f}" for rate in rates], padding=6, fontsize=9)
        panel.invert_yaxis()
        panel.set_title(f"{name} as shipped" if name == results.shipped else name, loc="left", fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1, 0].set_xlabel("documents a second")
    # Room for the last bar's label.
    panels[-1, 0].set_xlim(0, 1.12 * max(figure.spread[1] for figure in figures))
    drawing.suptitle(
        f"{results.model}, {results.workload.documents} documents, {results.machine.cores} cores\n{_rounds(results)}",
        fontsize=11,
    )
    try:
        drawing.savefig(path, format="png", dpi=150)
    except OSError as error:
        raise UsageError(f"The chart cannot be written to {path}: {error.strerror or error}.") from error
    finally:
        pyplot.close(drawing)


def _rounds(results: BenchResults) -> str:
    if results.repeats == 1:
        return "one round"
    return f"medians of {results.repeats} rounds; lines from the slowest to the fastest"


def _error_bars(group: list[Figure]) -> list[list[float]]:
    return [
        [figure.documents_per_second - figure.spread[0] for figure in group],
        [figure.spread[1] - figure.documents_per_second for figure in group],
    ]


def _color(figure: Figure) -> str:
    return "#1f6f8b" if figure.case.system in ("lanes", "pipeline") else "#b0b7bd"
