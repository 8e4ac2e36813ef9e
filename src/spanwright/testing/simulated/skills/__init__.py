"""What the task model can do, a file each: use tools, search and answer, answer in plain words."""
