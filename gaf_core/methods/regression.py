"""The linear model that LIME and KernelSHAP fit, in the form in which captum takes one."""

from __future__ import annotations

from typing import Any

import torch

from gaf_core.errors import SettingsError


class WeightedRegression:
    """Least squares with weights, an intercept, and a ridge penalty on the slopes.

    Minimises `sum_n w_n (y_n - c - x_n . s)^2 + penalty * |s|^2` over the slopes s and intercept c.

    Attributes:
        slopes: `[k]` after `fit`.
        r_squared: weighted share of the variance of y that the fit explains; 1 if y is constant.
    """

    def __init__(self, penalty: float):
        self._penalty = penalty
        self.slopes = torch.empty(0)
        self.r_squared = 1.0

    def fit(self, train_data: Any, **_: Any) -> None:
        """Fit to batches of `[n, k]` x, `[n]` y and `[n]` w.

        Raises:
            SettingsError: too few different x to tell the slopes, and no penalty to choose them.
        """
        x, y, w = (torch.cat(parts).double().cpu() for parts in zip(*train_data, strict=True))
        share = w / w.sum()
        root = w.sqrt()
        # about the weighted means, the intercept is gone and stays without penalty
        x = root[:, None] * (x - share @ x)
        y = root * (y - share @ y)
        ridge = self._penalty**0.5 * torch.eye(x.shape[1], dtype=x.dtype)
        found = torch.linalg.lstsq(
            torch.cat([x, ridge]), torch.cat([y, y.new_zeros(len(ridge))]), driver="gelsd"
        )
        if found.rank < x.shape[1]:
            raise SettingsError(
                f"{len(x):,} samples are too few to tell {x.shape[1]:,} tokens apart. Take more, "
                f"for example samples={10 * x.shape[1]}."
            )
        self.slopes = found.solution
        total = float(y @ y)
        self.r_squared = 1 - float((y - x @ self.slopes).square().sum()) / total if total else 1.0

    def representation(self) -> torch.Tensor:
        """`[k]` the slopes."""
        return self.slopes
