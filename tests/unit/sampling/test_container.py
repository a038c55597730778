"""A container is replaced by one that differs only in its variables."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.traceops.tracing.plugins.module_utils._sampling.container import like

OLD: dict[str, t.Any] = {
    "Id": "4f5e6d7c8b9a00000000",
    "Name": "/shop",
    "Image": "sha256:aaaa",
    "Config": {
        "Hostname": "4f5e6d7c8b9a",
        "Env": ["PATH=/bin", "RATIO=1", "EMPTY=", "URL=a=b"],
        "Image": "shop:1",
        "Labels": {"team": "a"},
        "ExposedPorts": {"80/tcp": {}},
    },
    "HostConfig": {
        "NetworkMode": "front",
        "Binds": ["/srv:/srv:ro", "/data"],
        "Links": ["/db:/shop/database"],
        "RestartPolicy": {"Name": "always"},
    },
    "Mounts": [
        {"Type": "bind", "Source": "/srv", "Destination": "/srv"},
        {"Type": "volume", "Name": "0123", "Destination": "/data", "RW": True},
        {"Type": "volume", "Name": "4567", "Destination": "/read", "RW": False},
    ],
    "NetworkSettings": {
        "Networks": {
            "front": {
                "Aliases": ["shop", "4f5e6d7c8b9a"],
                "IPAMConfig": {"IPv4Address": "10.1.2.3"},
                "IPAddress": "10.1.2.3",
            },
            "back": {"Aliases": ["4f5e6d7c8b9a"]},
        }
    },
}


def new_one(change: t.Callable[[dict[str, t.Any]], None] = lambda old: None, same_image: bool = True) -> t.Any:
    old = copy.deepcopy(OLD)
    change(old)
    before = copy.deepcopy(old)
    config, others = like(old, {"RATIO": "0.5", "NEW": "x"}, same_image)
    assert old == before, "what was observed is not changed"
    return config, others


def test_variables_are_replaced_and_others_stay():
    config, _others = new_one()

    assert config["Env"] == ["PATH=/bin", "EMPTY=", "URL=a=b", "RATIO=0.5", "NEW=x"]
    assert config["Labels"] == {"team": "a"}
    assert config["HostConfig"]["RestartPolicy"] == {"Name": "always"}


def test_a_host_name_that_is_the_old_id_is_not_kept():
    assert "Hostname" not in new_one()[0]
    assert new_one(lambda old: old["Config"].update(Hostname="shop1"))[0]["Hostname"] == "shop1"


def test_anonymous_volumes_move_to_the_new_container():
    assert new_one()[0]["HostConfig"]["Binds"] == ["/srv:/srv:ro", "0123:/data", "4567:/read:ro"]


def test_a_mounted_volume_without_a_name_moves_as_well():
    def mounted(old):
        old["HostConfig"]["Mounts"] = [{"Type": "volume", "Target": "/data"}, {"Type": "tmpfs", "Target": "/tmp"}]
        old["HostConfig"]["Binds"] = None

    config, _others = new_one(mounted)

    assert config["HostConfig"]["Mounts"] == [
        {"Type": "volume", "Target": "/data", "Source": "0123"},
        {"Type": "tmpfs", "Target": "/tmp"},
    ]
    assert config["HostConfig"]["Binds"] == ["4567:/read:ro"]


def test_links_are_written_as_they_are_created():
    assert new_one()[0]["HostConfig"]["Links"] == ["/db:database"]


def test_networks_keep_their_aliases_and_fixed_addresses():
    config, others = new_one()

    assert config["NetworkingConfig"] == {
        "EndpointsConfig": {"front": {"IPAMConfig": {"IPv4Address": "10.1.2.3"}, "Aliases": ["shop"]}}
    }
    assert others == {"back": {}}


def test_the_default_network_needs_no_endpoint():
    def change(old):
        old["HostConfig"]["NetworkMode"] = "default"
        old["NetworkSettings"]["Networks"] = {"bridge": {}, "back": {}}

    config, others = new_one(change)

    assert "NetworkingConfig" not in config
    assert others == {"back": {}}


def test_a_shared_network_stack_has_no_host_name_and_no_ports():
    def change(old):
        old["HostConfig"]["NetworkMode"] = "container:abc"
        old["Config"]["Hostname"] = "other"
        old["NetworkSettings"]["Networks"] = {}

    config, others = new_one(change)

    assert not {"Hostname", "ExposedPorts", "NetworkingConfig"} & set(config)
    assert others == {}


def test_an_image_whose_tag_has_moved_on_stays_the_same():
    assert new_one()[0]["Image"] == "shop:1"
    assert new_one(same_image=False)[0]["Image"] == "sha256:aaaa"
