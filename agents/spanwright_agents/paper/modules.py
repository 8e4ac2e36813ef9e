"""Modules as the paper's programs have them: named fields in, reasoning and one field out, one text that is evolved.

The paper wrote them in DSPy (`ChainOfThought("question, passages -> summary")`), whose instructions alone change. Here
each is a pydantic-ai agent with the same instructions; the fields stand in the request between DSPy's markers, and
the answer is read by them. An answer without its field is asked for once more, then it is the candidate's fault.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic_ai import Agent, ModelRetry, TextOutput

MODEL: Final = "openai:gpt-4.1-mini"
REASONING: Final = "reasoning"
_MARKER: Final = re.compile(r"^\[\[ ## (?P<name>\w+) ## \]\]", re.MULTILINE)

Given: TypeAlias = str | Sequence[str]
"""What a field holds: a text, or a list of passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One step of a program."""

    agent: Agent[None, str]
    inputs: tuple[str, ...]
    output: str
    reasons: bool = True
    """Whether it thinks before it answers: DSPy's ChainOfThought does, its Predict does not."""
    hints: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the signature says of a field, by its name. It is never evolved."""

    @property
    def component(self) -> str:
        """The address of the one text that is evolved."""
        return f"{self.agent.name}/instructions"

    async def __call__(self, **given: Given) -> str:
        """Return the output for all of the module's inputs."""
        assert set(given) == set(self.inputs), f"{self.agent.name} takes {self.inputs}"
        return (await self.agent.run(self.request(given))).output

    def request(self, given: Mapping[str, Given]) -> str:
        """Return what the model is asked."""
        hints = "\n".join(f"`{name}`: {hint}" for name, hint in self.hints.items())
        fields = (f"{_marked(name)}\n{_told(given[name])}" for name in self.inputs)
        return "\n\n".join(filter(None, (hints, *fields, self._form())))

    def _form(self) -> str:
        wanted = [f"`{_marked(name)}`" for name in (*((REASONING,) if self.reasons else ()), self.output)]
        order = f"starting with the field {', then '.join(wanted)}, and then ending with `{_marked('completed')}`"
        return f"Respond with the corresponding output fields, {order}."


def chain_of_thought(
    name: str,
    inputs: tuple[str, ...],
    output: str,
    instructions: str = "",
    *,
    reasons: bool = True,
    hints: Mapping[str, str] | None = None,
) -> Module:
    """Return a module that reasons. Without instructions it has those that DSPy writes for its fields."""

    def read(text: str) -> str:
        return answered(text, output)

    agent = Agent(
        MODEL,
        name=name,
        instructions=instructions or default_instructions(inputs, output),
        output_type=TextOutput(read),
        retries=1,
        defer_model_check=True,
    )
    return Module(agent=agent, inputs=inputs, output=output, reasons=reasons, hints=hints or {})


def default_instructions(inputs: Iterable[str], output: str) -> str:
    """Return what DSPy instructs where a signature says nothing but its fields."""
    return f"Given the fields {', '.join(f'`{name}`' for name in inputs)}, produce the fields `{output}`."


def answered(text: str, output: str) -> str:
    """Return a field of an answer. Raises ModelRetry where the answer has no such field."""
    found = fields_of(text)
    if output not in found:
        raise ModelRetry(f"The answer has no field {_marked(output)}: write that line, and your {output} below it")
    return found[output]


def fields_of(text: str) -> Mapping[str, str]:
    """Return the fields of a text by name; where one stands twice, its last content."""
    marks = list(_MARKER.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    return (
        {mark["name"]: text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)} if marks else {}
    )


def _marked(name: str) -> str:
    return f"[[ ## {name} ## ]]"


def _told(given: Given) -> str:
    """Return a field's content; passages are numbered, as DSPy numbers them."""
    if isinstance(given, str):
        return given
    return "\n".join(f"[{number}] «{passage}»" for number, passage in enumerate(given, 1)) or "N/A"
