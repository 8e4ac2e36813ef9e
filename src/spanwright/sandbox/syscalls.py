"""A filter of system calls, as the kernel reads it: a process may have threads, but start no other process.

Nor may it have memory that its limit does not count (files without a folder, System V's segments and queues), or
namespaces of its own, in which it would be root again.

A limit on the number of processes would do, but the kernel does not hold it against root, whoever root calls itself
inside. Elsewhere than on these machines that limit is all there is.
"""

import platform
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _FROM, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_OTHER_NUMBERS = 0x40000000
"""Where the numbers of x32 begin: the same calls again, on the same machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    audit: int
    clone: int
    clone3: int
    others: tuple[int, ...]
    """fork and vfork where they are calls of their own; memfd_create, shmget, msgget; unshare, setns."""


_EVERYWHERE = (425, 447)
"""io_uring_setup, memfd_secret: of one number on all machines."""


_MACHINES = {
    "x86_64": _Machine(audit=0xC000003E, clone=56, clone3=435, others=(57, 58, 319, 29, 68, 272, 308)),
    "aarch64": _Machine(audit=0xC00000B7, clone=220, clone3=435, others=(279, 194, 186, 97, 268)),
}


def no_processes() -> bytes | None:
    """Return the filter; None on a machine whose numbers of system calls are not known here."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return None
    program = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),  # calls by another architecture's numbers
        (_LOAD, 0, 0, _NUMBER),
        (_FROM, 0, 1, _OTHER_NUMBERS),
        (_RETURN, 0, 0, _KILL),
        # glibc takes the older call for a thread where this one is not there.
        (_EQUAL, 0, 1, machine.clone3),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
    ]
    for number in (*machine.others, *_EVERYWHERE):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    program += [
        (_EQUAL, 0, 3, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_HAS, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *each) for each in program)
