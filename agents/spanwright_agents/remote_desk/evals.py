"""What the optimizer needs: where the service is, and tickets whose outcome comes back as JSON.

spanwright optimize spanwright_agents.remote_desk.evals:service --evals spanwright_agents.remote_desk.evals:tickets
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

from spanwright import HttpSubject
from spanwright_agents.support_desk.desk import Ended
from spanwright_agents.support_desk.evals import Ticket
from spanwright_agents.support_desk.evals import tickets as local_tickets
from spanwright_evaluators.end_state import judged

URL = "http://127.0.0.1:8100/ticket"

service = HttpSubject(URL)


@dataclass
class EndStateInJson(Evaluator[str, object, Ticket]):
    """Assert that the books are as expected, and that the reply contains what it has to."""

    def evaluate(self, ctx: EvaluatorContext[str, object, Ticket]) -> Mapping[str, EvaluationReason]:
        ended = TypeAdapter(Ended)
        return judged(ended.validate_python(ctx.output), ended.validate_python(ctx.expected_output))


def tickets() -> Dataset[str, object, Ticket]:
    """Load the support desk's tickets, with a judge that reads what the service answers."""
    cases = [
        Case[str, object, Ticket](
            name=each.name, inputs=each.inputs, metadata=each.metadata, expected_output=each.expected_output
        )
        for each in local_tickets().cases
    ]
    return Dataset[str, object, Ticket](name="remote_desk", cases=cases, evaluators=[EndStateInJson()])
