"""Simulated task and reflection models: they stand in for a provider, behind the wire that a provider has.

They read requests and nothing else: prompt in, text or tool calls out. The truth about a task lives in its environment.
"""
