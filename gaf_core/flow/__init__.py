"""FlowNetwork -> FlowSolution. Knows arrays and networks, never models or text.

Node capacities are dealt with here, at the door: behind it, no solver knows of them (`nodes`).
"""

from gaf_core.flow import barrier, exact
from gaf_core.flow.cuts import cut_capacity, cut_edges, cut_nodes
from gaf_core.flow.exact import ExactFlow
from gaf_core.flow.nodes import accepting_node_capacities, accepting_node_capacities_each
from gaf_core.flow.paths import FlowPath, widest_paths
from gaf_core.flow.solution import FlowSolution, Status

solve = accepting_node_capacities(barrier.solve)
solve_many = accepting_node_capacities_each(barrier.solve_many)
central_path = accepting_node_capacities(barrier.central_path)
max_flow = accepting_node_capacities(exact.max_flow)
ambiguity = accepting_node_capacities(exact.ambiguity)
extreme_flows = accepting_node_capacities(exact.extreme_flows)

__all__ = [
    "ExactFlow",
    "FlowPath",
    "FlowSolution",
    "Status",
    "ambiguity",
    "central_path",
    "cut_capacity",
    "cut_edges",
    "cut_nodes",
    "extreme_flows",
    "max_flow",
    "solve",
    "solve_many",
    "widest_paths",
]
