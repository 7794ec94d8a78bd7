"""Holds an OSCAL file against its JSON Schema: valid_oscal.py SCHEMA FILE. Ends with 1 and the first problems.

The schema's patterns use \\p{L} and \\p{N}, which Python's re doesn't have: they are put into its words.
"""
import json
import sys

import jsonschema

LETTER, DIGIT = r"[^\W\d_]", r"\d"


def readable(node):
    if isinstance(node, dict):
        return {key: value.replace(r"\p{L}", LETTER).replace(r"\p{N}", DIGIT)
                if key == "pattern" and isinstance(value, str) else readable(value) for key, value in node.items()}
    if isinstance(node, list):
        return [readable(item) for item in node]
    return node


def deepest(error):
    while error.context:
        error = max(error.context, key=lambda one: len(one.absolute_path))
    return error


def main():
    with open(sys.argv[1], encoding="utf-8") as schema, open(sys.argv[2], encoding="utf-8") as document:
        validator = jsonschema.Draft7Validator(readable(json.load(schema)))
        problems = [deepest(error) for error in validator.iter_errors(json.load(document))]
    for problem in problems[:10]:
        print("/".join(str(step) for step in problem.absolute_path), problem.message[:300])
    return 1 if problems else 0


sys.exit(main())
