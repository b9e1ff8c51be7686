"""Prints a table of the runs in the given out directories of `sslcuda train`."""

import json
import pathlib
import sys

HEADINGS = ("program", "loss, first epoch", "last epoch", "kNN accuracy", "raw pixels", "trained in")


def row(directory):
    summary = json.loads((pathlib.Path(directory) / "summary.json").read_text())
    knn = summary.get("eval", {}).get("knn", {})
    accuracies = [
        f"{100 * knn[features]['k20']['accuracy']:.2f} %" if features in knn else "-"
        for features in ("backbone", "raw_pixels")
    ]
    losses = summary["epoch_losses"]
    return (
        summary["program"],
        f"{losses[0]:.5f}",
        f"{losses[-1]:.5f}",
        *accuracies,
        f"{summary['seconds']:.1f} s",
    )


def main(directories):
    rows = [HEADINGS, *(row(directory) for directory in directories)]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(HEADINGS))]
    for cells in rows:
        print("  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])]))


if __name__ == "__main__":
    main(sys.argv[1:])
