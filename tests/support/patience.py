"""How long a test waits for what must happen before it calls it a hang: one bound for all tests.

It decides nothing: a test waits for a state and goes on as soon as that is there. The bound is ten
times what the longest of these waits takes on two busy cores, so that only a hang reaches it.
"""

HANG = 300.0  # seconds
HANG_MS = HANG * 1000  # as playwright counts
