"""`python -m spanwright` is the command line."""

from spanwright.cli import main

if __name__ == "__main__":
    main()
