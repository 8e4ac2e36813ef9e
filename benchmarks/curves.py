"""Plots, with matplotlib: `pip install "spanwright[benchmarks]"`."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

import numpy as np
from comparing import grouped, quality_at
from contest import Course

Line: TypeAlias = tuple[Sequence[float], Sequence[float]]
"""Places and values."""


def plots(courses: Iterable[Course], folder: Path) -> None:
    """Draw true quality against rollouts and against time, a file for each budget and width."""
    for (budget, width), results in grouped(courses).items():
        longest = max(course.seconds for course in results.courses)
        steps = np.linspace(0, budget, 200).tolist()
        moments = np.geomspace(longest / 500, longest, 200).tolist()
        by_rollouts: dict[str, Line] = {}
        by_time: dict[str, Line] = {}
        for arm in results.arms:
            own = results.of(arm)
            by_rollouts[arm] = steps, [100 * fmean(course.at(int(step)) for course in own) for step in steps]
            by_time[arm] = moments, [100 * fmean(quality_at(course, when) for course in own) for when in moments]
        draw(
            folder / f"quality_{budget}_{width}.svg",
            {"rollouts": by_rollouts, "time (rollout median 1)": by_time},
            log=("time (rollout median 1)",),
            title=f"{budget} rollouts, {width} at once; simulated models",
        )


def draw(file: Path, panels: Mapping[str, Mapping[str, Line]], *, title: str, log: Sequence[str] = ()) -> None:
    """Draw panels side by side, by what lies along; each holds lines by name. `log` names those on a log scale."""
    plt = _pyplot()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(1, len(panels), figsize=(6 * len(panels), 4.5), sharey=True, squeeze=False)
    for axis, (along, lines) in zip(axes[0], panels.items(), strict=True):
        for name, (places, values) in lines.items():
            axis.plot(places, values, label=name, marker="o" if len(places) < 20 else None)
        axis.set(xlabel=along, xscale="log" if along in log else "linear")
        axis.legend(fontsize="small")
    axes[0][0].set(ylabel="true score, points")
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(file)
    plt.close(figure)


def _pyplot() -> Any:
    importlib.import_module("matplotlib").use("Agg")  # half a second that only plots need; untyped for us
    return importlib.import_module("matplotlib.pyplot")
