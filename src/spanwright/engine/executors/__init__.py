"""Where rollouts are done: in this process, in worker processes, or on a Ray cluster. One protocol, three ways.

protocol    what an executor is to the engine: jobs go in, values come out
here        this process, the default
messages    what goes to a worker and back, as JSON
worker      the far side: an event loop with many rollouts in flight
crew        the near side: who does what, who was lost, and whose request may start
processes   workers that are processes of this machine
ray         workers that are actors of a Ray cluster
"""

from spanwright.engine.executors.here import Here, InProcess
from spanwright.engine.executors.protocol import Cut, Executor, Job, Site, Tried, Workplace, World

__all__ = ["Cut", "Executor", "Here", "InProcess", "Job", "Site", "Tried", "Workplace", "World"]
