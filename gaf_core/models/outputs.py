"""What the logits of a model mean: classes that exclude each other, labels of their own, or values.

The one place that knows. A configuration says it as `problem_type`, and transformers trains with
the loss that belongs to it: cross entropy, binary cross entropy, or the mean squared error.

    softmax    p_c = exp(y_c) / sum_k exp(y_k)    one class of many
    sigmoid    p_c = 1 / (1 + exp(-y_c))          any number of labels, each by itself
    value      none: y_c is the prediction
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedConfig

from gaf_core.models.kinds import Task


class Output(StrEnum):
    """What the logits of a model mean.

    >>> import gaf_core as gaf
    >>> gaf.load_model("minilm-reviews").output
    <Output.SOFTMAX: 'softmax'>
    >>> gaf.Output.SIGMOID.probabilities([0.0, 0.0]), gaf.Output.SOFTMAX.probabilities([0.0, 0.0])
    (array([0.5, 0.5]), array([0.5, 0.5]))
    """

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    VALUE = "value"

    @property
    def has_probabilities(self) -> bool:
        """Whether the outputs are probabilities of something."""
        return self is not Output.VALUE

    def probabilities(self, logits) -> NDArray[np.float64]:
        """`[..., C]` probabilities of `[..., C]` logits; NaN where there are none.

        >>> import gaf_core as gaf
        >>> gaf.Output.SIGMOID.probabilities([3.0, 2.9, -4.0]).round(2).tolist()
        [0.95, 0.95, 0.02]
        """
        exact = torch.as_tensor(np.asarray(logits, dtype=np.float64))
        return self.log_probabilities(exact).exp().numpy()

    def log_probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """`[..., C]` logarithms of the probabilities of `[..., C]` logits; NaN without any.

        >>> import gaf_core as gaf
        >>> import torch
        >>> gaf.Output.VALUE.log_probabilities(torch.zeros(2)).tolist()
        [nan, nan]
        """
        if self is Output.SOFTMAX:
            return logits.log_softmax(dim=-1)
        if self is Output.SIGMOID:
            return torch.nn.functional.logsigmoid(logits)
        return torch.full_like(logits, torch.nan)


def output_of(config: PreTrainedConfig, task: Task, classes: int) -> Output:
    """What the logits of a model mean, by its own configuration.

    As transformers decides which loss it is trained with: one output is a value, unless the
    configuration names another problem.

    Args:
        config: of the network.
        task: all but classification choose one of their classes.
        classes: how many outputs there are.
    """
    if task is not Task.CLASSIFICATION:
        return Output.SOFTMAX
    problem = getattr(config, "problem_type", None)
    if problem == "multi_label_classification":
        return Output.SIGMOID
    # a softmax over one class would always be 1
    return Output.VALUE if problem == "regression" or classes == 1 else Output.SOFTMAX
