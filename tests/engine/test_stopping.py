"""Ends that come from outside: a stop drains, a cancellation cuts, time runs out; all of them can be resumed."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
from engine_trials import Terms, Trial, WrittenDown
from test_resume import ORDERED, Course, scored_twice, whole

from spanwright.core.events import AttemptStarted, RolloutStarted, RunEnded, SearchEnded, StopReason
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Budget
from spanwright.engine import Stop
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual
