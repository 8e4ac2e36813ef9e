"""A run improves the skill packs of an agent: when one is loaded, and what it then says."""

import json
import shutil
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext

from spanwright import Budget, Evals, Proposal, Reflection, ReflectionContext, Result, Run, optimize

PACK = "---\nname: {name}\ndescription: {description}\nlicense: MIT\n---\n\n{body}\n"
BETTER = {
    "desk/skill:shouting": "Load it for greetings and the like.",
    "desk/skill:shouting/body": "Answer in capitals.",
}
WORDS = [f"greetings {number}" for number in range(16)]


@dataclass
class Loud(Evaluator[str, str, dict[str, list[str]]]):
    """Half for having loaded the skill, half for what it should say."""

    def evaluate(self, ctx: EvaluatorContext[str, str, dict[str, list[str]]]) -> dict[str, bool]:
        return {"loaded": ctx.output != ctx.inputs, "capitals": ctx.output == ctx.expected_output}


class Teacher:
    """A reflector that improves one text after the other."""

    def __init__(self) -> None:
        self.contexts: list[ReflectionContext] = []

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.contexts.append(context)
        new = {id: text for id, text in BETTER.items() if id in {each.id for each in context.components}}
        new = new or {each.id: each.text + " Please." for each in context.components}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=new))


@pytest.fixture
def module(tmp_path, monkeypatch) -> ModuleType:
    for name, description, body in (("shouting", "Loud words.", "Speak up."), ("spelling", "Letters.", "Look it up.")):
        (tmp_path / "skills" / name).mkdir(parents=True)
        (tmp_path / "skills" / name / "SKILL.md").write_text(PACK.format(name=name, description=description, body=body))
    name = f"skilled_desk_{tmp_path.name}"
    shutil.copy(Path(__file__).with_name("skilled_desk.py"), tmp_path / f"{name}.py")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return import_module(name)


async def improved(module: ModuleType, teacher: Teacher, store: str | Path = ":memory:") -> Result:
    cases = [
        Case(name=word, inputs=word, expected_output=word.upper(), metadata={"expected_tools": ["skill:shouting"]})
        for word in WORDS
    ]
    return await optimize(
        module.desk,
        Evals(cases=Dataset(name="words", cases=cases, evaluators=[Loud()])),
        components="desk/skill:*",
        reflection_model=teacher,
        budget=Budget(rollouts=80),
        store=store,
        run=Run(progress=False),
    )


async def test_a_description_and_a_body_get_better(module, tmp_path):
    teacher = Teacher()

    result = await improved(module, teacher)
    result.save(tmp_path / "champion.json")

    assert result.difference.mean == 1
    assert BETTER.items() <= result.best.texts.items()
    assert BETTER.items() <= json.loads((tmp_path / "champion.json").read_text())["texts"].items()
    assert result.tools.seed.tools["skill:shouting"].missed > 0
    assert 0 == result.tools.best.tools["skill:shouting"].missed < result.tools.best.tools["skill:shouting"].called


@pytest.mark.slow
async def test_the_winner_is_written_back_into_the_packs(module, tmp_path):
    result = await improved(module, Teacher())

    planned = result.write_back(module.desk)
    before = (tmp_path / "skills" / "shouting" / "SKILL.md").read_text()
    written = result.write_back(module.desk, write=True)

    assert "Loud words." in before
    assert tuple(sorted(BETTER)) == planned.components == written.components
    assert "+description: Load it for greetings" in planned.diff
    assert (tmp_path / "skills" / "shouting" / "SKILL.md").read_text() == PACK.format(
        name="shouting", description=BETTER["desk/skill:shouting"], body=BETTER["desk/skill:shouting/body"]
    )
