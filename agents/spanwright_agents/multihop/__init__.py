"""Multi-hop questions about a country that does not exist: a program of two agents, and a library to search."""

from spanwright_agents.multihop.evals import Topic, questions
from spanwright_agents.multihop.program import Answer, answer_question, answerer, query_writer

__all__ = ["Answer", "Topic", "answer_question", "answerer", "query_writer", "questions"]
