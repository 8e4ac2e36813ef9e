"""A first packing: one circle in the middle, two rings around it, radii shrunk in turn until nothing overlaps."""

import math


def pack(n):
    """Return n circles in the unit square, each as [x, y, radius]."""
    centres = [[0.5, 0.5]]
    for i in range(8):
        angle = 2 * math.pi * i / 8
        centres.append([0.5 + 0.3 * math.cos(angle), 0.5 + 0.3 * math.sin(angle)])
    for i in range(n - 9):
        angle = 2 * math.pi * i / (n - 9)
        outer = [0.5 + 0.7 * math.cos(angle), 0.5 + 0.7 * math.sin(angle)]
        centres.append([min(max(value, 0.01), 0.99) for value in outer])
    radii = [min(x, y, 1 - x, 1 - y) for x, y in centres]
    for i in range(n):
        for j in range(i):
            apart = math.dist(centres[i], centres[j])
            if radii[i] + radii[j] > apart:
                shrink = apart / (radii[i] + radii[j]) * (1 - 1e-9)
                radii[i] *= shrink
                radii[j] *= shrink
    return [[x, y, r] for (x, y), r in zip(centres, radii)]
