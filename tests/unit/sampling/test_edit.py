"""Settings are changed inside files that belong to somebody else; everything else stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.traceops.tracing.plugins.action.sampling_file import _diff as difference
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit import FORMATS
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit import edit as edit_checked
from ansible_collections.traceops.tracing.plugins.module_utils._sampling.edit_yaml import CannotEdit

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

ENVIRONMENT = """\
# the shop
SECRET="a b"
export OTEL_TRACES_SAMPLER=always_on  # while we look for it
  OTEL_TRACES_SAMPLER_ARG = odd
#OTEL_TRACES_SAMPLER_ARG=0.1
"""


def edit(form, text, **settings):
    """The edited text; editing it again changes nothing."""
    edited = edit_checked(form, text, settings)
    assert edit_checked(form, edited, settings) == edited
    return edited


def test_a_variable_is_changed_where_it_stands():
    edited = edit("environment", ENVIRONMENT, OTEL_TRACES_SAMPLER="traceidratio")

    assert edited == ENVIRONMENT.replace("always_on  # while we look for it", "traceidratio")


def test_a_variable_that_is_missing_or_commented_out_comes_last():
    assert edit("environment", ENVIRONMENT, OTEL_TRACES_SAMPLER_ARG="0.5") == (
        ENVIRONMENT + "OTEL_TRACES_SAMPLER_ARG=0.5\n"
    )


def test_of_a_variable_that_stands_twice_one_stays():
    assert edit("environment", "A=1\nB=2\nA=3\n", A="4") == "A=4\nB=2\n"


def test_a_file_that_does_not_exist_is_written_from_nothing():
    assert edit("environment", "", A="1", B="2") == "A=1\nB=2\n"


def test_line_ends_and_a_missing_one_are_respected():
    assert edit("environment", "B=2\r\nA=1", A="3", C="4") == "B=2\r\nA=3\r\nC=4\r\n"


@pytest.mark.parametrize("text", ["A=1", "A=1\nB=2\r\n", "B=2\rA=1\r"])
def test_what_is_set_already_changes_nothing(text):
    assert edit("environment", text, A="1") == text


def test_only_line_ends_end_a_line():
    text = "B=one\x85A=two\x0cA=three\u2028A=four\n"

    assert edit("environment", text, A="1") == text + "A=1\n"


@pytest.mark.parametrize("form", ["environment", "properties"])
@pytest.mark.parametrize(
    ("name", "value"), [("A", "1\nB=2"), ("A", "1\r"), ("A", "1\\"), ("A=1\nB", "2"), ("A B", "2")]
)
def test_a_setting_that_reaches_into_other_lines_is_refused(form, name, value):
    with pytest.raises(CannotEdit, match="would reach into other lines"):
        edit(form, "C=3\n", **{name: value})


def test_a_line_that_is_continued_belongs_together():
    assert edit("environment", "B=one \\\nA=two\nA=1\n", A="2") == "B=one \\\nA=two\nA=2\n"


@UNHURRIED
@given(
    st.lists(st.from_regex(r"[B-Z_]{1,5}=[^\r\n\\]{0,10}", fullmatch=True)),
    st.text("01."),
)
def test_lines_of_others_never_change(lines, value):
    text = "".join(line + "\n" for line in lines)

    assert edit("environment", text, A=value) == text + f"A={value}\n"


@pytest.mark.parametrize(
    "line", ["otel.bsp.schedule.delay=1", "  otel.bsp.schedule.delay : 1", "otel.bsp.schedule.delay 1"]
)
def test_a_property_is_changed_however_it_is_written(line):
    text = f"! comment\n{line}\notel.bsp.schedule.delay.other=7\n"

    edited = edit("properties", text, **{"otel.bsp.schedule.delay": "2000"})

    assert edited == text.replace(line, line[:-1] + "2000")


def test_a_property_without_a_value_gets_one():
    assert edit("properties", "a.b\n", **{"a.b": "1"}) == "a.b=1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'ARGS="--mode prod --ratio 0.1"\n'),
        ("ARGS=\n", 'ARGS="--mode prod --ratio 0.1"\n'),
        ("ARGS=--file\n", 'ARGS="--file --mode prod --ratio 0.1"\n'),
        ('X=1\nARGS="--mode dev --file a.sql"\n', 'X=1\nARGS="--mode prod --file a.sql --ratio 0.1"\n'),
        ("ARGS='--ratio=0.5 --mode=dev'\n", "ARGS='--ratio=0.1 --mode=prod'\n"),
        ('ARGS="--mode dev --mode staging"\n', 'ARGS="--mode prod --ratio 0.1"\n'),
        ('ARGS="--mode --ratio 1"\n', 'ARGS="--mode prod --ratio 0.1"\n'),
        ('ARGS="--mode \\\n  dev --file a.sql"\n', 'ARGS="--mode   prod --file a.sql --ratio 0.1"\n'),
        ('ARGS="--modes dev"\n', 'ARGS="--modes dev --mode prod --ratio 0.1"\n'),
    ],
)
def test_options_of_a_command_line_are_changed_among_others(before, after):
    assert edit("options", before, variable="ARGS", options={"--mode": "prod", "--ratio": "0.1"}) == after


def test_a_command_line_that_is_quoted_in_parts_is_left_alone():
    with pytest.raises(CannotEdit, match="quoted in parts"):
        edit("options", "ARGS=--a 'b c' d\n", variable="ARGS", options={"--mode": "prod"})


def test_options_that_stand_in_another_variable_are_not_written_beside_it():
    with pytest.raises(CannotEdit, match="VELO_ARGS has these options, not ARGS; give the target variable: VELO_ARGS"):
        edit("options", 'VELO_ARGS="--mode dev --file a.sql"\n', variable="ARGS", options={"--mode": "prod"})
    assert edit("options", "OTHER=--modes\n", variable="ARGS", options={"--mode": "prod"}).endswith(
        'ARGS="--mode prod"\n'
    )


COLLECTOR = """\
# our gateway: größer 🚀
receivers:
  otlp:
    protocols: {grpc: {endpoint: "0.0.0.0:4317"}}   # all interfaces
processors:
  # first of all
  memory_limiter: {check_interval: 1s, limit_mib: 100}
  batch:

exporters:
  debug:
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]  # the order counts
      exporters: [debug]
"""
SAMPLER = {
    "sampler": "probabilistic",
    "processor": "probabilistic_sampler",
    "percentage": 25.0,
    "pipelines": ["traces"],
    "hash_seed": None,
    "keep_errors": True,
}
TAIL = {**SAMPLER, "sampler": "tail", "processor": "tail_sampling"}


def test_a_sampler_is_put_before_the_batches_and_comments_stay():
    edited = edit("collector", COLLECTOR, **SAMPLER)

    assert edited == COLLECTOR.replace(
        "  batch:\n\n", "  batch:\n  probabilistic_sampler:\n    sampling_percentage: 25.0\n\n"
    ).replace("[memory_limiter, batch]", "[memory_limiter, probabilistic_sampler, batch]")


def test_only_the_percentage_of_a_sampler_changes():
    before = edit("collector", COLLECTOR, **{**SAMPLER, "hash_seed": 22})

    assert edit("collector", before, **{**SAMPLER, "percentage": 1.0}) == before.replace("25.0", "1.0")


def test_pipelines_that_list_processors_line_by_line_are_understood():
    text = COLLECTOR.replace(
        "[memory_limiter, batch]  # the order counts", "\n      - memory_limiter # 1st\n      - batch"
    )

    assert "- memory_limiter # 1st\n      - probabilistic_sampler\n      - batch\n" in edit(
        "collector", text, **SAMPLER
    )


@pytest.mark.parametrize("pipeline", ["traces: {}", "traces:", "traces: {receivers: [otlp]}"])
def test_a_pipeline_without_processors_gets_one(pipeline):
    text = (
        f"service: {{pipelines: {{{pipeline}}}}}\n" if "{" in pipeline else f"service:\n  pipelines:\n    {pipeline}\n"
    )
    if pipeline == "traces:":
        with pytest.raises(CannotEdit, match="no pipeline 'traces'"):
            edit("collector", text, **SAMPLER)
    else:
        assert "processors: [probabilistic_sampler]" in edit("collector", text, **SAMPLER)


def test_a_pipeline_that_is_not_there_is_named():
    with pytest.raises(CannotEdit, match=r"it has no pipeline 'traces/2' \(it has: traces\)"):
        edit("collector", COLLECTOR, **{**SAMPLER, "pipelines": ["traces/2"]})


def test_a_tail_sampler_keeps_errors_and_a_share_of_the_rest():
    edited = edit("collector", COLLECTOR, **TAIL)

    assert "processors: [memory_limiter, tail_sampling, batch]" in edited
    assert "status_codes:\n        - ERROR" in edited
    assert edit("collector", edited, **{**TAIL, "percentage": 5.0}) == edited.replace("25.0", "5.0")


def test_policies_of_others_stay():
    text = COLLECTOR.replace(
        "  batch:\n", "  batch:\n  tail_sampling:\n    policies:\n      - {name: slow, type: latency}  # ours\n"
    )

    edited = edit("collector", text, **{**TAIL, "keep_errors": False})

    assert "      - {name: slow, type: latency}  # ours\n      - name: traceops-ratio\n" in edited


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("others", [[], [{"name": "slow", "type": "latency"}]])
def test_errors_are_no_longer_kept_when_the_target_says_so(flow, others):
    import yaml

    tail = {"tail_sampling": {"policies": others}} if others else {}
    config = {"processors": {"batch": None, **tail}, "service": {"pipelines": {"traces": {"processors": ["batch"]}}}}
    keeping = edit("collector", yaml.safe_dump(config, default_flow_style=flow), **TAIL)
    assert "traceops-errors" in keeping

    edited = edit("collector", keeping, **{**TAIL, "keep_errors": False})

    (*left, ratio) = yaml.safe_load(edited)["processors"]["tail_sampling"]["policies"]
    assert (left, ratio["name"]) == (others, "traceops-ratio")


@pytest.mark.parametrize("processors", ["'${env:PROCESSORS}'", "'probabilistic_sampler'", "{batch: }", "5"])
def test_processors_that_are_no_list_are_left_alone(processors):
    with pytest.raises(CannotEdit, match="the processors of its pipeline 'traces' are not a list"):
        edit("collector", f"service: {{pipelines: {{traces: {{processors: {processors}}}}}}}\n", **SAMPLER)


@pytest.mark.parametrize(
    ("processor", "why"),
    [("5", "'tail_sampling' is not a mapping"), ("{policies: x}", "'processors.tail_sampling.policies' is not a list")],
)
def test_a_processor_of_another_form_is_left_alone(processor, why):
    text = COLLECTOR.replace("  batch:\n", f"  batch:\n  tail_sampling: {processor}\n")
    with pytest.raises(CannotEdit, match=why):
        edit("collector", text, **TAIL)


def test_a_key_without_a_value_stays_one_in_a_flow_mapping():
    text = "processors: {batch: }\nservice: {pipelines: {traces: {processors: [batch]}}}\n"

    assert "{batch: , probabilistic_sampler: {sampling_percentage: 25.0}}" in edit("collector", text, **SAMPLER)


def test_windows_line_ends_and_a_byte_order_mark_stay():
    text = "\ufeff" + COLLECTOR.replace("\n", "\r\n")

    edited = edit("collector", text, **SAMPLER)

    assert edited == "\ufeff" + edit("collector", COLLECTOR, **SAMPLER).replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", r"it is not YAML \(line [12]\): "),
        ("- a\n", "it has no pipeline 'traces'"),
        ("a: &a [*a]\n" + COLLECTOR, "nested too deeply"),
        (
            "a0: &a0 [1, 1]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 9)) + COLLECTOR,
            "too much",
        ),
        ("a: 1\n---\nb: 2\n", "it is not YAML"),
        ("[" * 1500, "nested too deeply"),
        ("- " * 1500, "nested too deeply"),
        ("service: &s {pipelines: {traces: &t {x: 1}, metrics: *t}}\n", "cannot be changed safely"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text, why):
    with pytest.raises(CannotEdit, match=why):
        edit("collector", text, **SAMPLER)


def test_unknown_tags_and_references_to_variables_do_not_disturb():
    text = COLLECTOR + "extra: !vault |\n  abc\nurl: ${env:URL}\n"

    assert "extra: !vault |\n  abc\nurl: ${env:URL}\n" in edit("collector", text, **SAMPLER)


@UNHURRIED
@given(
    st.lists(st.tuples(st.integers(0, 16), st.integers(0, 8), st.sampled_from(["", "# note", "# a: [b"])), max_size=6)
)
def test_comments_and_blank_lines_anywhere_stay_where_they_are(notes):
    lines = COLLECTOR.splitlines()
    for at, indent, note in notes:
        lines.insert(at, " " * indent * bool(note) + note)
    text = "\n".join(lines) + "\n"

    left = iter(edit("collector", text, **SAMPLER).splitlines())

    changed = "      processors: [memory_limiter, batch]  # the order counts"
    assert all(line in left for line in lines if line != changed), "each line is there, in the old order"


COMPOSE = """\
services:
  app:
    image: shop:1  # pinned
    environment:
      {environment}
  other: {{image: x}}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A: b  # why", "A: b  # why\n      RATIO: '0.5'"),
        ("- A=b  # why", "- A=b  # why\n      - RATIO=0.5"),
        ("- A=b\n      - RATIO=1 # old", "- A=b\n      - RATIO=0.5 # old"),
        ('RATIO: "1"\n      A: b', "RATIO: '0.5'\n      A: b"),
    ],
)
def test_a_compose_service_has_its_environment_as_a_mapping_or_a_list(before, after):
    edited = edit("compose", COMPOSE.format(environment=before), service="app", environment={"RATIO": "0.5"})

    assert edited == COMPOSE.format(environment=after)


def test_of_a_variable_that_a_list_has_twice_the_last_one_holds():
    environment = "- RATIO=0.5\n      - RATIO=1"

    edited = edit("compose", COMPOSE.format(environment=environment), service="app", environment={"RATIO": "0.7"})

    assert edited == COMPOSE.format(environment=environment.replace("=1", "=0.7"))


@pytest.mark.parametrize(
    ("text", "has"), [("", "none"), ("services: [a]\n", "none"), ("services: {a: {}, b: }\n", "a, b")]
)
def test_a_compose_service_that_is_not_there_is_named(text, has):
    with pytest.raises(CannotEdit, match=rf"it has no service 'app' \(it has: {has}\)"):
        edit("compose", text, service="app", environment={"RATIO": "0.5"})


def test_a_compose_service_without_environment_gets_one():
    edited = edit("compose", "services:\n  app:\n    image: x\n", service="app", environment={"RATIO": "0.5"})

    assert edited == "services:\n  app:\n    image: x\n    environment:\n      RATIO: '0.5'\n"


def test_a_section_of_yaml_is_found_or_made():
    settings = {"section": "a.tracing", "values": {"sampling_ratio": 0.1}}

    assert edit("yaml", "a:\n  tracing:\n    x: 1 # one\n", **settings) == (
        "a:\n  tracing:\n    x: 1 # one\n    sampling_ratio: 0.1\n"
    )
    assert edit("yaml", "", **settings) == "a:\n  tracing:\n    sampling_ratio: 0.1\n"
    assert edit("yaml", "b: 1", **settings) == "b: 1\na:\n  tracing:\n    sampling_ratio: 0.1\n"
    assert edit("yaml", "# nothing yet\n", **settings).startswith("# nothing yet\na:\n")


def test_a_section_that_is_something_else_is_refused():
    with pytest.raises(CannotEdit, match="'a' is not a mapping"):
        edit("yaml", "a: 1\n", section="a.b", values={"c": 1})


yaml_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.from_regex(r"[a-z #:'-]{0,8}", fullmatch=True),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@UNHURRIED
@given(
    st.dictionaries(st.sampled_from("abcd"), yaml_values, max_size=4),
    st.sampled_from(["", "a", "a.b", "e.f"]),
    st.sampled_from([True, False, None]),
)
def test_any_yaml_is_changed_rightly_or_refused(data, section, flow):
    """edit_yaml compares the result with what it should be, and refuses everything else."""
    import yaml

    text = yaml.safe_dump(data, default_flow_style=flow, sort_keys=False)
    try:
        edited = edit("yaml", text, section=section, values={"zz": 0.5})
    except CannotEdit:
        on_the_way = data.get(section[:1])
        assert section
        assert on_the_way is not None
        return
    found = yaml.safe_load(edited)
    for key in filter(None, section.split(".")):
        found = found[key]
    assert found["zz"] == 0.5


ALLOY = """\
// our pipeline
otelcol.processor.probabilistic_sampler "default" {
  hash_seed = 3 // { not a brace
  sampling_percentage = 10 // ten
  output { traces = [otelcol.exporter.otlp.tempo.input] }
}
otelcol.processor.probabilistic_sampler "other" {
  output { }
}
"""


def test_the_percentage_of_alloy_is_changed_in_the_component_with_the_label():
    assert edit("alloy", ALLOY, label="default", percentage=0.5) == ALLOY.replace("= 10 //", "= 0.5 //")
    assert edit("alloy", ALLOY, label="other", percentage=25.0) == ALLOY.replace(
        '"other" {\n', '"other" {\n  sampling_percentage = 25\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{\n  sampling_percentage = argument.share.value * 100 // all\n}", "{\n  sampling_percentage = 25 // all\n}"),
        ('{\n  sampling_percentage = sys.env("X")\r\n}', "{\n  sampling_percentage = 25\r\n}"),
        ("{\n  /*\n  sampling_percentage = 1\n  */\n  sampling_percentage = 2\n}",
         "{\n  /*\n  sampling_percentage = 1\n  */\n  sampling_percentage = 25\n}"),
        ("{ sampling_percentage = 2 }", "{ sampling_percentage = 25 }"),
        ("{ }", "{\n  sampling_percentage = 25\n }"),
    ],
    ids=["expression", "call", "comment", "one line", "empty"],
)  # fmt: skip
def test_the_whole_value_of_alloys_percentage_is_replaced(before, after):
    head = '/* otelcol.processor.probabilistic_sampler "x" { */\notelcol.processor.probabilistic_sampler "x" '

    assert edit("alloy", f"{head}{before}\n", label="x", percentage=25) == f"{head}{after}\n"


def test_a_component_that_is_missing_or_open_is_refused():
    with pytest.raises(CannotEdit, match="it has no component otelcol"):
        edit("alloy", ALLOY, label="x", percentage=1)
    with pytest.raises(CannotEdit, match="not closed"):
        edit("alloy", ALLOY.rstrip().rstrip("}"), label="other", percentage=1)


def test_a_file_of_ours_is_written_as_it_is():
    assert edit("whole", "anything", content="[Service]\n") == "[Service]\n"


@pytest.mark.parametrize(
    ("form", "settings", "sentence"),
    [
        ("options", {"options": {}}, "settings: format options needs 'variable'"),
        ("options", {"variable": "A", "options": "x"}, "settings: options of format options is not a dictionary"),
        ("yaml", {"section": ["a"], "values": {}}, "settings: section of format yaml is not a text"),
        ("whole", {}, "settings: format whole needs 'content'"),
        ("compose", {"service": "a"}, "settings: format compose needs 'environment'"),
        ("alloy", {"label": "x", "percentage": "much"}, "settings: percentage 'much' is not a number"),
        ("collector", {**SAMPLER, "percentage": 101}, "settings: percentage 101 is not between 0 and 100"),
        ("collector", {**SAMPLER, "pipelines": "traces"}, "settings: pipelines of format collector is not a list"),
        ("collector", {**SAMPLER, "sampler": "odd"}, "settings: sampler 'odd' is not one of probabilistic, tail"),
    ],
)
def test_settings_that_a_format_cannot_take_are_said(form, settings, sentence):
    with pytest.raises(CannotEdit) as refused:
        edit(form, "", **settings)

    assert str(refused.value) == sentence


def test_a_seed_and_errors_may_be_left_out():
    settings = {key: value for key, value in TAIL.items() if key not in ("hash_seed", "keep_errors")}

    assert "traceops-errors" in edit("collector", COLLECTOR, **settings)


def test_every_format_can_be_asked_for():
    assert set(FORMATS) == {"whole", "environment", "properties", "options", "yaml", "compose", "collector", "alloy"}


def test_a_difference_has_the_lines_that_change_and_no_others():
    shown = difference("/etc/app.env", "TOKEN=geheim\nA=1\nB=2\nA=1\n", "TOKEN=geheim\nA=3\nB=2\n")

    assert (shown["before"], shown["after"]) == ("A=1\nA=1\n", "A=3\n")
    assert difference("/etc/app.env", None, "A=3\n")["before"] == ""


def test_a_difference_of_a_file_with_many_equal_lines_takes_no_time():
    """By difflib's ndiff this one takes many minutes."""
    lines = "      - a: 1\n        b: 2\n" * 9000

    shown = difference("/etc/app.yaml", f"x: 1\n{lines}y: 1\n", f"x: 2\n{lines}y: 2\n")

    assert (shown["before"], shown["after"]) == ("x: 1\ny: 1\n", "x: 2\ny: 2\n")
