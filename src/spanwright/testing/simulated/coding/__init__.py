"""Work on a repository: a task model's skill of editing files, and a reflector's of learning from failed builds."""

from spanwright.testing.simulated.coding.coding import CodingSkill
from spanwright.testing.simulated.coding.maintaining import Maintainer, is_about_builds

__all__ = ["CodingSkill", "Maintainer", "is_about_builds"]
