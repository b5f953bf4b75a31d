"""Why did this transformer say that? Generalized Attention Flow.

GAF (Azarkhalili & Libbrecht, ACL 2025, arXiv 2502.15765) turns a transformer's attention weights
and their gradients into the capacities of a layered flow network and scores each input token by the
unique log-barrier-regularised maximum flow.

The public names are listed in `__init__.pyi`. Each is imported when it is first used, so that what
needs no model does not wait for the libraries that run one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
