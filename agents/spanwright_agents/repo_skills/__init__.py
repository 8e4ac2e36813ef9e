"""A coding agent on a small repository of our own, and the skill that it learns from the tasks there."""
