from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from data.reading import fetch
from data.reading.fetch import check_file, data_folders, download, find

CONTENT = np.random.default_rng(0).bytes(3_000_000)
CHECKSUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT: `/file` with ranges, `/whole` without, `/cut` breaking off, `/page` as a web page."""

    ranges: list[str | None]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        type(self).ranges.append(wanted)
        body, status = CONTENT, 200
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/page":
            body = b"<!DOCTYPE html><p>Too many requests</p>"
        elif self.path in ("/file", "/cut") and wanted:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
            body, status = CONTENT[start:], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1_000_000] if self.path == "/cut" else body)

    def log_message(self, *arguments: object) -> None:
        del arguments


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("FAUXBENCH_OFFLINE")
    monkeypatch.setenv("no_proxy", "*")
    Handler.ranges = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class TestDownload:
    def test_fetches_and_reports(self, server, tmp_path):
        seen = []
        path = download(f"{server}/file", tmp_path / "a" / "b", CHECKSUM, progress=lambda *args: seen.append(args))
        assert path.read_bytes() == CONTENT
        assert seen[-1] == (len(CONTENT), len(CONTENT), "fetching b")
        assert [p.name for p in path.parent.iterdir()] == ["b"]

    def test_goes_on_where_it_stopped(self, server, tmp_path):
        (tmp_path / "b.part").write_bytes(CONTENT[:1_234_567])
        assert download(f"{server}/file", tmp_path / "b", CHECKSUM).read_bytes() == CONTENT
        assert Handler.ranges == ["bytes=1234567-"]

    def test_starts_again_where_there_are_no_ranges(self, server, tmp_path):
        (tmp_path / "b.part").write_bytes(b"x" * 1000)
        assert download(f"{server}/whole", tmp_path / "b", CHECKSUM).read_bytes() == CONTENT

    def test_takes_a_part_that_was_complete(self, server, tmp_path):
        (tmp_path / "b.part").write_bytes(CONTENT)
        assert download(f"{server}/file", tmp_path / "b", CHECKSUM).read_bytes() == CONTENT

    def test_survives_a_server_that_breaks_off(self, server, tmp_path):
        assert download(f"{server}/cut", tmp_path / "b", CHECKSUM, attempts=3).read_bytes() == CONTENT
        assert Handler.ranges == [None, "bytes=1000000-", "bytes=2000000-"]

    def test_says_how_far_it_came(self, server, tmp_path):
        with pytest.raises(UserError, match="ended after 1,000,000 of 3,000,000 bytes"):
            download(f"{server}/cut", tmp_path / "b", CHECKSUM, attempts=1)
        assert (tmp_path / "b.part").stat().st_size == 1_000_000
        assert not (tmp_path / "b").exists()

    def test_web_page_in_its_place(self, server, tmp_path):
        with pytest.raises(UserError, match=r"did not send the published file\..* It is a web page\.$"):
            download(f"{server}/page", tmp_path / "b", CHECKSUM)
        assert list(tmp_path.iterdir()) == []

    def test_not_there(self, server, tmp_path):
        with pytest.raises(UserError, match=r"/missing cannot be fetched .*404"):
            download(f"{server}/missing", tmp_path / "b", CHECKSUM)
        assert len(Handler.ranges) == 1

    def test_folder_that_cannot_be_made(self, server, tmp_path):
        (tmp_path / "a").write_text("a file")
        with pytest.raises(UserError, match="cannot be written"):
            download(f"{server}/file", tmp_path / "a" / "b", CHECKSUM)

    def test_no_network(self, tmp_path, monkeypatch):
        monkeypatch.delenv("FAUXBENCH_OFFLINE")
        monkeypatch.setenv("no_proxy", "*")
        with pytest.raises(UserError, match="cannot be fetched"):
            download("http://127.0.0.1:9/x", tmp_path / "b", CHECKSUM, attempts=1)

    def test_offline_and_other_schemes(self, tmp_path):
        with pytest.raises(UserError, match="FAUXBENCH_OFFLINE is set"):
            download("https://example.org/x", tmp_path / "b", CHECKSUM)
        with pytest.raises(UserError, match="Only http and https"):
            download("file:///etc/passwd", tmp_path / "b", CHECKSUM)


class TestSearch:
    def test_order(self, tmp_path, monkeypatch):
        monkeypatch.setenv("FAUXBENCH_DATA", str(tmp_path / "env"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        folders = data_folders(tmp_path)
        assert folders == [tmp_path, tmp_path / "env", tmp_path / "cache" / "fauxbench" / "data"]
        monkeypatch.delenv("FAUXBENCH_DATA")
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert data_folders() == [Path.home() / ".cache" / "fauxbench" / "data"]

    def test_the_cache_of_another_system_comes_after_what_lies_at_the_old_place(self, tmp_path, monkeypatch):
        own = tmp_path / "Library" / "fauxbench"
        monkeypatch.setattr(fetch.platformdirs, "user_cache_path", lambda *_, **__: own)
        monkeypatch.delenv("FAUXBENCH_DATA", raising=False)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert data_folders() == [own / "data"]
        (tmp_path / "fauxbench/data/digits").mkdir(parents=True)
        assert data_folders() == [tmp_path / "fauxbench/data", own / "data"], "downloads go to the last"

    def test_nobody_without_a_home_meets_a_traceback(self, monkeypatch):
        for name in ("HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name)
        monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
        with pytest.raises(UserError, match="home"):
            data_folders()

    def test_given_folder_must_exist(self, tmp_path):
        with pytest.raises(UserError, match="There is no data folder"):
            data_folders(tmp_path / "none")

    def test_finds_below_the_name_first(self, tmp_path):
        (tmp_path / "b" / "set").mkdir(parents=True)
        (tmp_path / "b" / "x").touch()
        assert find([tmp_path / "a", tmp_path / "b"], "set", ["x"]) == tmp_path / "b" / "x"
        (tmp_path / "b" / "set" / "x").touch()
        assert find([tmp_path / "a", tmp_path / "b"], "set", ["x"]) == tmp_path / "b" / "set" / "x"
        assert find([tmp_path], "set", ["y"]) is None


def test_checksum(tmp_path):
    (tmp_path / "a").write_bytes(CONTENT)
    check_file(tmp_path / "a", CHECKSUM)
    check_file(tmp_path / "a", "md5:" + hashlib.md5(CONTENT).hexdigest())
    (tmp_path / "a").write_bytes(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    with pytest.raises(UserError, match=r"a is not the published file. Expected sha256"):
        check_file(tmp_path / "a", CHECKSUM)
    with pytest.raises(UserError, match="cannot be read"):
        check_file(tmp_path / "b", CHECKSUM)


def test_a_planted_link_is_not_written_through(server, tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "file.part").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="cannot be written"):
        download(f"{server}/whole", tmp_path / "file", CHECKSUM)
    assert (tmp_path / "victim").read_text() == "precious"
