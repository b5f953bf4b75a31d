"""What may be asked of an explanation: settings, their choices, and what people are told of them.

This is the one place of a setting. The command line, the sidebar, the links, the methods, the
report and the key of what is kept between two views read `SETTINGS`. Knows no model and no tensor,
so that the command line can say what there is without loading either. It is long because it is a
table.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from gaf_core.errors import SettingsError, brief
from gaf_core.kinds import EPSILON, FLAG, HEADS, LAYERS, POINTS, SOURCE, TARGET, Kind

# One output: nothing (the prediction), an index, a label, or a contrast of two.
LabelLike = int | str | tuple[int | str, int | str] | None


@dataclass(frozen=True)
class At:
    """A label at a place of the text, for a model that predicts something at each of many.

    Attributes:
        label: None for what is predicted there; an index, a label, or a pair for a contrast. The
            labels of an answer are the tokens of the text: a position, or a word that stands there
            once.
        place: None for the usual one. A token by its position, or as a word that stands in the text
            once; "#5" is position 5 too, as on a command line. A mask likewise, where there are
            several. Of an answer, "start" or "end".

    >>> import gaf_core as gaf
    >>> gaf.At("B-LOC", "Paris"), gaf.At(place="end")
    (At(label='B-LOC', place='Paris'), At(label=None, place='end'))
    >>> gaf.Settings(target=gaf.At("B-LOC", 4)) == gaf.Settings(target=gaf.At("B-LOC", 4))
    True
    """

    label: LabelLike = None
    place: int | str | None = None


# What a caller may name: a label, or a label at a place.
TargetLike = LabelLike | At
TextLike = str | tuple[str, str]  # or a pair, for a model that compares two

Variant = Literal["AF", "GF", "AGF"]
Aggregate = Literal["mean", "max", "sum", "net"]
Residual = Literal["none", "half", "first order"]
Gradients = Literal["exact", "frozen", "path"]
Baseline = Literal["mask", "pad", "zero"]
Stage = Literal["trace", "path", "network", "flow"]

VARIANTS: tuple[Variant, ...] = get_args(Variant)
AGGREGATES: tuple[Aggregate, ...] = get_args(Aggregate)
RESIDUALS: tuple[Residual, ...] = get_args(Residual)
FOR, AGAINST = "for", "against"  # the two flows of a path
BASELINES: tuple[Baseline, ...] = get_args(Baseline)


@dataclass(frozen=True)
class Setting:
    """What people are told of a setting, wherever they choose it.

    Attributes:
        stage: the first of trace, path, network and flow that depends on it. The path, from the
            text without its tokens to the text, is part of one method only.
        title: what it is called beside a choice of its values.
        help: what it does.
        notes: what there is to choose, each with a note: the paper, or an extension. Empty where it
            depends on the model or the text.
        others: whether values that are not in `notes` are allowed too.
        parameter: its name in links, where that is not its own.
        kind: what its value is, where that is no matter of choices alone.
        traced: what of its value a trace depends on.
        name, default: as in `Settings`.
    """

    stage: Stage
    title: str
    help: str
    notes: Mapping[Any, str] = field(default_factory=dict)
    others: bool = False
    parameter: str = ""
    kind: Kind | None = None
    traced: Callable[[Any], Hashable] = lambda value: value
    name: str = ""
    default: Any = None

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values to choose from."""
        return tuple(self.notes)

    def check(self, value: Any) -> None:
        """A `SettingsError` that names what may be chosen if the value is of another kind."""
        if self.kind is not None and not self.kind.holds(value):
            raise SettingsError(
                f"{brief(value, repr)} is no value of the setting '{self.name}'. Give "
                f"{self.kind.told}."
            )
        known = isinstance(value, Hashable) and value in self.choices  # a choice is a key
        if self.notes and not self.others and not known:
            known = ", ".join(str(choice) for choice in self.choices)
            raise SettingsError(
                f"'{brief(value)}' is no value of the setting '{self.name}'. Choose one of: "
                f"{known}."
            )


def _told(**told: Any) -> dict[str, Setting]:
    return {"told": Setting(**told)}


_PAPER, _EXTENSION = "the paper", "extension"


@dataclass(frozen=True)
class Settings:
    """What to explain and how; the defaults are the paper's. Hashable, so usable as a cache key.

    Attributes:
        variant: information tensor, "AF", "GF" or "AGF".
        layers: half-open layer range `(a, b)`, or None for all layers.
        target: None for the predicted class; an index, a label, or a pair for a contrast; or one
            of them at a place of the text (`At`).
        heads: heads to keep in every layer, or None for all (a subset is an extension).
        aggregate: over heads, "mean" (the paper), "max", "sum" or "net".
        residual: "none" (the paper), "half" or "first order" (see `information_tensor`).
        source: "all" output positions (the paper), "classification" for those the model's head
            reads, or one position.
        epsilon: relative suboptimality of the barrier flow, in (0, 0.5].
        truncate: explain the first tokens of a text that is too long instead of refusing it.
        gradients: "exact" (the paper), or "frozen": those of the linearised backward pass
            (`Frozen`), an extension; or "path": those added up on the way from the text without
            its tokens to the text (`PathTrace`), an extension with scores that have a sign.
        points: on that way, both ends included; at least 2.
        baseline: what stands where a token was at its start: "mask" for the token that removes one
            (mask, else padding, else unknown), "pad" for the padding, "zero" for zeros.
        node_capacities: whether a token, as it enters a layer, passes on no more than its
            first-order contribution to the target (an extension; AGF with the aggregate "sum" or
            "net").
        depth_average: whether the scores are the mean over the networks that start at each layer
            of the range (an extension, see `DepthShares`).

    Raises:
        SettingsError: a value that is none of the choices.

    >>> import gaf_core as gaf
    >>> settings = gaf.Settings("GF", layers=(3, 6), target=("positive", "negative"))
    >>> settings.epsilon, settings == gaf.Settings()
    (1e-06, False)
    """

    variant: Variant = field(
        default="AGF",
        metadata=_told(
            stage="network",
            title="Tensor",
            help="How strongly each token passes on to the next layer, read from the model as\n\n"
            "- **AF**, attention: where the model looks;\n"
            "- **GF**, gradient: where looking more would raise the prediction;\n"
            "- **AGF**, attention × gradient: where it looks *and* that raises the prediction.",
            notes={"AF": "attention", "GF": "gradient", "AGF": "attention × gradient"},
            parameter="tensor",
        ),
    )
    layers: tuple[int, int] | None = field(
        default=None,
        metadata=_told(
            stage="network",
            kind=LAYERS,
            title="Layers",
            help="Layer 1 is next to the words, the last one next to the prediction. Each layer "
            "mixes the tokens, so the more of them, the more alike the scores.",
        ),
    )
    target: TargetLike = field(
        default=None,
        metadata=_told(
            stage="trace",
            kind=TARGET,
            title="Explain",
            help="The class, token or contrast to explain, and where in the text.",
        ),
    )
    heads: tuple[int, ...] | None = field(
        default=None,
        metadata=_told(
            stage="network",
            kind=HEADS,
            title="Heads",
            help="Heads to keep in every layer; an extension.",
        ),
    )
    aggregate: Aggregate = field(
        default="mean",
        metadata=_told(
            stage="network",
            title="Heads are combined by their",
            help="What an edge holds of what each head says. In the net sum heads may cancel.",
            notes={
                "mean": _PAPER,
                "max": _EXTENSION,
                "sum": _EXTENSION,
                "net": "extension: heads may cancel",
            },
            parameter="heads",
        ),
    )
    residual: Residual = field(
        default="none",
        metadata=_told(
            stage="trace",
            title="Residual connections",
            help="What a token keeps without attention: nothing, an equal share as in attention "
            "rollout, or its first-order contribution to the target.",
            notes={
                "none": _PAPER,
                "half": "extension: each token also keeps itself",
                "first order": "extension: what passes by the attention, for AGF and a sum",
            },
            traced=lambda value: value == "first order",
        ),
    )
    source: str | int = field(
        default="all",
        metadata=_told(
            stage="network",
            kind=SOURCE,
            title="The flow starts at",
            help="Every output position of the last layer, or only those that the prediction is "
            "read from.",
            notes={"all": "every output position: the paper", "classification": _EXTENSION},
            others=True,
        ),
    )
    epsilon: float = field(
        default=1e-6,
        metadata=_told(
            stage="flow",
            kind=EPSILON,
            title="Tolerance",
            help="How far the flow may stay below the largest possible one, relatively.",
        ),
    )
    truncate: bool = field(
        default=False,
        metadata=_told(
            stage="trace",
            kind=FLAG,
            title="Cut texts that are too long",
            help="Explain the first tokens of a text that is longer than the model takes.",
        ),
    )
    gradients: Gradients = field(
        default="exact",
        metadata=_told(
            stage="trace",
            title="Gradients are",
            help="Frozen gradients are those of a linear network with the same prediction. They "
            "are not the exact derivatives.",
            notes={
                "exact": _PAPER,
                "frozen": "extension: norms, slopes and attention held constant",
                "path": "extension: frozen ones, added up from the text without its tokens",
            },
            traced=lambda value: value != "exact",  # a path ends at the text, with frozen ones
        ),
    )
    points: int = field(
        default=5,
        metadata=_told(
            stage="path",
            kind=POINTS,
            title="Points on the path",
            help="Steps from the text without its tokens to the text, both ends included.",
        ),
    )
    baseline: Baseline = field(
        default="mask",
        metadata=_told(
            stage="path",
            title="The path begins with",
            help="What stands where a token was.",
            notes={
                "mask": "the token that removes one: mask, else padding, else unknown",
                "pad": "the padding token",
                "zero": "zeros",
            },
        ),
    )
    node_capacities: bool = field(
        default=False,
        metadata=_told(
            stage="network",
            title="Capacities of nodes",
            help="Extension: a token, as it enters a layer, passes on no more than its first-order "
            "contribution to the target. For AGF and a sum over heads.",
            notes={False: _PAPER, True: _EXTENSION},
        ),
    )
    depth_average: bool = field(
        default=False,
        metadata=_told(
            stage="flow",
            title="Mean over depths",
            help="Extension: scores are the mean over the flows that end at each layer of the "
            "range, not those of the one flow through all of it.",
            notes={False: _PAPER, True: _EXTENSION},
        ),
    )

    def __post_init__(self) -> None:
        for name, one in SETTINGS.items():
            value = getattr(self, name)
            if hasattr(value, "tolist"):  # of numpy
                value = value.tolist()
            if isinstance(value, list | range):  # settings are a key, and these are none
                value = tuple(value)
            object.__setattr__(self, name, value)
            one.check(value)


SETTINGS: Mapping[str, Setting] = {
    one.name: replace(
        one.metadata["told"],
        name=one.name,
        default=one.default,
        parameter=one.metadata["told"].parameter or one.name,
    )
    for one in fields(Settings)
}
# what a flow is made of, by the stage at which it enters: the settings with choices of their own
INGREDIENTS: tuple[Setting, ...] = tuple(
    sorted(
        (one for one in SETTINGS.values() if one.notes and one.stage != "path"),
        key=lambda one: get_args(Stage).index(one.stage),
    )
)


def trace_key(settings: Settings) -> tuple[Hashable, ...]:
    """What a trace depends on: settings with equal keys can share one."""
    return tuple(
        one.traced(getattr(settings, one.name)) for one in SETTINGS.values() if one.stage == "trace"
    )


def path_key(settings: Settings) -> tuple[Hashable, ...]:
    """What a path depends on beside its trace."""
    return tuple(getattr(settings, one.name) for one in SETTINGS.values() if one.stage == "path")


FAITHFUL = Settings(
    variant="AGF",
    gradients="frozen",
    aggregate="net",
    residual="first order",
    node_capacities=True,
    depth_average=True,
    source="classification",
)

PATH = replace(FAITHFUL, gradients="path", depth_average=False)
# by the name that the command line and links have for them
NAMED: Mapping[str, Settings] = {"published": Settings(), "faithful": FAITHFUL, "path": PATH}
