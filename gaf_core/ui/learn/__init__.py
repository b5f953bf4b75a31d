"""The page that teaches: nine stops, a toy, and a puzzle."""
