"""Spanwright makes tool-using agents better from their own traces."""
