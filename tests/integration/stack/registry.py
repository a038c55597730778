"""A registry with one image of the engine's, to pull it from by its digest; Docker asks loopback in plain HTTP."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import docker

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"


@contextlib.contextmanager
def serving(client: docker.DockerClient, image: str, directory: Path) -> Iterator[tuple[str, str]]:
    """(HOST:PORT, digest) under which `image` can be pulled, whatever its name; `directory` is for its layers."""
    digest = _store(client, image, directory)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            if self.path == "/v2/":
                return self._answer(200)
            if name not in {file.name for file in directory.iterdir()}:
                return self._answer(404)
            return self._answer(200, directory / name)

        do_HEAD = do_GET

        def _answer(self, status: int, file: Path | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", MANIFEST if "/manifests/" in self.path else "application/octet-stream")
            self.send_header("Content-Length", str(file.stat().st_size if file else 0))
            self.end_headers()
            if file and self.command == "GET":
                with file.open("rb") as content:
                    shutil.copyfileobj(content, self.wfile)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", digest
        server.shutdown()


def _store(client: docker.DockerClient, image: str, directory: Path) -> str:
    """Write the parts of `image` as files that are called by their digests; the digest of the manifest."""
    saved = directory / "saved.tar"
    with saved.open("wb") as out:
        out.writelines(client.images.get(image).save())

    def part(data: bytes, kind: str) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        (directory / digest).write_bytes(data)
        return {"mediaType": kind, "size": len(data), "digest": digest}

    with tarfile.open(saved) as tar:

        def read(name: str) -> bytes:
            member = tar.extractfile(name)
            assert member
            return member.read()

        (entry,) = json.loads(read("manifest.json"))
        config = part(read(entry["Config"]), CONFIG)
        layers = [part(read(name), LAYER) for name in entry["Layers"]]
    saved.unlink()
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    return str(part(json.dumps(manifest).encode(), MANIFEST)["digest"])
