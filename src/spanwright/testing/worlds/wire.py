"""A world behind the wire: a pydantic-ai agent with the world's tools, and the simulated model that serves it.

The model gets the request that any provider would, and draws what `World.play` draws for the same texts, request and
serving: a play over the wire and one in process have the same outcome. The serving number travels as the request's
`seed`; where there is none, the server's own count of servings decides.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from pydantic_ai import Agent, ModelRetry, ModelSettings, Tool
from pydantic_ai.models import Model
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_evals import Case as EvalCase
from pydantic_evals import Dataset
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext
from starlette.applications import Starlette

from spanwright.core.candidate import ComponentId
from spanwright.core.case import Case
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import simulated_model
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest
from spanwright.testing.worlds.plan import AGENT, INSTRUCTIONS
from spanwright.testing.worlds.surface import Request, Wish, read_request
from spanwright.testing.worlds.telling import LOOK_UP, MODEL, Deed, parsed_docs, schema_of
from spanwright.testing.worlds.world import (
    REFLECTION,
    Lived,
    Played,
    World,
    answered,
    apology,
    called,
    is_work,
    served,
)


class WorldTaskModel:
    """The task model as a `SimulatedModel`: everything that it decides follows from the request."""

    def __init__(self, world: World) -> None:
        self._world: Final = world

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Make the next call, or answer."""
        task = next(message.content for message in request.messages if message.role == "user")
        wanted = read_request(task)
        if wanted is None:
            return ChatReply(text="I only serve requests.")
        mind, _ = self._world.mind(_texts(request, self._world))
        serving = _serving(request, draws)
        mine = served(mind, wanted, serving)
        if mind.gives_up(wanted, mine):
            return ChatReply(text=apology(mine))
        look_ups = self._world.environment.look_ups(wanted.number)
        step = sum(message.role == "tool" for message in request.messages)
        works = [wish for wish in wanted.wishes if is_work(wish)]
        if step < len(look_ups):
            return _call(look_ups[step].tool, look_ups[step].asked, f"{serving}.{step}")
        if step < len(look_ups) + len(works):
            tool, arguments = called(mind, works[step - len(look_ups)], task, mine)
            return _call(tool, Deed(tool=tool, arguments=arguments, result="").asked, f"{serving}.{step}")
        return ChatReply(text=answered(mind, wanted, task, mine))


def _call(tool: str, arguments: str, id: str) -> ChatReply:
    return ChatReply(calls=(ToolRequest(id=id, name=tool, arguments=arguments),), finish_reason="tool_calls")


def _serving(request: ChatRequest, draws: Draws) -> str:
    """Return which serving this is; a conversation that has begun carries it in the ids of its calls."""
    if request.seed is not None:
        return str(request.seed)
    begun = next((call.id for message in request.messages for call in message.tool_calls), "")
    return begun.partition(".")[0] or draws.key


def _texts(request: ChatRequest, world: World) -> Mapping[ComponentId, str]:
    """Return the texts of the components, as the request carries them."""
    texts = {component.id: "" for component in world.components}
    system = (message.content for message in request.messages if message.role in ("system", "developer"))
    texts[INSTRUCTIONS] = "\n\n".join(system)
    for tool in request.tools:
        place = f"{AGENT}/tool:{tool.name}"
        docs = {f"{place}/{name}": doc for name, doc in parsed_docs(tool.parameters).items()}
        texts.update({id: text for id, text in {place: tool.description, **docs}.items() if id in texts})
    return texts


def models(world: World) -> Mapping[str, Any]:
    """Return the models of a world's server, by name."""
    return {MODEL: WorldTaskModel(world), REFLECTION: world.reflector}


def world_app(world: World) -> Starlette:
    """Return the server of a world's models, to be called in process or hosted on a socket."""
    return simulated_app(models(world), salt=f"world {world.name} {world.salt}")


@dataclass(slots=True)
class Visit:
    """A request that is being served: its agent's tools write down here what they did."""

    request: Request
    deeds: list[Deed] = field(default_factory=list[Deed])

    def next_wish(self) -> Wish:
        """Return the wish that is served next; one without values where there is none left."""
        works = [wish for wish in self.request.wishes if is_work(wish)]
        done = sum(deed.tool != LOOK_UP for deed in self.deeds)
        return works[done] if done < len(works) else Wish(phrase="")


class Desk:
    """The place at which a world's agents serve requests: agents with any texts, and what they did.

    `agent` is one with the seed's texts, for whoever optimizes it as it is: `desk.serve` takes a case's inputs, and
    `desk.dataset()` says how good its outcome is. `play` tries any texts, as `World.play` does.
    """

    def __init__(self, world: World, provider: OpenAIProvider) -> None:
        self._world: Final = world
        self._model: Final[Model] = simulated_model(MODEL, provider)
        self._visit: Final = ContextVar[Visit]("visit")
        self._agents: Final = lru_cache(maxsize=64)(self._agent)
        self.agent: Final = self._agents(tuple(sorted(world.seed_texts.items())))

    async def serve(self, request: str) -> Lived:
        """Let the agent serve a request."""
        return await self._served(self.agent, request, None)

    async def play(self, texts: Mapping[ComponentId, str], case: Case, serving: int) -> Played:
        """Try texts on a case over the wire. Its outcome is that of `World.play`."""
        agent = self._agents(tuple(sorted(texts.items())))
        lived = await self._served(agent, str(case.inputs), serving)
        return self._world.judged(case, lived, self._world.mind(texts)[1])

    def dataset(self, cases: tuple[Case, ...]) -> Dataset[str, Lived, Any]:
        """Return cases with the world's judge."""
        rows = [EvalCase[str, Lived, Any](name=case.id, inputs=str(case.inputs)) for case in cases]
        return Dataset(name=self._world.name, cases=rows, evaluators=[_Judge(self._world, cases)])

    async def _served(self, agent: Agent[None, str], text: str, seed: int | None) -> Lived:
        request = read_request(text)
        assert request is not None, "cases of a world are requests"
        visit = Visit(request=request)
        token = self._visit.set(visit)
        try:
            settings = ModelSettings(seed=seed) if seed is not None else None
            result = await agent.run(text, model_settings=settings)
        finally:
            self._visit.reset(token)
        return Lived(deeds=tuple(visit.deeds), answer=result.output)

    def _agent(self, texts: tuple[tuple[ComponentId, str], ...]) -> Agent[None, str]:
        known = dict(texts)
        tools = [self._tool(tool.name, known) for tool in self._world.environment.plan.tools]
        if self._world.family.turns[1]:
            tools.append(self._look_up())
        return Agent(
            self._model, deps_type=type(None), name=AGENT, instructions=known[INSTRUCTIONS], tools=tools, retries=2
        )

    def _tool(self, name: str, texts: Mapping[ComponentId, str]) -> Tool[None]:
        plan, environment = self._world.environment.plan, self._world.environment
        tool = next(tool for tool in plan.tools if tool.name == name)

        async def work(**arguments: str) -> str:
            visit = self._visit.get()
            result, refused = environment.answer(visit.request, visit.next_wish(), name, arguments)
            visit.deeds.append(Deed(tool=name, arguments=arguments, result=result, refused=refused))
            if refused:
                raise ModelRetry(result)
            return result

        return Tool[None].from_schema(
            work, name=name, description=texts.get(tool.id, tool.description), json_schema=schema_of(tool, texts)
        )

    def _look_up(self) -> Tool[None]:
        environment = self._world.environment

        async def look_up(entry: int) -> str:
            """Look an entry of the files up."""
            deed = environment.look_up(f"{entry:07d}")
            self._visit.get().deeds.append(deed)
            return deed.result

        return Tool(look_up)


@dataclass
class _Judge(Evaluator[str, Lived, Any]):
    world: World
    cases: tuple[Case, ...]

    def evaluate(self, ctx: EvaluatorContext[str, Lived, Any]) -> EvaluationReason:
        case = next(case for case in self.cases if case.id == ctx.name)
        played = self.world.judged(case, ctx.output, self.world.mind(self.world.seed_texts)[1])
        return EvaluationReason(played.score, reason=played.feedback)
