"""Other ways to score tokens, each beside the flow: name -> Method.

`METHODS["rollout"](model, trace)` returns an `Attribution`. Methods of one text share its trace.
"""

from gaf_core.baselines.attribution import Attribution, Method, Option, Progress, Scored
from gaf_core.baselines.deeplift import DEEPLIFT
from gaf_core.baselines.embedding import INPUT_X_GRADIENT, INTEGRATED_GRADIENTS, SALIENCY
from gaf_core.baselines.perturbation import KERNEL_SHAP, LIME, OCCLUSION

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        INTEGRATED_GRADIENTS,
        INPUT_X_GRADIENT,
        SALIENCY,
        DEEPLIFT,
        OCCLUSION,
        LIME,
        KERNEL_SHAP,
    )
}

__all__ = ["METHODS", "Attribution", "Method", "Option", "Progress", "Scored"]
