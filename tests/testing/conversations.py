"""Requests as an agent would send them, without an agent: tools, a task, and what the tools answered so far."""

import json
from typing import Any

from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool, ToolRequest


def tool(name, description="", **parameters):
    """Offer a tool: each parameter is its doc, or a whole JSON schema."""
    properties = {
        key: {"type": "string", "description": doc} if isinstance(doc, str) else doc for key, doc in parameters.items()
    }
    return OfferedTool(
        name=name,
        description=description,
        parameters={"type": "object", "properties": properties, "required": list(properties)},
    )


NUMBER = {"type": "number"}


class Conversation:
    """One conversation; every reply is a new serving."""

    def __init__(self, task, *tools, instructions="Help the customer.", model=None):
        self.model = model or TaskModel()
        self.tools = tools
        self.messages = [ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=task)]

    def ask(self, serving=0, **changes):
        """Return the model's reply to the conversation so far."""
        request = ChatRequest(model="sim-task", messages=tuple(self.messages), tools=tuple(self.tools), **changes)
        return self.model.reply(request, Draws(key=f"{serving}/{request.digest}"))

    def call(self, serving=0) -> tuple[Any, Any]:
        """Return the name and the arguments of the call that the model makes, (None, text) where it answers."""
        reply = self.ask(serving)
        if not reply.calls:
            return None, reply.text
        return reply.calls[0].name, json.loads(reply.calls[0].arguments)

    def calls(self, servings=200):
        """Return the calls of many servings of this same conversation."""
        return [self.call(serving) for serving in range(servings)]

    def happened(self, name, arguments, result):
        """Go on: this was called, and answered so."""
        call = ToolRequest(id=f"call_{len(self.messages)}", name=name, arguments=json.dumps(arguments))
        self.messages.append(ChatMessage(role="assistant", tool_calls=(call,)))
        self.messages.append(ChatMessage(role="tool", content=result, tool_call_id=call.id))
        return self


def share(values, wanted):
    """Return the share of `values` for which `wanted` holds."""
    values = list(values)
    return sum(map(bool, map(wanted, values))) / len(values)
