"""The estimate that all allowances and limits count in, so that they agree with each other."""


def tokens(text: str) -> int:
    """Return a token for every four bytes of UTF-8, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // 4)
