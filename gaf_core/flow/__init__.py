"""FlowNetwork -> FlowSolution. Knows arrays and networks, never models or text."""

from gaf_core.flow.barrier import solve
from gaf_core.flow.exact import (
    ExactFlow,
    FlowPath,
    ambiguity,
    extreme_flows,
    max_flow,
    widest_paths,
)
from gaf_core.flow.solution import FlowSolution, Status

__all__ = [
    "ExactFlow",
    "FlowPath",
    "FlowSolution",
    "Status",
    "ambiguity",
    "extreme_flows",
    "max_flow",
    "solve",
    "widest_paths",
]
