"""FlowNetwork -> FlowSolution. Knows arrays and networks, never models or text."""

from gaf_core.flow.barrier import solve
from gaf_core.flow.solution import FlowSolution, Status

__all__ = ["FlowSolution", "Status", "solve"]
