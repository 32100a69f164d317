#!/usr/bin/python3
"""The JSON of vitals, count, list and stack of each example is as the manual says: the keys that are promised,
each of its type."""
import jsonschema

from example_process import Example, tasks_json


def nullable(kind):
    return {"type": [kind, "null"]}


def shape(**properties):
    """An object with these keys; later versions may add some."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def list_of(items):
    return {"type": "array", "items": items}


COUNT = {"type": "integer", "minimum": 0}
COUNTS = {"type": "object", "additionalProperties": COUNT}
SCHEMA = {"const": 1}
PLACE = {"oneOf": [{"type": "null"}, shape(function=nullable("string"), file=nullable("string"), line=nullable("integer"))]}

VITALS = shape(
    schema=SCHEMA, pid=COUNT, name={"type": "string"}, state={"type": "string"},
    tasks=shape(total=nullable("integer"), by_kind=COUNTS, by_state=COUNTS, by_wait=COUNTS),
    os_threads=nullable("integer"), usable_cpus=nullable("integer"), num_cpus=nullable("integer"),
    queues={"oneOf": [{"type": "null"}, list_of(shape(name=nullable("string"), depth=COUNT))]},
    queues_left_out=nullable("integer"), started=nullable("integer"), ended=nullable("integer"),
    memory=shape(rss_bytes=nullable("integer"), peak_rss_bytes=nullable("integer"), stack_bytes=nullable("integer")),
    switches=shape(voluntary=nullable("integer"), involuntary=nullable("integer")),
    fds=nullable("integer"), uptime_ns=nullable("integer"), oldest_wait_ns=nullable("integer"))

LABEL = {"oneOf": [{"type": "null"}, shape(key=nullable("string"), text={"type": "string"}, cut={"type": "boolean"})]}

STACK = shape(
    schema=SCHEMA, pid=COUNT, taken_at_ns=nullable("integer"), skew_ns=nullable("integer"),
    groups=list_of(shape(
        count=COUNT, kind={"type": "string"}, state={"type": "string"}, wait_reason=nullable("string"),
        wait_name=nullable("string"), age_min_ns=nullable("integer"), age_max_ns=nullable("integer"),
        frames=list_of(shape(function=nullable("string"), file=nullable("string"), line=nullable("integer"),
                             column=nullable("integer"), inlined={"type": "boolean"}, module=nullable("string"),
                             address={"type": "string"})),
        created_by=PLACE,
        tasks=list_of(shape(id={"type": "string"}, tid=nullable("integer"), name=nullable("string"),
                            age_ns=nullable("integer"), label=LABEL)))),
    incomplete=list_of(shape(tid=nullable("integer"), reason={"type": "string"})))

LIST = shape(
    schema=SCHEMA,
    processes=list_of(shape(
        pid=COUNT, ppid=nullable("integer"), name={"type": "string"}, exe=nullable("string"), user=nullable("string"),
        agent=nullable("boolean"), state={"type": "string"}, tasks=nullable("integer"), threads=nullable("integer"),
        uptime_ns=nullable("integer"), trend_per_min=nullable("number"))))

EXAMPLES = [
    ("payments", "--requests", "2"), ("payments", "--fixed"), ("payments", "--cause", "mutex"),
    ("query_all", "--hold"), ("submit_all", "--hold"), ("broken_generator", "--hold"), ("call_timeout", "--hold"),
]


def main():
    for example in EXAMPLES:
        with Example(*example) as process:
            vitals = tasks_json("vitals", "-p", process.pid)
            jsonschema.validate(vitals, VITALS)
            assert vitals["pid"] == process.pid and vitals["name"] == example[0], vitals
            # What an agent on this system always knows is told, and adds up.
            assert vitals["tasks"]["total"] == sum(vitals["tasks"]["by_kind"].values()), vitals
            assert vitals["tasks"]["total"] == sum(vitals["tasks"]["by_state"].values()), vitals
            assert vitals["memory"]["rss_bytes"] > 0 and vitals["fds"] > 0 and vitals["uptime_ns"] > 0, vitals
            assert vitals["started"] >= vitals["ended"] >= 0, vitals
            assert vitals["queues"] is not None and vitals["queues_left_out"] == 0, vitals
            jsonschema.validate(tasks_json("stack", "-p", process.pid), STACK)
            listed = tasks_json("list")
            jsonschema.validate(listed, LIST)
            assert process.pid in [row["pid"] for row in listed["processes"]], listed
        print(*example, "validates")


main()
