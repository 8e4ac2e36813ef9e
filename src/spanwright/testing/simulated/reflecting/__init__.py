"""What the simulated reflection model does between prompt and answer: read the records, infer, rewrite, answer."""
