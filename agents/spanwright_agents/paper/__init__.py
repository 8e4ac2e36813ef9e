"""The six tasks of the GEPA paper (arXiv 2507.19457): its programs, official data, splits and budgets."""
