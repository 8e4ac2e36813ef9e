"""What reflections named as the cause and could not edit: the texts that a diagnosis asks for.

Like a lesson, a suspicion belongs to a component's text: once that is edited, it is settled.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from spanwright.core.candidate import Candidate, ComponentId
from spanwright.core.proposal import Proposal, Refusal


class Suspicions:
    """Folds the answers of reflections."""

    def __init__(self) -> None:
        self._times: Counter[tuple[ComponentId, str]] = Counter()

    def note(self, parent: Candidate, result: Proposal | Refusal) -> None:
        """Take note of what an answer named and left alone."""
        edited = result.edits if isinstance(result, Proposal) else ()
        for component in result.suspected:
            if component in parent.texts and component not in edited:
                self._times[component, parent.texts[component]] += 1

    def of(self, candidate: Candidate, components: Iterable[ComponentId]) -> Mapping[ComponentId, int]:
        """Return how many reflections asked in vain for each of these components of a candidate."""
        asked = {each: self._times[each, candidate.texts.get(each, "")] for each in components}
        return {component: times for component, times in asked.items() if times}
