"""What the first visitor of a server would wait for: libraries, the first model, the solver."""

from gaf_core import explain
from gaf_core.models.presets import PRESETS
from gaf_core.ui import cache, settings
from gaf_core.ui.explore import network, panels, side_by_side, signed, take_away

# modules whose import is the point: with them come the libraries of the first page
PAGE = (settings, network, panels, side_by_side, signed, take_away)


def read() -> None:
    """Load the model that the app opens on, and explain a word, so that torch has begun too."""
    explain(cache.first_model(next(iter(PRESETS))), "good")
