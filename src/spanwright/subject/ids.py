"""The ids of components, from pydantic-ai's own names for instructions, tools and outputs.

support/instructions                    the agent's own static instructions
support/instructions:toolset:crm        an instruction part by its pydantic-ai id
support/instructions:template           a template among the agent's instructions: its source
support/setting:temperature             a setting of the agent's model, or the model: one of a few values
support/demonstrations                  worked examples, sent after the instructions
support/system_prompt, .../system_prompt:1
support/tool:search                     a tool's description
support/tool_name:search                the name by which the model knows a tool
support/tool:search/filters/city        a place in its JSON schema
support/output:final_result/total       the same for an output tool or an output object
"""

from typing import Protocol

from spanwright.core.candidate import ComponentId

OWN_INSTRUCTIONS = "agent"
"""pydantic-ai's id of an agent's own static instructions."""

OUTPUT = "final_result"
"""The name under which a native or prompted output object is known, as if it were the default output tool."""


def instructions(agent: str, part: str = OWN_INSTRUCTIONS) -> ComponentId:
    """Return the id of an instruction part."""
    return f"{agent}/instructions" if part == OWN_INSTRUCTIONS else f"{agent}/instructions:{part}"


def template(agent: str, place: int) -> ComponentId:
    """Return the id of a template among an agent's instructions by its place, from 0."""
    return instructions(agent, f"template:{place}" if place else "template")


def system_prompt(agent: str, place: int) -> ComponentId:
    """Return the id of a static system prompt by its place, from 0."""
    return f"{agent}/system_prompt:{place}" if place else f"{agent}/system_prompt"


def tool(agent: str, name: str, path: str = "") -> ComponentId:
    """Return the id of a tool's description, or of a place in its schema."""
    return f"{agent}/tool:{name}/{path}" if path else f"{agent}/tool:{name}"


def tool_name(agent: str, name: str) -> ComponentId:
    """Return the id of the name by which the model knows a tool."""
    return f"{agent}/tool_name:{name}"


def skill(agent: str, name: str) -> ComponentId:
    """Return the id of what an agent is told of a skill before it loads it."""
    return f"{agent}/skill:{name}"


def skill_body(agent: str, name: str) -> ComponentId:
    """Return the id of what an agent reads once it has loaded a skill."""
    return f"{agent}/skill:{name}/body"


def setting(agent: str, name: str) -> ComponentId:
    """Return the id of a setting of an agent's model."""
    return f"{agent}/setting:{name}"


def demonstrations(agent: str) -> ComponentId:
    """Return the id of an agent's worked examples."""
    return f"{agent}/demonstrations"


def output(agent: str, name: str, path: str = "") -> ComponentId:
    """Return the id of an output's description, or of a place in its schema."""
    return f"{agent}/output:{name}/{path}" if path else f"{agent}/output:{name}"


class Address(Protocol):
    """Makes the id of something by the agent's name, its own name, and a path in its schema."""

    def __call__(self, agent: str, name: str, path: str = "") -> ComponentId:
        """Return the id."""
        ...
