# The public names and where they are made: read by type checkers, and by `gaf_core` itself.
from .methods import (
    EDGE_METHODS as EDGE_METHODS,
    METHODS as METHODS,
    Attribution as Attribution,
    EdgeMethod as EdgeMethod,
    EdgeScores as EdgeScores,
    Method as Method,
)
from .elsewhere import (
    GivenFile as GivenFile,
    given_methods as given_methods,
    read_scores as read_scores,
)
from .evaluation import benchmark as benchmark, benchmark_edges as benchmark_edges
from .flow.depths import DepthShares as DepthShares
from .errors import (
    CapacityError as CapacityError,
    GafError as GafError,
    MemoryLimitError as MemoryLimitError,
    MissingPackageError as MissingPackageError,
    ModelError as ModelError,
    ModelSizeError as ModelSizeError,
    SettingsError as SettingsError,
    TargetError as TargetError,
    TextError as TextError,
    TextTooLongError as TextTooLongError,
)
from .explanation import Explanation as Explanation
from .corpus import BatchExplainer as BatchExplainer
from .signed import SignedExplanation as SignedExplanation
from .composer import (
    explain as explain,
    explain_path as explain_path,
    explain_signed as explain_signed,
    explain_trace as explain_trace,
    explain_traces as explain_traces,
    path_for as path_for,
    trace_for as trace_for,
)
from .evaluation import (
    AopcLimits as AopcLimits,
    Curves as Curves,
    EdgeEvaluation as EdgeEvaluation,
    Evaluation as Evaluation,
    Perturbation as Perturbation,
    aopc_limits as aopc_limits,
    evaluate as evaluate,
    evaluate_all as evaluate_all,
    evaluate_all_edges as evaluate_all_edges,
    evaluate_edges as evaluate_edges,
)
from .flow import (
    ExactFlow as ExactFlow,
    FlowPath as FlowPath,
    FlowSolution as FlowSolution,
    Status as Status,
    ambiguity as ambiguity,
    central_path as central_path,
    extreme_flows as extreme_flows,
    max_flow as max_flow,
    solve as solve,
    solve_many as solve_many,
    widest_paths as widest_paths,
)
from .information import information_tensor as information_tensor
from .reading.answer_map import AnswerMap as AnswerMap, answer_map as answer_map
from .models.presets import PRESETS as PRESETS
from .models.model import Model as Model, Task as Task, load_model as load_model
from .models.outputs import Output as Output
from .network import FlowNetwork as FlowNetwork
from .settings import At as At, FAITHFUL as FAITHFUL, PATH as PATH, Settings as Settings
from .spans import Chat as Chat, Span as Span
from .tracing.frozen import Frozen as Frozen
from .tracing.generating import Generated as Generated, generate as generate
from .tracing.interventions import intervene as intervene
from .tracing.masks import edge_set as edge_set
from .tracing.memory import estimate_memory as estimate_memory
from .tracing.path import PathTrace as PathTrace, trace_path as trace_path
from .tracing.target import (
    Target as Target,
    label_name as label_name,
    search_labels as search_labels,
)
from .tracing.trace import Trace as Trace, trace as trace
from .version import __version__ as __version__
from .text.words import (
    Words as Words,
    group_words as group_words,
    word_scores as word_scores,
    written as written,
)
