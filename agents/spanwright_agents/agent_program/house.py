"""What an evolved program finds inside of the sandbox: a model of pydantic-ai that asks outside, a text at a time.

It is handed in as a file and imports nothing of Spanwright. The model knows texts alone: no tools, no other output.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

Chat = list[dict[str, str]]


def run(
    answer: Callable[[str, FunctionModel], Awaitable[object]],
    complete: Callable[[Chat], str],
    questions: Sequence[str],
) -> list[dict[str, str]]:
    """Let a program answer all questions, some at a time, and return what it said or raised."""
    return asyncio.run(_answered(answer, FunctionModel(_asking(complete)), questions))


def _asking(
    complete: Callable[[Chat], str],
) -> Callable[[list[ModelMessage], AgentInfo], Awaitable[ModelResponse]]:
    # One thread: whoever asks first is answered first, so that the same program gets the same answers.
    line = ThreadPoolExecutor(max_workers=1)

    async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if info.function_tools or info.output_tools:
            raise TypeError("this model answers in texts: no tools and no structured output")
        instructions = [{"role": "system", "content": info.instructions}] if info.instructions else []
        chat = [*instructions, *(turn for message in messages for turn in _turns(message))]
        said = await asyncio.get_running_loop().run_in_executor(line, complete, chat)
        return ModelResponse(parts=[TextPart(said)])

    return reply


def _turns(message: ModelMessage) -> Chat:
    """Return a message as turns of a chat."""
    if isinstance(message, ModelResponse):
        return [{"role": "assistant", "content": part.content} for part in message.parts if isinstance(part, TextPart)]
    assert isinstance(message, ModelRequest)
    turns: Chat = []
    for part in message.parts:
        if not isinstance(part, SystemPromptPart | UserPromptPart | RetryPromptPart) or not isinstance(
            part.content, str
        ):
            raise TypeError("this model reads texts alone")
        role = "system" if isinstance(part, SystemPromptPart) else "user"
        turns.append({"role": role, "content": part.content})
    return turns


async def _answered(
    answer: Callable[[str, FunctionModel], Awaitable[object]], model: FunctionModel, questions: Sequence[str]
) -> list[dict[str, str]]:
    room = asyncio.Semaphore(8)

    async def one(question: str) -> dict[str, str]:
        async with room:
            try:
                return {"said": str(await answer(question, model))}
            except Exception as error:  # noqa: BLE001  (what a program raises on a question is its answer)
                return {"raised": f"{type(error).__name__}: {error}"}

    return await asyncio.gather(*(one(question) for question in questions))
