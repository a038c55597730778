"""Who keeps this host's clock: what chrony, systemd and the kernel say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._probe.clock import ntp

RECORDED = json.loads((Path(__file__).parent / "recordings" / "ntp.json").read_text())


def programs(monkeypatch, **output):
    """What chronyc and timedatectl print; a program that is not named is not installed."""
    monkeypatch.setattr(ntp, "output_of", lambda words, seconds: output.get("_".join(words).replace("-", "")))


def test_chrony_that_follows_a_server():
    # In words the same answer says "seconds fast": the host is ahead.
    assert ntp.read_chrony(RECORDED["chrony"]["synchronised"]) == {
        "synchronised": True,
        "source": "127.0.0.1",
        "offset_s": 0.000002,
        "by": "chrony",
    }


def test_chrony_without_a_server():
    assert ntp.read_chrony(RECORDED["chrony"]["without a server"]) == {
        "synchronised": False,
        "source": "",
        "offset_s": None,
        "by": "chrony",
    }


@pytest.mark.parametrize("text", [None, "", "506 Cannot talk to daemon", ",,,"])
def test_no_chrony(text):
    assert ntp.read_chrony(text) is None


def test_systemd_that_is_not_synchronised():
    assert ntp.read_timedatectl(RECORDED["timedatectl"]["show"], None) == {
        "synchronised": False,
        "source": "",
        "offset_s": None,
        "by": "timedatectl",
    }


def test_systemd_names_its_server():
    # Made by hand after systemd's documentation of `timedatectl show-timesync`.
    found = ntp.read_timedatectl("NTPSynchronized=yes\n", "SystemNTPServers=\nServerName=ntp.example.com\n")

    assert (found["synchronised"], found["source"]) == (True, "ntp.example.com")


@pytest.mark.parametrize("text", [None, "", "Failed to connect to bus", "NTPSynchronized=maybe\n"])
def test_no_systemd(text):
    assert ntp.read_timedatectl(text, None) is None


def test_chrony_is_asked_before_systemd(monkeypatch):
    programs(
        monkeypatch,
        chronyc_c_tracking=RECORDED["chrony"]["synchronised"],
        timedatectl_show=RECORDED["timedatectl"]["show"],
    )
    assert ntp.state()["by"] == "chrony"

    programs(monkeypatch, timedatectl_show=RECORDED["timedatectl"]["show"])
    assert ntp.state()["by"] == "timedatectl"


def test_the_kernel_is_asked_when_no_program_is_there(monkeypatch):
    programs(monkeypatch)

    found = ntp.state()

    assert found["by"] == "kernel"
    assert found["synchronised"] in (True, False)


def test_a_system_without_the_call(monkeypatch):
    programs(monkeypatch)
    monkeypatch.setattr(ntp.ctypes, "CDLL", lambda name: object())

    assert ntp.state() == {"synchronised": None, "source": "", "offset_s": None, "by": ""}
