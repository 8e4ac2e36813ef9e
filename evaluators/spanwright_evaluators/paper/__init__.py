"""The metrics of the six tasks of the GEPA paper (arXiv 2507.19457), each with the feedback that its modules get."""
