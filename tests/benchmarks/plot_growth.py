"""Draws how the time of a flow grows with the number of buses, from results of bench_powerflow.

    bench_powerflow --benchmark_filter=case --benchmark_format=json > cases.json
    plot_growth.py growth.svg cases.json tiles.json

Every file becomes one line; the slope of the logarithms from 118 buses on (least squares) is in its label, that of all
files together in the title. Rows of a case that needs more than 7 iterations stand as points beside the line: they live
near their nose.
"""

import json
import math
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

SMALLEST = 118
MOST_ITERATIONS = 7


def rows(path):
    """(buses, ms per flow, iterations, ms of the twin), ascending by buses."""
    found = [(row["buses"], row["ms_per_flow"], row["iterations"], row["twin_ms_per_flow"])
             for row in json.loads(pathlib.Path(path).read_text(encoding="utf-8"))["benchmarks"] if "buses" in row]
    return sorted(found)


def slope(points):
    x = [math.log(p[0]) for p in points]
    y = [math.log(p[1]) for p in points]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x)


def main(target, *sources):
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    figure, axes = plt.subplots(figsize=(7, 4.5))
    together = []
    for source in sources:
        name = pathlib.Path(source).stem
        points = rows(source)
        tiled = "tile" in name
        ordinary = [p for p in points if p[0] >= SMALLEST and (tiled or p[2] <= MOST_ITERATIONS)]
        for part, style, who in ((1, "o-", "lanes"), (3, "s--", "twin")):
            line = [(p[0], p[part]) for p in ordinary]
            axes.plot(*zip(*line), style, label=f"{name}, {who}: slope {slope(line):.2f}")
        together += [(p[0], p[1]) for p in points if p[0] >= SMALLEST]
        beside = [p for p in points if p not in ordinary]
        if beside:
            axes.plot([p[0] for p in beside], [p[1] for p in beside], "x", color="grey")
        print(name, *(f"{who} {slope([(p[0], p[part]) for p in ordinary]):.3f}" for part, who in ((1, "lanes"), (3, "twin"))),
              f"per iteration {slope([(p[0], p[1] / p[2]) for p in ordinary]):.3f}",
              f"with those beside {slope([p for p in points if p[0] >= SMALLEST]):.3f}")
    print("together", f"{slope(together):.3f}")
    axes.set(xscale="log", yscale="log", xlabel="buses", ylabel="ms a flow, one thread",
             title=f"lanes, all grids together: slope {slope(together):.2f}")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
