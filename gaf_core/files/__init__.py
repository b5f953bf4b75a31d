"""An explanation -> bytes to take away, and lines for a terminal."""
