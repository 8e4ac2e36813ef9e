"""A customer service agent over an embedded shop: nine tools with docstrings as busy people write them."""
