"""What a method is, and what it returns: a name, its options, and signed scores of the tokens."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import GafError, MissingPackageError, SettingsError, brief, check_kind
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace

# Called with (steps done, steps in all) between the steps of a slow method. What it raises ends the
# method: the way to stop one.
Progress = Callable[[int, int], None]


Family = Literal["flow", "attention", "gradient", "perturbation", "chance", "elsewhere"]


class Scored(NamedTuple):
    """What the computation of a method gives back.

    Attributes:
        scores: `[t]`, signed, special tokens included; higher speaks for the target.
        details: numbers about the computation, by their name in words ("convergence delta").
        shared_seconds: of work that this method needs and found done by another one: it counts.
    """

    scores: NDArray[np.float64]
    details: Mapping[str, float] = MappingProxyType({})
    shared_seconds: float = 0.0


@dataclass(frozen=True)
class Option:
    """A setting of a method: its name, its usual value, and what else it may be.

    Attributes:
        name: keyword of the call.
        default: the usual value; its type is the type of the option.
        help: one sentence for people.
        choices: all values allowed, or () if any from `least` to `most` is.
        least, most: range of a number, both ends allowed.
    """

    name: str
    default: Any
    help: str
    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None

    def check(self, value: Any) -> Any:
        """The value, in the type of the option.

        Raises:
            SettingsError: it is not allowed; the message says what is.
        """
        if self.choices:
            if not isinstance(value, Hashable) or value not in self.choices:
                names = ", ".join(map(str, self.choices))
                raise SettingsError(
                    f"'{brief(value)}' is not a choice of '{self.name}'. Use {names}."
                )
            return value
        try:
            number = None if isinstance(value, bool) else type(self.default)(value)
        except (TypeError, ValueError, OverflowError):
            number = None
        least = -np.inf if self.least is None else self.least
        most = np.inf if self.most is None else self.most
        if number is None or number != value or not least <= number <= most:
            raise SettingsError(
                f"'{brief(value)}' is not a value of '{self.name}'. Use {self._allowed()}."
            )
        return number

    def _allowed(self) -> str:
        """The numbers allowed, in words."""
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        if self.least is not None and self.most is not None:
            return f"{kind} from {self.least:,} to {self.most:,}"
        if self.least is not None:
            return f"{kind} of at least {self.least:,}"
        return f"{kind} of at most {self.most:,}" if self.most is not None else kind


def checked_options(
    title: str, options: Sequence[Option], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The value of every option of what is called `title`: that given, checked, or the default.

    Raises:
        SettingsError: an unknown option, or a value it does not take.
    """
    known = {option.name: option for option in options}
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        has = f"It has {', '.join(known)}." if known else "It has none."
        raise SettingsError(f"{title} has no option '{unknown[0]}'. {has}")
    return {name: option.check(given.get(name, option.default)) for name, option in known.items()}


@dataclass(frozen=True, eq=False)
class Attribution:
    """Scores that a method gives the tokens of one traced text.

    Attributes:
        method: name in `METHODS`.
        title: how people call it.
        reference: where it was published.
        settings: value of every option.
        scores: `[t]` float64, finite, signed, special tokens included.
        seconds: what the method took beside the trace that it was given.
        details: numbers about the computation, such as a convergence delta.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> found = gaf.METHODS["rollout"](model, gaf.trace(model, "A lovely film."))
    >>> found.title, found.scores.shape
    ('Attention rollout', (6,))
    """

    method: str
    title: str
    reference: str
    settings: Mapping[str, Any]
    scores: NDArray[np.float64]
    seconds: float
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """A way to score tokens. Call it with a model and a trace to get an `Attribution`.

    Attributes:
        name: key in `METHODS`.
        title: how people call it.
        reference: where it was published.
        family: "flow", "attention", "gradient", "perturbation", "chance", or "elsewhere" for scores
            that are given.
        summary: one sentence that says what it computes.
        compute: `(model, trace, progress, **options) -> Scored`.
        options: its settings.
        slow: runs the model many times, so it starts on request.
        extension: this project's own, not published elsewhere.
        note: what whoever uses it has to know, in a sentence.

    >>> import gaf_core as gaf
    >>> method = gaf.METHODS["lime"]
    >>> method.family, method.settings(samples=200)
    ('perturbation', {'samples': 200, 'seed': 0})
    """

    name: str
    title: str
    reference: str
    family: Family
    summary: str
    compute: Callable[..., Scored]
    options: tuple[Option, ...] = ()
    slow: bool = False
    extension: bool = False
    note: str = ""

    def __call__(
        self, model: Model, trace: Trace, *, progress: Progress | None = None, **options: Any
    ) -> Attribution:
        """Score the tokens of a trace.

        Args:
            model: the model that was traced.
            trace: of the text and target to explain; its `encoding` is what the model is given.
            progress: called between steps; what it raises stops the method.
            **options: values of `options`; the others keep their default.

        Raises:
            SettingsError: an unknown option, or a value it does not take.
            GafError: the method cannot explain this model or text; the message says why.
            MissingPackageError: it is computed by captum, which is not installed.

        >>> import gaf_core as gaf
        >>> model = gaf.load_model("minilm-reviews")
        >>> trace = gaf.trace(model, "A lovely film.")
        >>> gaf.METHODS["AGF"](model, trace, first_layer=4).settings["first_layer"]
        4
        """
        settings = self.settings(**options)
        check_kind(trace, Trace, "gaf_core.trace returns one.")
        started = time.perf_counter()
        try:
            scored = self.compute(model, trace, progress or _ignore, **settings)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] != "captum":
                raise
            raise MissingPackageError(self.title, "captum", extra="methods") from error
        seconds = time.perf_counter() - started + scored.shared_seconds
        scores = np.array(scored.scores, dtype=np.float64)
        if not np.isfinite(scores).all():
            raise GafError(
                f"{self.title} gives scores that are not numbers for this text. Leave it out, or "
                "change its settings."
            )
        scores.flags.writeable = False
        details = {name: float(number) for name, number in scored.details.items()}
        return Attribution(
            self.name, self.title, self.reference, settings, scores, seconds, details
        )

    def settings(self, **options: Any) -> dict[str, Any]:
        """All settings: the options given, checked, and the defaults of the others.

        Raises:
            SettingsError: an unknown option, or a value it does not take.

        >>> import gaf_core as gaf
        >>> gaf.METHODS["random"].settings(seed=3)
        {'seed': 3}
        """
        return checked_options(self.title, self.options, options)


def _ignore(_done: int, _total: int) -> None:
    pass
