"""Holds ECS events against a list of fields: valid_ecs.py LIST FILE. Each line of FILE is an event.

Every field is in the list, or below `curfew.`, and of its type; categories, types, kinds and outcomes are allowed.
Ends with 1 and the first problems.
"""
import ipaddress
import json
import re
import sys

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def is_address(value):
    try:
        ipaddress.ip_address(value)
        return True
    except ValueError:
        return False


RIGHT = {
    "keyword": lambda value: isinstance(value, str),
    "date": lambda value: isinstance(value, str) and DATE.fullmatch(value) is not None,
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "ip": lambda value: isinstance(value, str) and is_address(value),
}


def flat(node, before=""):
    for key, value in node.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield before + key, value


def main():
    fields, categories, words = {}, {}, {}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            what, *rest = line.split()
            if what == "field":
                fields[rest[0]] = (rest[1], "array" in rest)
            elif what == "category":
                categories[rest[0]] = rest[1:]
            elif what in ("kind", "outcome"):
                words["event." + what] = rest
    problems, events = [], 0
    with open(sys.argv[2], encoding="utf-8") as lines:
        for events, line in enumerate(lines, 1):
            event = json.loads(line)
            at = f"line {events} ({event['event']['action']})"
            for required in ("@timestamp", "ecs"):
                if required not in event:
                    problems.append(f"{at}: {required} is missing")
            for name, value in flat(event):
                if name.startswith("curfew."):
                    continue
                if name not in fields:
                    problems.append(f"{at}: {name} is no field")
                    continue
                kind, is_array = fields[name]
                values = value if is_array else [value]
                if not isinstance(values, list) or not all(RIGHT[kind](one) for one in values):
                    problems.append(f"{at}: {name}: {value!r} is no {kind}")
                if name in words and value not in words[name]:
                    problems.append(f"{at}: {name}: {value!r} is not allowed")
            for category in event["event"].get("category", []):
                for one in event["event"].get("type", []):
                    if one not in categories.get(category, []):
                        problems.append(f"{at}: {category} has no type {one}")
    print("\n".join(problems[:20]) or f"{events} events are valid")
    return 1 if problems or events == 0 else 0


sys.exit(main())
