"""Who stands above whom in a tree of spans of which some may be missing."""

from collections.abc import Container, Mapping


class Ancestry:
    """Looks up ancestors, by span id."""

    def __init__(self, parents: Mapping[str, str]) -> None:
        self._parents = parents

    def nearest(self, span_id: str, among: Container[str]) -> str:
        """Return the nearest ancestor that is one of `among`, "" where there is none."""
        passed = {span_id}
        above = self._parents.get(span_id, "")
        while above and above not in passed:
            if above in among:
                return above
            passed.add(above)
            above = self._parents.get(above, "")
        return ""

    def top(self, span_id: str) -> str:
        """Return the highest ancestor that is named, whether or not its own span is there."""
        passed = {span_id}
        above = span_id
        while (parent := self._parents.get(above, "")) and parent not in passed:
            passed.add(parent)
            above = parent
        return above
