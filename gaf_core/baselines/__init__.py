"""Other ways to score tokens, each beside the flow: name -> Method.

`METHODS["rollout"](model, trace)` returns an `Attribution`. Methods of one text share its trace.
"""

from gaf_core.baselines.attribution import Attribution, Method, Option, Progress, Scored

METHODS: dict[str, Method] = {}

__all__ = ["METHODS", "Attribution", "Method", "Option", "Progress", "Scored"]
