"""What a process connects to and listens at, by the audit events of Python itself."""

import json
from pathlib import Path

# Read by every Python that starts with this folder on its path, before anything else.
HOOK = """
import json, os, sys

def _note(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        address = arguments[1]
        named = str(address[0]) if isinstance(address, tuple) else "unix"
    elif event == "socket.getaddrinfo":
        named = str(arguments[0])
    else:
        return
    with open(os.environ["NOTED_CONNECTIONS"], "a", encoding="utf-8") as log:
        log.write(json.dumps([event, named]) + "\\n")

sys.addaudithook(_note)
"""


def noting(folder: Path) -> dict[str, str]:
    """Environment variables with which a Python notes its connections in a folder."""
    (folder / "sitecustomize.py").write_text(HOOK)
    return {"PYTHONPATH": str(folder), "NOTED_CONNECTIONS": str(folder / "connections.jsonl")}


def noted(folder: Path, *events: str) -> set[str]:
    """The addresses of these events."""
    lines = (folder / "connections.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return {address for event, address in found if event in events}
