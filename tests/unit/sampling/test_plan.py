"""What the role does to its targets, worked out before anything is touched."""

from __future__ import annotations

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._base.errors import BadOption
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.plan import plan
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.proof import MARGIN_S, judge, proofs

APP = {"name": "shop", "kind": "environment", "service": "shop", "sdk": "python"}
VELO = {"name": "velo", "kind": "velostream", "file": "/etc/default/velo", "service": "velo-sql-app.sql"}
GATEWAY = {"name": "gateway", "kind": "collector", "file": "/etc/otelcol/config.yaml", "ratio": 0.5}


def planned(*targets, mode="staging", overrides=None, extra=None, compensate=False, everywhere=()):
    result = plan(list(targets), mode, overrides or {}, extra or {}, compensate, everywhere)
    assert result["problems"] == []
    return result["targets"]


def problems(*targets, mode="staging", overrides=None, everywhere=()):
    return plan(list(targets), mode, overrides or {}, {}, False, everywhere)["problems"]


def test_an_sdk_gets_a_file_and_a_drop_in():
    (target,) = planned({**APP, "unit": "shop.service"}, mode="prod")

    environment, drop_in = target["files"]
    assert environment["path"] == "/etc/traceops/shop.env"
    assert environment["settings"] == {
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.01",
        "OTEL_BSP_SCHEDULE_DELAY": "5000",
        "OTEL_BSP_EXPORT_TIMEOUT": "30000",
        "OTEL_BSP_MAX_QUEUE_SIZE": "65536",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2048",
    }
    assert drop_in["path"] == "/etc/systemd/system/shop.service.d/90-traceops-sampling.conf"
    assert "\nEnvironmentFile=/etc/traceops/shop.env\n" in drop_in["settings"]["content"]


def test_a_java_agent_gets_properties_and_a_drop_in():
    (target,) = planned({"name": "j", "kind": "java", "file": "/etc/j.properties", "unit": "j.service"}, mode="dev")

    properties, drop_in = target["files"]
    assert properties["format"] == "properties"
    assert properties["settings"]["otel.traces.sampler.arg"] == "0.5"
    assert properties["settings"]["otel.bsp.max.export.batch.size"] == "2048"
    assert "OTEL_JAVAAGENT_CONFIGURATION_FILE=/etc/j.properties" in drop_in["settings"]["content"]


def test_what_the_process_of_a_unit_must_have():
    app, java, collector = planned(
        {**APP, "unit": "shop.service"}, {"name": "j", "kind": "java", "file": "/etc/j.properties"}, GATEWAY
    )

    assert app["environ"]["required"] == app["environ"]["allowed"]
    assert "OTEL_TRACES_SAMPLER=parentbased_traceidratio" in app["environ"]["required"]
    assert java["environ"]["required"] == ["OTEL_JAVAAGENT_CONFIGURATION_FILE=/etc/j.properties"]
    assert "OTEL_TRACES_SAMPLER_ARG=0.25" in java["environ"]["allowed"]
    assert collector["environ"]["required"] == []


def test_a_container_gets_variables():
    (target,) = planned({"name": "c", "kind": "docker", "container": "shop"})

    assert target["environment"]["OTEL_TRACES_SAMPLER_ARG"] == "0.25"
    assert target["files"] == []


def test_a_compose_service_is_brought_up_again():
    (target,) = planned({"name": "c", "kind": "compose", "file": "/srv/shop/compose.yaml", "compose_service": "app"})

    assert target["restart_command"] == ["docker", "compose", "up", "-d", "--no-deps", "app"]
    assert target["chdir"] == "/srv/shop"


def test_velostream_gets_options():
    (target,) = planned(VELO, mode="dev")

    assert target["files"][0]["settings"] == {
        "variable": "VELO_SQL_ARGS",
        "options": {"--sampling-mode": "dev", "--sampling-ratio": "0.5"},
    }


def test_velostream_gets_yaml_in_its_own_units():
    (target,) = planned({"name": "v", "kind": "velostream_yaml", "file": "/etc/v.yaml"}, mode="prod")

    assert target["files"][0]["settings"]["values"] == {
        "sampling_mode": "prod",
        "sampling_ratio": 0.01,
        "export_flush_interval_ms": 5000,
        "export_timeout_seconds": 30,
        "max_queue_size": 65536,
        "max_export_batch_size": 2048,
    }


@pytest.mark.parametrize(
    ("sampler", "processor"), [("probabilistic", "probabilistic_sampler"), ("tail", "tail_sampling")]
)
def test_a_collector_gets_a_percentage_and_is_validated(sampler, processor):
    (target,) = planned({**GATEWAY, "ratio": 0.07, "sampler": sampler})

    assert target["files"][0]["settings"]["processor"] == processor
    assert target["files"][0]["settings"]["percentage"] == 7.0
    assert target["files"][0]["validate"] is True
    assert target["validate"] == ["otelcol", "validate", "--config=%s"]


def test_alloy_gets_a_percentage():
    (target,) = planned({"name": "a", "kind": "alloy", "file": "/etc/alloy/config.alloy", "label": "x", "mode": "dev"})

    assert target["files"][0]["settings"] == {"label": "x", "percentage": 50.0}


def test_overrides_are_for_targets_without_a_mode_of_their_own():
    first, second, third = planned(
        APP,
        {**APP, "name": "b", "mode": "dev"},
        {**APP, "name": "c", "ratio": 0.3},
        mode="prod",
        overrides={"ratio": 0.05},
    )

    assert [target["wanted"] for target in (first, second, third)] == [0.05, 0.5, 0.3]


# Where a mode does not do what it says.


def test_velostream_in_mode_prod_keeps_nothing_and_the_plan_says_so():
    (target,) = planned(VELO, mode="prod")

    assert target["effective"] == 0.0
    (warning,) = target["warnings"]
    assert warning == (
        "sampling_targets: velo: Velostream keeps no new trace at a ratio of 0.01 or less, so mode prod with 0.01 "
        "shows none; the ratio 0.1 gives 0.01 (sampling_compensate: true sets it)"
    )


def test_velostream_samples_twice_and_the_plan_says_so():
    (target,) = planned(VELO)

    assert target["effective"] == 0.0625
    assert "the ratio 0.25 keeps 0.0625; the ratio 0.5 gives 0.25" in target["warnings"][0]


def test_compensation_sets_the_ratio_that_gives_what_is_wanted():
    (target,) = planned(VELO, mode="prod", compensate=True)

    assert (target["wanted"], target["setting"], target["effective"]) == (0.01, 0.1, 0.01)
    assert target["files"][0]["settings"]["options"]["--sampling-ratio"] == "0.1"
    assert target["warnings"] == []


def test_compensation_leaves_an_sdk_alone():
    (target,) = planned(APP, compensate=True)

    assert (target["setting"], target["warnings"]) == (0.25, [])


def test_what_compensation_cannot_reach_is_said():
    (target,) = planned({**VELO, "ratio": 0.00001}, compensate=True)

    assert "0.0001 is nearest" in target["warnings"][0]


def test_timings_that_velostream_options_cannot_say_are_said():
    (target,) = planned(VELO, mode="debug", overrides={"flush_interval_ms": 10})

    assert "cannot say flush_interval_ms 10; its mode debug keeps its own" in target["warnings"][0]


def test_a_ratio_of_zero_is_said():
    (target,) = planned({**APP, "ratio": 0})

    assert "keeps no new trace" in target["warnings"][0]


# One picture.


def test_ratios_multiply_along_the_path():
    shop, _gateway = planned(APP, GATEWAY)

    assert shop["path"] == {"ratio": 0.125, "exact": True, "words": "shop 0.25 x gateway 0.5 = 0.125 of new traces"}


def test_the_effect_counts_and_not_the_setting():
    velo, _gateway = planned(VELO, GATEWAY)

    assert velo["path"]["words"] == "velo 0.0625 (set as 0.25) x gateway 0.5 = 0.03125 of new traces"


def test_a_tail_sampler_that_keeps_errors_makes_it_a_lower_bound():
    shop, *_unused = planned(APP, {**GATEWAY, "sampler": "tail"})

    assert shop["path"]["exact"] is False
    assert shop["path"]["words"].endswith("= at least 0.125 of new traces")


@pytest.mark.parametrize(("seed", "ratio"), [(None, 0.0625), (7, 0.015625)])
def test_collectors_with_the_same_seed_keep_the_same_traces(seed, ratio):
    second = {**GATEWAY, "name": "second", "file": "/etc/2.yaml", "ratio": 0.25, "hash_seed": seed}

    shop, *_unused = planned({**APP, "ratio": 0.125}, GATEWAY, second)

    assert shop["path"]["ratio"] == (0.125 * 0.25 if seed is None else 0.125 * 0.25 * 0.5)
    assert ("same hash seed" in shop["path"]["words"]) is (seed is None)


def test_collectors_of_other_hosts_are_found_by_name():
    (shop,) = planned({**APP, "through": ["gateway"]}, everywhere=[GATEWAY, APP, "rubbish"])

    assert shop["path"]["ratio"] == 0.125


def test_an_application_passes_the_collectors_of_its_own_host_only():
    (shop,) = planned(APP, everywhere=[GATEWAY])

    assert shop["path"]["ratio"] == 0.25


def test_text_from_a_template_is_understood():
    shop, *_unused = planned(APP, {**GATEWAY, "sampler": "tail", "keep_errors": "false", "hash_seed": "7"})

    assert shop["path"]["exact"] is True


def test_through_nothing():
    shop, _gateway = planned({**APP, "through": []}, GATEWAY)

    assert shop["path"]["ratio"] == 0.25


# One sentence each.


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("rubbish", "sampling_targets: entry 1 is not a dictionary"),
        ({"kind": "java"}, "sampling_targets: entry 1: a name of letters, digits and _ . @ - is needed"),
        ({"name": "x"}, "sampling_targets: x: '' is no kind of target; known are environment, java, docker, compose,"),
        ({"name": "x", "kind": "java"}, "sampling_targets: x: a target of kind java needs 'file'"),
        ({**APP, "ratio": 1.5}, "sampling_targets: shop: ratio 1.5 is not between 0 and 1"),
        ({**APP, "mode": "fast"}, "sampling_targets: shop: there is no mode 'fast'; known are"),
        ({**APP, "container": "c"}, "sampling_targets: shop: a target of kind environment has no option 'container'"),
        ({**APP, "file": "app.env"}, "sampling_targets: shop: file 'app.env' is not an absolute path"),
        ({**APP, "file": "/a\nExecStart=/b"}, "sampling_targets: shop: file '/a ExecStart=/b' is not an absolute path"),
        ({**APP, "through": "gateway"}, "sampling_targets: shop: through 'gateway' is not a list"),
        ({**GATEWAY, "hash_seed": -1}, "sampling_targets: gateway: hash_seed -1 is not between 0 and 4294967295"),
        (
            {**GATEWAY, "keep_errors": "maybe"},
            "sampling_targets: gateway: keep_errors 'maybe' is neither true nor false",
        ),
        (
            {**APP, "unit": "shop"},
            "sampling_targets: shop: unit 'shop' is not the name of a service, such as app.service",
        ),
        (
            {**APP, "unit": "a.service", "restart_command": ["x"]},
            "sampling_targets: shop: unit and restart_command exclude each other",
        ),
        ({**APP, "sdk": "cobol"}, "sampling_targets: shop: sdk 'cobol' is not known; known are go, rust"),
        ({**GATEWAY, "sampler": "odd"}, "sampling_targets: gateway: sampler 'odd' is not one of probabilistic, tail"),
        (
            {**GATEWAY, "ratio": None},
            "sampling_targets: gateway: a collector needs a ratio of its own: the mode's is the application's",
        ),
        (
            {**GATEWAY, "flush_interval_ms": 1},
            "sampling_targets: gateway: a target of kind collector has no option 'flush_interval_ms'",
        ),
        (
            {**APP, "max_queue_size": 10},
            "sampling_targets: shop: max_export_batch_size 2048 is larger than max_queue_size 10",
        ),
        (
            {**APP, "through": ["nowhere"]},
            "sampling_targets: shop: through: there is no collector 'nowhere' (there is: none)",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(target, sentence):
    (problem,) = problems(target)

    assert problem.startswith(sentence)


def test_an_unknown_mode_is_said():
    assert problems(APP, mode="fast")[0].startswith("sampling_mode: there is no mode 'fast'")


def test_all_problems_are_said_at_once():
    assert len(problems({**APP, "ratio": 2}, {**VELO, "ratio": 3})) == 2


def test_two_targets_of_one_name_or_in_one_place_contradict():
    assert problems(APP, {**VELO, "name": "shop"}) == ["sampling_targets: two targets have the name 'shop'"]
    assert problems(VELO, {**VELO, "name": "b"}) == [
        "sampling_targets: velo and b both set the sampling in /etc/default/velo"
    ]


def test_two_command_lines_in_one_file_do_not_contradict():
    assert problems(VELO, {**VELO, "name": "b", "variable": "OTHER_ARGS"}) == []


# The proof.


def host(*targets, since=0.0, **options):
    found = planned(*targets, **options)
    return {
        "__sampling": {"targets": found},
        "__sampling_since": {target["name"]: since for target in found},
    }


def measured(low, high, *, rule="low64", count=None):
    return {
        "ok": True,
        "message": "measured",
        "by_id": {"low": low, "high": high, "ratio": (low + high) / 2 if rule else None, "rule": rule},
        "by_count": None if count is None else {"low": count[0], "high": count[1], "ratio": sum(count) / 2},
    }


def test_a_service_is_asked_for_once_and_since_its_last_change():
    (proof,) = proofs([host(APP, since=900.0), host(APP, since=950.0)], 600, 1000.0)

    assert (proof["service"], proof["sdk"], proof["by_id"]) == ("shop", "python", 0.25)
    assert proof["since"] == 950.0 + MARGIN_S


def test_the_window_bounds_how_far_back_is_looked():
    (proof,) = proofs([host(APP, since=10.0)], 600, 1000.0)

    assert proof["since"] == 400.0


def test_targets_without_a_service_are_not_asked_for():
    assert proofs([host({**APP, "service": ""})], 600, 1000.0) == []


def test_two_ratios_for_one_service_cannot_be_proved():
    with pytest.raises(BadOption, match=r"the service shop is sampled at 0.25 by shop and at 0.5 by shop"):
        proofs([host(APP), host(APP, mode="dev")], 600, 1000.0)


def test_velostream_shows_its_setting_in_the_ids_and_its_square_in_the_count():
    (proof,) = proofs([host(VELO)], 600, 1000.0)

    assert (proof["by_id"], proof["by_count"]) == (0.25, 0.0625)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (measured(0.24, 0.27), "proved"),
        (measured(0.26, 0.28), "refuted"),
        (measured(0.10, 0.12), "refuted"),
        (measured(0.90, 1.0, rule=None), "refuted"),
        (measured(0.24, 0.27, count=(0.11, 0.14)), "proved"),
        (measured(0.24, 0.27, count=(0.20, 0.30)), "refuted"),
        (measured(0.24, 0.27, count=(0.01, 0.02)), "refuted"),
        ({"ok": False, "message": "not enough traffic yet: 3 of 30 traces of shop"}, "unproved"),
    ],
)
def test_a_measurement_proves_or_refutes(result, state):
    (proof,) = proofs([host(APP, GATEWAY)], 600, 1000.0)

    assert judge(proof, result)["state"] == state


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        ("http://shop/metrics has no metric requests_total", "http://shop/metrics has no metric requests_total"),
        (None, "there are more than the 1000 traces that were looked at"),
    ],
)
def test_a_count_that_was_wanted_and_not_compared_is_said(problem, why):
    counted = {**APP, "counter_url": "http://shop/metrics", "counter_metric": "requests_total"}
    (proof,) = proofs([host(counted, GATEWAY)], 600, 1000.0)

    judged = judge(proof, {**measured(0.24, 0.27), "traces": 1000, "counter_problem": problem})

    assert judged["state"] == "proved"
    assert judged["sentence"].endswith(f" of new traces (the count was not compared: {why})")


def test_with_a_tail_sampler_that_keeps_errors_more_may_be_stored():
    (proof,) = proofs([host(APP, {**GATEWAY, "sampler": "tail"})], 600, 1000.0)

    assert judge(proof, measured(0.24, 0.27, count=(0.20, 0.30)))["state"] == "proved"
    assert judge(proof, measured(0.24, 0.27, count=(0.01, 0.02)))["state"] == "refuted"


def test_everything_kept_shows_no_sampler():
    (proof,) = proofs([host(APP, mode="debug")], 600, 1000.0)

    assert judge(proof, measured(0.9, 1.0, rule=None))["state"] == "proved"
    assert judge(proof, measured(0.24, 0.27))["state"] == "refuted"
