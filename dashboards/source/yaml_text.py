"""The little of YAML that the generated files need: mappings, lists, and scalars in JSON's notation."""
import json
import re


def _scalar(value):
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*|[0-9]+[smhd]", value) and \
            value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n"):
        return value
    return json.dumps(value, ensure_ascii=False)


def yaml_text(value, indent=0):
    space = "  " * indent
    if isinstance(value, dict) and value:
        text = ""
        for key, part in value.items():
            if isinstance(part, (dict, list)) and part:
                text += f"{space}{key}:\n" + yaml_text(part, indent + 1)
            else:
                text += f"{space}{key}: {_scalar(part)}\n"
        return text
    if isinstance(value, list) and value:
        text = ""
        for part in value:
            block = yaml_text(part, indent + 1) if isinstance(part, (dict, list)) else f"{space}  {_scalar(part)}\n"
            text += f"{space}- " + block[len(space) + 2:]
        return text
    return f"{space}{_scalar(value)}\n"
