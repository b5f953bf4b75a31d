"""Other ways to score tokens, each beside the flow: name -> Method.

`METHODS["rollout"](model, trace)` returns an `Attribution`. Methods of one text share its trace.
"""

from gaf_core.methods.attention import (
    ATTENTION_X_GRADIENT,
    GRAD_CAM,
    RAW_ATTENTION,
    RELEVANCE,
    ROLLOUT,
)
from gaf_core.methods.attention_flow import ATTENTION_FLOW
from gaf_core.methods.chance import RANDOM
from gaf_core.methods.contrast import CONTRAST_CAT
from gaf_core.methods.deeplift import DEEPLIFT
from gaf_core.methods.edges import EDGE_METHODS, EdgeMethod, EdgeScores
from gaf_core.methods.faithful import (
    ATTENTION_X_GRADIENT_FROZEN,
    CAT_FROZEN,
    FAITHFUL_FLOW,
)
from gaf_core.methods.flows import AF, AGF, DEPTH_AVERAGE, GF
from gaf_core.methods.gradients import INPUT_X_GRADIENT, INTEGRATED_GRADIENTS, SALIENCY
from gaf_core.methods.hidden import ATTCAT, CAT
from gaf_core.methods.method import Attribution, Method, Option, Progress, Scored
from gaf_core.methods.mixing import INFORMATION_FLOW_ROUTES, VALUE_ZEROING
from gaf_core.methods.noisy import GRADIENT_SHAP, SMOOTHGRAD
from gaf_core.methods.partition import PARTITION_SHAP
from gaf_core.methods.path import INTEGRATED_FROZEN_GRADIENTS, PATH_GAF
from gaf_core.methods.perturbing import KERNEL_SHAP, LIME, OCCLUSION
from gaf_core.methods.rules import ATTNLRP_METHOD, CP_LRP_METHOD, GIM_METHOD

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        AF,
        GF,
        AGF,
        DEPTH_AVERAGE,
        RANDOM,
        RAW_ATTENTION,
        ROLLOUT,
        ATTENTION_FLOW,
        GRAD_CAM,
        ATTENTION_X_GRADIENT,
        CAT,
        ATTCAT,
        CONTRAST_CAT,
        CAT_FROZEN,
        ATTENTION_X_GRADIENT_FROZEN,
        FAITHFUL_FLOW,
        PATH_GAF,
        RELEVANCE,
        VALUE_ZEROING,
        INFORMATION_FLOW_ROUTES,
        INTEGRATED_GRADIENTS,
        INTEGRATED_FROZEN_GRADIENTS,
        INPUT_X_GRADIENT,
        SALIENCY,
        CP_LRP_METHOD,
        ATTNLRP_METHOD,
        GIM_METHOD,
        SMOOTHGRAD,
        GRADIENT_SHAP,
        DEEPLIFT,
        OCCLUSION,
        LIME,
        KERNEL_SHAP,
        PARTITION_SHAP,
    )
}

__all__ = [
    "EDGE_METHODS",
    "METHODS",
    "Attribution",
    "EdgeMethod",
    "EdgeScores",
    "Method",
    "Option",
    "Progress",
    "Scored",
]
