"""What lies under a path: whether a file there can be shared with other machines."""

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "fuse.sshfs"})


def is_shared_over_network(path: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether `path` lies on a network file system; False where the system keeps no list of mounts."""
    if not mounts.is_file():
        return False
    target = path.resolve()
    kinds = dict(_mounted(mounts.read_text(errors="replace")))
    for folder in (target, *target.parents):
        if folder in kinds:
            return kinds[folder] in NETWORK
    return False


def _mounted(listing: str) -> list[tuple[Path, str]]:
    fields = (line.split() for line in listing.splitlines())
    # A blank in a folder's name is written as an octal escape.
    return [(Path(field[1].replace("\\040", " ")), field[2]) for field in fields if len(field) > 2]
