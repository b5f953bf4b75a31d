"""A hub of our own on this computer: the few answers of the Hugging Face hub that loading needs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


@dataclass
class FakeHub:
    """Repositories by id; `broken` holds files whose transfer stops in the middle.

    Attributes:
        folders: the files of each repository.
        branches: the commit of each branch.
        gated, terms: ids whose metadata, or only whose files, are refused without a token.
        broken: names of files that are never sent whole.
        status: what every request is answered with, or 0 for the true answer.
        requests: "GET /path" of every request so far.
    """

    folders: dict[str, Path]
    branches: dict[str, str] = field(default_factory=lambda: {"main": COMMIT})
    gated: set[str] = field(default_factory=set)
    terms: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    status: int = 0
    requests: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def fetched(self) -> set[str]:
        """Names of the files whose contents were asked for."""
        gets = (request for request in self.requests if request.startswith("GET"))
        return {path.split("/resolve/")[1].split("/", 1)[1] for path in gets if "/resolve/" in path}

    def commit(self, revision: str) -> str | None:
        commits = self.branches.values()
        return self.branches.get(revision, revision if revision in commits else None)


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    handler = type("BoundHandler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def connect(monkeypatch, url: str) -> None:
    """Make this the address of the hub."""
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@contextmanager
def instead_of_the_hub(folders: dict[str, Path], cache: Path, monkeypatch) -> Iterator[FakeHub]:
    """A hub with these repositories, and a cache of its own."""
    with serving(FakeHub(folders)) as hub:
        connect(monkeypatch, hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield hub


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def log_message(self, format, *args):
        pass

    def answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        if self.hub.status:
            self.send(self.hub.status, b"{}", body)
        elif path.startswith("/api/models/"):
            self.listing(path.removeprefix("/api/models/"), body)
        else:
            self.file(path, body)

    def listing(self, path: str, body: bool) -> None:
        name, _, revision = path.partition("/revision/")
        if self.refused(name, revision or "main", self.hub.gated):
            return
        folder = self.hub.folders[name]
        files = [file for file in folder.rglob("*") if file.is_file()]
        described = {
            "id": name,
            "sha": self.hub.commit(revision or "main"),
            "siblings": [
                {
                    "rfilename": file.relative_to(folder).as_posix(),
                    "size": file.stat().st_size,
                    "blobId": checksum(file.read_bytes()),
                }
                for file in files
            ],
        }
        self.send(200, json.dumps(described).encode(), body)

    def file(self, path: str, body: bool) -> None:
        name, _, rest = path.lstrip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        if self.refused(name, revision, self.hub.gated | self.hub.terms):
            return
        data = (self.hub.folders[name] / file).read_bytes()
        headers = {
            "ETag": f'"{checksum(data)}"',
            "X-Repo-Commit": self.hub.commit(revision) or "",
        }
        self.send(200, data, body, headers, broken=file in self.hub.broken)

    def refused(self, name: str, revision: str, gated: set[str]) -> bool:
        if name in gated:
            self.send(403, b"", False, {"X-Error-Code": "GatedRepo"})
        elif name not in self.hub.folders:
            self.send(404, b"", False, {"X-Error-Code": "RepoNotFound"})
        elif self.hub.commit(revision) is None:
            self.send(404, b"", False, {"X-Error-Code": "RevisionNotFound"})
        else:
            return False
        return True

    def send(self, status, data: bytes, body: bool, headers=None, broken=False) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body and not broken:
            self.wfile.write(data)
