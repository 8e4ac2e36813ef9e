r"""What is optimized: the skill of the agent `coder`, and the program `solve` that lets it work on one task.

spanwright optimize spanwright_agents.repo_skills.agent:solve --evals spanwright_agents.repo_skills.evals:issues \
    --components "coder/skill:*"
"""

from collections.abc import Awaitable, Callable
from typing import Final

from pydantic_ai import Agent, UsageLimits

from spanwright import optimizable, skills
from spanwright_agents.repo_skills.bench import HERE, read_repository, tasks
from spanwright_evaluators.repository import TOOLS, Assignment, Repository, Work, WorkingCopy

MODEL: Final = "openai:gpt-5-mini"
MOST_REQUESTS: Final = 40


def build() -> Agent[WorkingCopy, str]:
    """Return the agent with the skill as it was before anybody learned anything."""
    return Agent(
        MODEL,
        name="coder",
        deps_type=WorkingCopy,
        instructions="Solve the issue in the repository. Say in a sentence what you changed.",
        tools=TOOLS,
        capabilities=[skills(HERE / "skills")],
        retries=6,
        defer_model_check=True,
    )


def program(
    agent: Agent[WorkingCopy, str], repository: Callable[[], Repository] = read_repository
) -> Callable[[Assignment], Awaitable[Work]]:
    """Return the program that lets an agent solve one task on a fresh copy of a repository.

    The repository is read when the first task is worked on: without a sandbox only that is refused.
    """

    @optimizable(agents=[agent])
    async def solve(assignment: Assignment) -> Work:
        """Solve an issue, and leave the changed files behind."""
        copy = WorkingCopy.of(repository(), tasks()[assignment.task])
        answer = await agent.run(assignment.issue, deps=copy, usage_limits=UsageLimits(request_limit=MOST_REQUESTS))
        return copy.work(answer.output)

    return solve


coder = optimizable(build())
solve = program(coder)
