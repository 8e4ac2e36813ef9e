import os
import subprocess
import sys


def test_help_answers_without_loading_an_agent_framework():
    program = (
        "import sys; from typer.testing import CliRunner; from spanwright.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(sorted({'pydantic_ai', 'pydantic_evals', 'opentelemetry', 'scipy'} & sys.modules.keys()))"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)

    loaded = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )

    assert "[]\n" == loaded.stdout
