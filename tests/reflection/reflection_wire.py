"""A reflector at the end of the real wire, in process: pydantic-ai's OpenAI model against a simulated server."""

from pydantic_ai.models.openai import OpenAIChatModel

from spanwright.models import Retries
from spanwright.models.calls import Backoff
from spanwright.reflection import ModelReflector, Rung
from spanwright.testing.simulated.answers import Question
from spanwright.testing.simulated.canned import Scripted
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.refusals import without_json_schema, without_response_format, without_tools
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process

PROFILES = {
    Rung.TOOL: {},
    Rung.NATIVE: {"supports_tools": False, "supports_json_schema_output": True},
    Rung.PROMPTED: {"supports_tools": False, "supports_json_schema_output": False},
    Rung.TAGGED: {"default_structured_output_mode": "prompted"},
}
FORMS = (without_tools, without_json_schema, without_response_format)
GOOD = Scripted(lambda request: (asked := Question.of(request)).said(asked.good))
"""A model that always answers well, in the form that it is asked for."""


def reflector(model, *, rung=Rung.TOOL, refusals=(), faults=(), name="reflect", window=None, **options):
    """Return a reflector that begins at `rung`, and the log of the server that it asks.

    `window` is what the model's profile says of its context window.
    """
    log = CallLog()
    refused = (*refusals, *(FORMS if rung is Rung.TAGGED else ()))
    app = simulated_app({"*": model}, refusals={"*": refused}, faults=faults, log=log)
    asked = OpenAIChatModel(name, provider=in_process(app), profile=PROFILES[rung] | {"context_window": window})
    retries = Retries(backoff=Backoff(tries=3, first=0.0, longest=0.0))
    return ModelReflector(asked, retries=retries, **options), log


class Series:
    """Answers each request with the next of `replies`, a function of the request, and repeats the last."""

    def __init__(self, *replies):
        self.replies = replies
        self.requests = []

    def reply(self, request, draws):
        self.requests.append(request)
        return self.replies[min(len(self.requests), len(self.replies)) - 1](request)
