"""The program: a query writer searches the library, an answerer answers from what was found.

The instructions and docstrings are as vague as people write them: to make them better is the optimizer's task.
"""

from dataclasses import dataclass, field

from pydantic_ai import Agent, RunContext, UsageLimits

from spanwright import optimizable
from spanwright_agents.multihop.library import Finding, Library, Passage, library

MODEL = "openai:gpt-5-mini"
MOST_REQUESTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, and the titles of the passages that it was given from."""

    text: str
    titles: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Desk:
    """A reader's desk: the passages that lie on it pile up search by search. Each question has a desk of its own."""

    library: Library
    passages: dict[str, Passage] = field(default_factory=dict[str, Passage])

    def search(self, query: str) -> Finding:
        """Search the library and keep what was found."""
        finding = self.library.search(query)
        self.passages.update((passage.title, passage) for passage in finding.passages)
        return finding


query_writer = Agent(
    MODEL, name="query_writer", deps_type=Desk, instructions="Write a search query.", defer_model_check=True
)

answerer = Agent(MODEL, name="answerer", instructions="Answer the question.", defer_model_check=True)


@query_writer.tool
async def search(ctx: RunContext[Desk], query: str) -> str:
    """Search.

    Args:
        query: The query.
    """
    finding = ctx.deps.search(query)
    if not finding.passages:
        return f"No results for [{finding.words}]."
    return f"Results for [{finding.words}]:\n\n{printed(finding.passages)}"


@optimizable(agents=[query_writer, answerer])
async def answer_question(question: str) -> Answer:
    """Find passages for the question and answer it from them."""
    desk = Desk(library=library())
    limits = UsageLimits(request_limit=MOST_REQUESTS)
    written = await query_writer.run(f"Question: {question}", deps=desk, usage_limits=limits)
    if not desk.passages:
        desk.search(written.output)  # some models write their query as an answer instead of calling the tool
    passages = tuple(desk.passages.values())
    reply = await answerer.run(f"Question: {question}\n\nPassages:\n\n{printed(passages)}")
    return Answer(text=reply.output, titles=tuple(passage.title for passage in passages))


def printed(passages: tuple[Passage, ...]) -> str:
    """Return passages as a model reads them."""
    return "\n\n".join(f"# {passage.title}\n{passage.text}" for passage in passages)
