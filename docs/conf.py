"""How Sphinx builds these pages: `make docs`, with warnings as errors."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# The notebook runs in a process of its own, which finds the package here as well, and puts
# plotly.js into the page: nothing is fetched, neither now nor by who reads it.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
os.environ["PLOTLY_RENDERER"] = "notebook"

from gaf_core.version import __version__  # noqa: E402

project = "GAF Explorer"
author = "The GAF Explorer authors"
project_copyright = author
version = release = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
html_theme = "furo"
html_title = f"GAF Explorer {__version__}"
html_copy_source = False
exclude_patterns = ["_build"]

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_output_stderr = "remove"  # a progress bar of the model that is read

# Docstrings write code between single backticks, and the types of their arguments in the signature.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_attr_annotations = False
autodoc_typehints_format = "fully-qualified"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True


def setup(app):
    """Leave out what plotly would fetch for formulas, of which no figure has any."""
    app.connect("html-page-context", _without_mathjax)


def _without_mathjax(_app, _page, _template, context, _doctree):
    if "body" in context:
        context["body"] = re.sub(
            r'<script src="https://[^"]*mathjax[^"]*"></script>', "", context["body"]
        )
