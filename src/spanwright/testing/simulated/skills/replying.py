"""The words at the end: what was done, and what the texts want every reply to state."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from spanwright.testing.simulated.conventions import Subject, obeyed_all
from spanwright.testing.simulated.english import ENGLISH
from spanwright.testing.simulated.reading import ParameterReading, Reading, Step, ToolReading
from spanwright.testing.simulated.skills.arguments import Filling
from spanwright.testing.simulated.skills.progress import Stand, facts
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest
from spanwright.testing.simulated.words import stems

SORRY: Final = "I am sorry, I could not do that for you."
_CUSTOMARY: Final = ("ref", "amount")
_REF: Final = ENGLISH.slots["ref"]


def last_words(stands: Sequence[Stand], reading: Reading, draws: Draws) -> str:
    """Return the reply to the customer."""
    return " ".join(_sentence(stand, reading, draws) for stand in stands)


def answered(text: str, request: ChatRequest, stands: Sequence[Stand], reading: Reading, draws: Draws) -> ChatReply:
    """Give a reply in the form that the request asks for: an output tool, JSON, or plain text."""
    if reading.outputs:
        output = draws.choice(reading.outputs, "output")
        arguments = json.dumps(_fields(output, text, stands, reading, draws), ensure_ascii=False)
        call = ToolRequest(id=call_id(draws), name=output.name, arguments=arguments)
        return ChatReply(calls=(call,), finish_reason="tool_calls")
    return ChatReply(text=text if request.response_format == "text" else json.dumps({"reply": text}))


def call_id(draws: Draws) -> str:
    """Return an id for a tool call."""
    return f"call_{int(draws.uniform('id') * 2**48):012x}"


def _sentence(stand: Stand, reading: Reading, draws: Draws) -> str:
    step = stand.served
    if step is None:
        return SORRY
    tool = reading.tool(step.tool)
    if stand.goal.wish.mode == "read" and tool is not None and not _passed_on(step):
        sentence = f"{stand.goal.wish.done} {_told(step)}".strip()
    elif _passed_on(step) and stand.goal.wish.name != "complaint":
        sentence = "I passed it on to my colleagues."
    else:
        sentence = stand.goal.wish.done
    wanted = _wanted(stand, tool, reading, draws)
    return f"{sentence} ({', '.join(wanted)})" if wanted else sentence


def _passed_on(step: Step) -> bool:
    return any(stems(name) & ENGLISH.slots["team"] for name in step.arguments)


def _told(step: Step) -> str:
    said = [str(fact.value) for fact in facts(step.result) if not fact.key & _REF]
    return f"{', '.join(said)}." if said else step.result


def _wanted(stand: Stand, tool: ToolReading | None, reading: Reading, draws: Draws) -> list[str]:
    """Return what the reply has to state besides, as far as it is known."""
    topic = stand.goal.wish.stems
    subject = Subject(tool=tool, topic=topic, foreign=ENGLISH.foreign(topic))
    items = [directive.slot("item") for directive in obeyed_all("reply", reading, draws, subject=subject)]
    items += [item for item in _CUSTOMARY if draws.chance(reading.habits.chatty, "chatty", item, *stand.goal.refs)]
    if tool is None or stand.served is None:
        return []
    filling = Filling(reading=reading, draws=draws, stand=stand, tool=tool)
    used = {filling.slot(parameter): stand.served.arguments.get(parameter.name) for parameter in tool.parameters}
    money = filling.amount() if stand.goal.wish.payload == "amount" else None
    known = {
        "ref": used.get("ref") or filling.ref(),
        "amount": None if money is None else f"${money:.2f}",
        "date": used.get("date"),
        "team": used.get("team"),
        "status": stand.fact("status", "state"),
        "address": used.get("address"),
        "item": used.get("item") or stand.goal.item,
    }
    return [str(known[item]) for item in dict.fromkeys(items) if known.get(item)]


def _fields(
    output: ToolReading, text: str, stands: Sequence[Stand], reading: Reading, draws: Draws
) -> dict[str, object]:
    """Fill a structured answer: from the last goal where a field means something of it, with the reply elsewhere."""
    if not stands:
        return {parameter.name: _plain(parameter, text) for parameter in output.parameters if parameter.required}
    filling = Filling(reading=reading, draws=draws, stand=stands[-1], tool=output)
    filled = filling.arguments()
    for parameter in output.parameters:
        if parameter.type == "string" and filling.slot(parameter) in ("note", stands[-1].goal.wish.payload):
            filled[parameter.name] = text
        elif parameter.type == "boolean":
            filled[parameter.name] = all(stand.served is not None for stand in stands)
    return filled


def _plain(parameter: ParameterReading, text: str) -> object:
    if parameter.options:
        return parameter.options[0]
    empty: Mapping[str, object] = {"integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {}}
    return empty.get(parameter.type, text)
