"""Start the app: Streamlit runs it until it is stopped."""

from __future__ import annotations

import argparse
import importlib.util
import os
import runpy
import sys

from gaf_core.errors import MissingPackageError
from gaf_core.hosting import SWITCH, limits
from gaf_core.places import app


def run(asked: argparse.Namespace) -> None:
    """Serve the app to this computer; what the command line does not know is Streamlit's.

    Streamlit finds theme, settings and pages beside the script, wherever it is started. Of an
    option given twice it takes the last one, so that every setting here can be overruled.

    Raises:
        MissingPackageError: Streamlit is not installed.
        SettingsError: a limit of the environment cannot be read.
    """
    if asked.hosted:
        os.environ[SWITCH] = "1"  # read by the pages, wherever they run
    limits()
    if importlib.util.find_spec("streamlit") is None:
        raise MissingPackageError("The app", "streamlit", extra="app")
    # MB of a file of texts: what the page takes of a visitor anyway, refused before it is read
    held = ["--server.maxUploadSize=5"] if asked.hosted else []
    here = "--server.address=127.0.0.1"
    sys.argv = ["streamlit", "run", str(app()), here, *held, *asked.options]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
