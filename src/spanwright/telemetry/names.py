"""The names under which Spanwright's own facts travel in attributes and baggage."""

PREFIX = "spanwright."
COMPONENTS = f"{PREFIX}components"
"""On a model call's span: the components whose text the request carries."""
