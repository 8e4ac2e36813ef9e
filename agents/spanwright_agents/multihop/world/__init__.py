"""How Orrenmark, a country that does not exist, was made up: its facts, its prose, and questions about it.

Only `make_corpus.py` needs this; the agent reads the committed `corpus.jsonl`.
"""
