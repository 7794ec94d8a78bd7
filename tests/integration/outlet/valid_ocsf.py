"""Holds OCSF events against the class definitions: valid_ocsf.py FOLDER FILE. FOLDER has the package ocsf-json-schema.

Each line of FILE is an event. What its class requires is there, what is there the class has, of its type, with a value
of its enumeration, and nothing deprecated; likewise in each object below it, and "at least one of" holds. Ends with 1
and the first problems.
"""
import json
import os
import re
import sys

VERSION = "1.8.0"
NUMBERS = {"integer_t", "long_t", "timestamp_t", "port_t"}


def load(folder):
    path = os.path.join(folder, "ocsf_json_schema", "ocsf", VERSION + ".json")
    with open(path, encoding="utf-8") as text:
        return json.load(text)


class Check:
    def __init__(self, schema):
        self.schema = schema
        self.types = schema["dictionary"]["types"]["attributes"]
        self.classes = {one["uid"]: one for one in schema["classes"].values()}
        self.problems = []
        self.profiles = set()

    def fail(self, at, text):
        self.problems.append(f"{at}: {text}")

    # An attribute that belongs to a profile is there when the event says that it has the profile.
    def is_there(self, attribute):
        profiles = attribute.get("profiles") or ([attribute["profile"]] if attribute.get("profile") else [])
        return not profiles or bool(self.profiles & set(profiles))

    def value(self, at, attribute, value):
        if attribute.get("is_array"):
            if not isinstance(value, list):
                return self.fail(at, "is no list")
            single = {**attribute, "is_array": False}
            for index, one in enumerate(value):
                self.value(f"{at}[{index}]", single, one)
            return None
        if "@deprecated" in attribute:
            self.fail(at, "is deprecated")
        kind = attribute["type"]
        if kind == "object_t":
            if attribute["object_type"] == "object":
                return None if isinstance(value, dict) else self.fail(at, "is no object")
            return self.members(at, self.schema["objects"][attribute["object_type"]], value)
        if kind == "json_t":
            return None
        base = self.types[kind].get("type", kind)
        if base in NUMBERS:
            right = isinstance(value, int) and not isinstance(value, bool)
        elif base == "boolean_t":
            right = isinstance(value, bool)
        elif base == "string_t":
            right = isinstance(value, str)
        else:
            right = False
        if not right:
            return self.fail(at, f"{value!r} is no {kind}")
        if "regex" in self.types[kind] and not re.search(self.types[kind]["regex"], value):
            self.fail(at, f"{value!r} is no {kind}")
        if attribute.get("enum") and isinstance(value, int) and str(value) not in attribute["enum"]:
            self.fail(at, f"{value} is not in its enumeration")
        return None

    def members(self, at, definition, found):
        if not isinstance(found, dict):
            return self.fail(at, "is no object")
        attributes = definition["attributes"]
        for name, value in found.items():
            if name not in attributes:
                self.fail(f"{at}.{name}", "is not in the definition")
            elif not self.is_there(attributes[name]):
                self.fail(f"{at}.{name}", "is of a profile that the event does not name")
            else:
                self.value(f"{at}.{name}", attributes[name], value)
        for name, attribute in attributes.items():
            if attribute.get("requirement") == "required" and self.is_there(attribute) and name not in found:
                self.fail(f"{at}.{name}", "is required")
        for rule, names in (definition.get("constraints") or {}).items():
            present = sum(name in found for name in names)
            if rule == "at_least_one" and present == 0 or rule == "just_one" and present != 1:
                self.fail(at, f"{rule} of {names}")
        for name, attribute in attributes.items():
            sibling = attribute.get("sibling")
            if attribute.get("enum") and sibling in found and name in found and str(found[name]) in attribute["enum"] \
                    and str(found[name]) != "99" and found[sibling] != attribute["enum"][str(found[name])]["caption"] \
                    and sibling in CAPTIONS:
                self.fail(f"{at}.{sibling}", f"{found[sibling]!r} is not the caption of {found[name]}")
        return None

    def event(self, number, found):
        at = f"line {number} ({found.get('metadata', {}).get('event_code')})"
        definition = self.classes.get(found.get("class_uid"))
        if definition is None:
            return self.fail(at, f"there is no class {found.get('class_uid')}")
        if "@deprecated" in definition:
            self.fail(at, "its class is deprecated")
        if found["metadata"]["version"] != VERSION:
            self.fail(at, "is of another version")
        self.profiles = set(found["metadata"].get("profiles", []))
        self.members(at, definition, found)
        if found["class_name"] != definition["caption"]:
            self.fail(at, f"{found['class_name']!r} is not {definition['caption']!r}")
        if found["type_uid"] != found["class_uid"] * 100 + found["activity_id"]:
            self.fail(at, "type_uid does not fit")
        return None


CAPTIONS = {"activity_name", "category_name", "severity", "status", "action", "disposition"}


def main():
    check = Check(load(sys.argv[1]))
    events = 0
    with open(sys.argv[2], encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            check.event(number, json.loads(line))
            events += 1
    print("\n".join(check.problems[:20]) or f"{events} events are valid")
    return 1 if check.problems or events == 0 else 0


sys.exit(main())
