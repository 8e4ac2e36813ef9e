"""Skills: instructions that an agent knows of by a sentence, and loads where it needs them."""

from spanwright.subject.skills.offered import CATALOG, Skill, components_of, dressed, skills_of
from spanwright.subject.skills.packs import Pack, instead_of_files, packs_of, skills
from spanwright.subject.skills.skill_file import FILE, SkillFile

__all__ = [
    "CATALOG",
    "FILE",
    "Pack",
    "Skill",
    "SkillFile",
    "components_of",
    "dressed",
    "instead_of_files",
    "packs_of",
    "skills",
    "skills_of",
]
