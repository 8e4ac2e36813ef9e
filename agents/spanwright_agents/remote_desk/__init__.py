"""The support desk once more, written with the OpenAI Agents SDK and run in a process of its own: see README.md."""
