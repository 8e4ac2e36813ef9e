"""The commands and their options. What each does is in a module of its own, imported when the command is given."""
