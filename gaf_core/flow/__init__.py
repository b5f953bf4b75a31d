"""FlowNetwork -> FlowSolution. Knows arrays and networks, never models or text."""

from gaf_core.flow.barrier import central_path, solve, solve_many
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
    "central_path",
    "extreme_flows",
    "max_flow",
    "solve",
    "solve_many",
    "widest_paths",
]
