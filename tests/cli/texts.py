"""Tasks for the command line, and a model for them."""

from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models.function import FunctionModel

from spanwright import TextTask


def evaluate(text):
    return -abs(int(text) - 5)


def count(messages, info):
    said = messages[-1].parts[-1].content
    now = int(said.split("text-", 1)[1].split("\n", 2)[1])
    edits = [{"component": "text", "why": "nearer", "text": str(now + 1)}]
    return ModelResponse(parts=[ToolCallPart("propose", {"diagnosis": "too small", "edits": edits, "lessons": []})])


task = TextTask(seed="1", evaluate=evaluate, objective="Find five.")
several = TextTask(seed={"a": "1", "b": "2"}, evaluate=lambda texts: evaluate(texts["a"]), objective="Find five.")
no_task = FunctionModel(count)
