"""Measurements, run by hand or by a make target; their results are committed as tables."""
