"""How a process is shut in: the command line of bubblewrap, and whether it works on this machine."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from spanwright.sandbox.limits import Limits

INPUTS = "/inputs"
"""The folder in which code finds its files."""
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache")
_NOBODY = "65534"
_ENVIRONMENT = {
    # As many threads as there are cores would eat the memory limit up.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HOME": "/tmp",  # some libraries do not start for somebody who lives nowhere  # noqa: S108
}
"""All that stands in the environment."""
_SHARED = 1 << 20
"""Bytes in `/dev/shm`, where semaphores live: it counts for no limit of memory."""
_PROBE_SECONDS = 20.0


def python() -> Sequence[str]:
    """Return how the interpreter is started: apart from the user's settings and folders."""
    return (sys.executable, "-I", "-B")


def shut_in(limits: Limits, files: Mapping[str, int], filter_fd: int | None) -> Sequence[str]:
    """Return what to put before a command. `files` are open file descriptors by name, to be read in `/inputs`."""
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    words += ["--uid", _NOBODY, "--gid", _NOBODY, "--hostname", "sandbox"]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(_SHARED), "--tmpfs", "/dev/shm"]  # noqa: S108
    words += ["--size", str(limits.files), "--tmpfs", "/tmp"]  # noqa: S108
    for folder in _visible():  # after /tmp is emptied: an interpreter may live there
        words += ["--ro-bind", folder, folder]
    for name, descriptor in files.items():
        words += ["--ro-bind-data", str(descriptor), f"{INPUTS}/{name}"]
    # What is in memory and has no size would be a way around the limits; and whoever root started is root to /proc/sys.
    for place in ("/proc", "/dev", "/"):
        words += ["--remount-ro", place]
    for name, value in _ENVIRONMENT.items():
        words += ["--setenv", name, value]
    if filter_fd is not None:
        words += ["--seccomp", str(filter_fd)]
    return (*words, "--chdir", "/tmp", "--")  # noqa: S108


def bare_environment() -> Mapping[str, str]:
    """Return the environment of a process without a sandbox."""
    return _ENVIRONMENT


@cache
def _visible() -> Sequence[str]:
    """Return the folders that an interpreter needs, and the files of nobody."""
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(sys.executable).resolve().parent)}
    roots |= {sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    wanted = [each for each in (*_SYSTEM, *sorted(roots, key=len)) if os.path.lexists(each)]
    kept: list[str] = []
    for each in wanted:
        if not any(each == other or each.startswith(f"{other}/") for other in kept):
            kept.append(each)
    return tuple(kept)


@cache
def obstacle() -> str:
    """Return why there is no sandbox on this machine, "" where there is one. It is found out once, by trying."""
    if sys.platform != "linux":
        return f"bubblewrap runs on Linux alone, and this is {sys.platform}"
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    command = [*shut_in(Limits(), {}, None), *python(), "-c", "print('inside')"]
    try:
        tried = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be started: {error}"
    if tried.stdout.strip() != b"inside":
        said = tried.stderr.decode("utf-8", "replace").strip()[:300] or f"it ended with {tried.returncode}"
        return f"bubblewrap does not work here: {said}"
    return ""
