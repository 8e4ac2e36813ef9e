LOOK = "Look it up."


class Prompts:
    MAIN = """Be kind.
Be brief."""
