"""Tokens -> words, and a text beside its edited copy."""
