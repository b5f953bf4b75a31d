"""Why did this transformer say that? Generalized Attention Flow.

GAF (Azarkhalili & Libbrecht, ACL 2025, arXiv 2502.15765) turns a transformer's attention weights
and their gradients into the capacities of a layered flow network and scores each input token by the
unique log-barrier-regularised maximum flow.
"""

from gaf_core.baselines import METHODS, Attribution, Method
from gaf_core.corpus import benchmark
from gaf_core.depth import DepthShares
from gaf_core.errors import (
    CapacityError,
    GafError,
    MemoryLimitError,
    ModelError,
    SettingsError,
    TargetError,
    TextError,
    TextTooLongError,
)
from gaf_core.explanation import FAITHFUL, Explanation, Settings, explain, explain_trace, trace_for
from gaf_core.faithfulness import Curves, Evaluation, Perturbation, evaluate, evaluate_all
from gaf_core.flow import (
    ExactFlow,
    FlowPath,
    FlowSolution,
    Status,
    ambiguity,
    central_path,
    extreme_flows,
    max_flow,
    solve,
    solve_many,
    widest_paths,
)
from gaf_core.information import information_tensor
from gaf_core.models import PRESETS, Model, Task, load_model
from gaf_core.network import FlowNetwork
from gaf_core.tracing.frozen import Frozen
from gaf_core.tracing.memory import estimate_memory
from gaf_core.tracing.target import Target, label_name, search_labels
from gaf_core.tracing.trace import Trace, trace
from gaf_core.words import Words, group_words, word_scores, written

__all__ = [
    "FAITHFUL",
    "METHODS",
    "PRESETS",
    "Attribution",
    "CapacityError",
    "Curves",
    "DepthShares",
    "Evaluation",
    "ExactFlow",
    "Explanation",
    "FlowNetwork",
    "FlowPath",
    "FlowSolution",
    "Frozen",
    "GafError",
    "MemoryLimitError",
    "Method",
    "Model",
    "ModelError",
    "Perturbation",
    "Settings",
    "SettingsError",
    "Status",
    "Target",
    "TargetError",
    "Task",
    "TextError",
    "TextTooLongError",
    "Trace",
    "Words",
    "ambiguity",
    "benchmark",
    "central_path",
    "estimate_memory",
    "evaluate",
    "evaluate_all",
    "explain",
    "explain_trace",
    "extreme_flows",
    "group_words",
    "information_tensor",
    "label_name",
    "load_model",
    "max_flow",
    "search_labels",
    "solve",
    "solve_many",
    "trace",
    "trace_for",
    "widest_paths",
    "word_scores",
    "written",
]
