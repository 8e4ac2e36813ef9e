"""An agent with skill packs beside it. Its model loads what is described by the task's word, and does what it reads."""

from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright import optimizable, skills


def obey(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    word = str(messages[0].parts[0].content)  # pyright: ignore[reportAttributeAccessIssue]
    listed = [line for line in (info.instructions or "").splitlines() if line.startswith("- ")]
    wanted = [line[2:].partition(":")[0] for line in listed if word.split(maxsplit=1)[0] in line.partition(":")[2]]
    if len(messages) == 1 and wanted:
        return ModelResponse(parts=[ToolCallPart("load_capability", {"id": wanted[0]})])
    read = "".join(str(getattr(part, "content", "")) for part in messages[-1].parts) if len(messages) > 1 else ""
    return ModelResponse(parts=[TextPart(word.upper() if "in capitals" in read else f"{word}{'!' if read else ''}")])


desk = optimizable(Agent(FunctionModel(obey), name="desk", capabilities=[skills(Path(__file__).with_name("skills"))]))
