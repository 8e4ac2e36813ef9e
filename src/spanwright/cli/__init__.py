"""The command line: `spanwright demo | optimize | resume | runs | show | diff | components | traces | live`.

Exit codes: 0 better than the seed (or all is well), 1 an error, 2 a usage error, 3 nothing beat the seed, 4 paused and
resumable. Everything heavy is imported by the command that needs it, so that `--help` answers at once.
"""

from spanwright.cli.app import app, main

__all__ = ["app", "main"]
