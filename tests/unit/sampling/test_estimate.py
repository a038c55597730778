"""The ratio that stored trace ids betray."""

from __future__ import annotations

import random

import pytest

from ansible_collections.traceops.tracing.plugins.module_utils._otel import samplers, velostream
from ansible_collections.traceops.tracing.plugins.module_utils._otel.estimate import estimate, hidden_factor, share


def survivors(rule, ratio, wanted, dice):
    """Ids of `wanted` traces that a sampler with this rule and ratio kept."""
    position = samplers.RULES[rule].position
    kept = []
    while len(kept) < wanted:
        trace_id = dice.getrandbits(128)
        if position(trace_id) < ratio:
            kept.append(trace_id)
    return kept


@pytest.mark.parametrize("rule", samplers.RULES)
def test_the_true_ratio_lies_in_the_interval_as_often_as_stated(rule):
    dice = random.Random(f"fleet of {rule}")
    hits = 0
    for _unused in range(1000):
        ratio, traces = dice.uniform(0.02, 1.0), dice.randint(5, 40)
        found = estimate(survivors(rule, ratio, traces, dice), rule)
        hits += found["low"] <= ratio <= found["high"]

    assert 930 <= hits <= 970, f"{hits / 10} % instead of 95 %"


def test_cpp_decides_by_the_first_eight_bytes_as_its_machine_reads_them():
    assert samplers.SDK_RULES["cpp"] == "cpp"
    assert samplers.RULES["cpp"].position(0x0000000000000040_FFFFFFFFFFFFFFFF) == 0.25
    assert samplers.RULES["cpp"].position(0x4000000000000000_0000000000000000) < 1e-16


@pytest.mark.parametrize("ratio", [0.5, 0.25, 0.05])
def test_an_older_version_of_the_sdk_is_no_other_ratio(ratio):
    found = estimate(survivors("dotnet-old", ratio, 40, random.Random(f"old .NET at {ratio}")), "dotnet")

    assert found["rule"] == "dotnet-old"
    assert found["low"] <= ratio <= found["high"]


@pytest.mark.parametrize("rule", samplers.RULES)
@pytest.mark.parametrize("ratio", [0.5, 0.25, 0.05])
def test_the_sampler_is_recognised_by_its_survivors(rule, ratio):
    dice = random.Random(f"{rule} at {ratio}")
    for _unused in range(50):
        found = estimate(survivors(rule, ratio, 30, dice))

        assert found["rule"] == rule
        assert found["ratio"] == pytest.approx(ratio, rel=0.4)


def test_a_rule_that_is_recognised_keeps_its_promise():
    dice = random.Random("unknown SDKs")
    hits = 0
    for _unused in range(1000):
        rule, ratio = dice.choice(list(samplers.RULES)), dice.uniform(0.02, 0.7)
        found = estimate(survivors(rule, ratio, 40, dice))
        hits += found["rule"] == rule and found["low"] <= ratio <= found["high"]

    assert 930 <= hits <= 970, f"{hits / 10} % instead of 95 %"


def test_when_everything_is_kept_no_sampler_is_claimed():
    dice = random.Random("always on")
    claimed = 0
    for _unused in range(1000):
        found = estimate([dice.getrandbits(128) for _unused in range(30)])
        claimed += found["rule"] is not None

    assert claimed <= 20, "at most the stated one percent, with some room"


def test_a_sampler_that_is_not_recognised_still_has_a_lower_bound():
    dice = random.Random("nearly all")
    found = estimate(survivors("java", 0.95, 10, dice))

    assert (found["rule"], found["ratio"], found["high"]) == (None, None, 1.0)
    assert found["low"] <= 0.95


def test_two_samplers_in_series_are_both_seen():
    dice = random.Random("series")
    ids = [i for i in survivors("low64", 0.25, 400, dice) if samplers.RULES["js-xor"].position(i) < 0.2]

    found = {rule["rule"]: rule["ratio"] for rule in estimate(ids)["rules"]}

    assert found["low64"] == pytest.approx(0.25, abs=0.02)
    assert found["js-xor"] == pytest.approx(0.2, abs=0.02)


def test_ids_come_as_searches_return_them():
    assert estimate(["2f3e0cee77ae5dc9c17ade3689eb2e54", "5"], "low64")["traces"] == 2


def test_the_same_trace_counts_once():
    assert estimate([7, 7, 7], "low64")["traces"] == 1


def test_no_trace_says_nothing():
    found = estimate([])

    assert (found["traces"], found["ratio"], found["low"], found["high"]) == (0, None, 0.0, 1.0)


def test_thousands_of_ids_do_not_confuse_the_order_of_the_rules():
    dice = random.Random("many")
    found = estimate(survivors("low64", 0.05, 3000, dice))

    assert found["rule"] == "low64"
    assert found["p_value"] == 0.0, "smaller than a float can say"


def test_a_search_that_was_cut_off_says_nothing_about_rules_on_the_first_digits():
    dice = random.Random("cut")
    low_first = sorted(dice.getrandbits(128) for _unused in range(1000))[:50]

    assert estimate(low_first, complete=True)["rule"] == "dotnet", "the trap: Tempo returned low ids first"
    assert estimate(low_first, complete=False)["rule"] is None
    assert estimate(low_first, "dotnet", complete=False)["ratio"] is None


def test_counting_gives_an_interval_that_holds():
    dice = random.Random("counts")
    hits = 0
    for _unused in range(1000):
        ratio, offered = dice.uniform(0.05, 0.95), dice.randint(200, 400)
        kept = sum(dice.random() < ratio for _unused in range(offered))
        found = share(kept, offered)
        hits += found["low"] <= ratio <= found["high"]

    assert 930 <= hits <= 970, f"{hits / 10} % instead of 95 %"


def test_nothing_offered_says_nothing():
    assert share(0, 0)["ratio"] is None


def test_a_dice_before_the_sampler_shows_as_a_hidden_factor():
    """Velostream at 0.25: the ids say 0.25, the counts say 0.0625."""
    dice = random.Random("velostream")
    rolled = [dice.getrandbits(128) for _unused in range(4000) if dice.random() < 0.25]
    ids = [i for i in rolled if samplers.RULES["low64"].position(i) < 0.25]

    factor = hidden_factor(estimate(ids), share(len(ids), 4000))

    assert factor == pytest.approx(0.25, abs=0.05)


def test_a_sampler_alone_has_no_hidden_factor():
    dice = random.Random("alone")
    ids = [i for i in (dice.getrandbits(128) for _unused in range(4000)) if samplers.RULES["low64"].position(i) < 0.25]

    assert hidden_factor(estimate(ids), share(len(ids), 4000)) is None


@pytest.mark.parametrize("wanted", [0.01, 0.05, 0.25, 0.5, 0.9, 0.995, 1.0])
def test_the_ratio_that_gives_what_is_wanted_from_velostream(wanted):
    setting = samplers.velostream_setting_for(wanted)

    assert velostream.recorded(setting) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize(("wanted", "nearest"), [(0.0, 0.0), (0.00001, 0.0001), (0.984, 0.98)])
def test_a_share_out_of_reach_gets_the_nearest_one(wanted, nearest):
    effect = velostream.recorded(samplers.velostream_setting_for(wanted))

    assert effect == pytest.approx(nearest, abs=0.002)
