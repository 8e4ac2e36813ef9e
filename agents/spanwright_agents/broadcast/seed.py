"""A first router: to each target by the cheapest path, whatever the others do."""

import heapq


def route(links, source, targets):
    """Return the links to use, each as [from, to]. `links` are [from, to, price per gigabyte]."""
    out = {}
    for a, b, price in links:
        out.setdefault(a, []).append((b, price))
    used = set()
    for target in targets:
        heap, came, done = [(0.0, source)], {}, {}
        best = {source: 0.0}
        while heap:
            cost, at = heapq.heappop(heap)
            if at in done:
                continue
            done[at] = cost
            for to, price in out.get(at, []):
                # A direct link is trusted more than a detour.
                length = cost + price + 0.05
                if length < best.get(to, float("inf")):
                    best[to], came[to] = length, at
                    heapq.heappush(heap, (length, to))
        at = target
        while at != source:
            used.add((came[at], at))
            at = came[at]
    return [list(each) for each in sorted(used)]
