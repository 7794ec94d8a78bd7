"""What Grafana makes of a query before it sends it: macros and variables, in one function.

    expand("rate(x_total{job=~\"$job\"}[$__rate_interval])", {"job": All(".+")}, Window(start, end, 15, 1), "promql")

What it does not know is an error: a query that Grafana would send with a `$` in it must not pass a test.
"""
import dataclasses
import datetime
import re
import urllib.parse


class Unknown(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class All:
    """A variable at "All" that has a value of its own for it, such as `.+`."""
    value: str


@dataclasses.dataclass(frozen=True)
class Window:
    start: datetime.datetime
    end: datetime.datetime
    interval: int  # seconds: a panel's step
    scrape: int    # seconds: the data source's scrape interval

    @property
    def rate_interval(self):
        return max(self.interval + self.scrape, 4 * self.scrape)


def _values(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _formatted(name, value, style, language):
    if style == "queryparam":
        chosen = ["$__all"] if isinstance(value, All) else _values(value)
        return "&".join(f"var-{name}={urllib.parse.quote(str(one), safe='')}" for one in chosen)
    if isinstance(value, All):
        if style or language != "promql":
            raise Unknown(f"${{{name}}} is at All, which only a query of Prometheus takes as it is")
        return value.value
    if style == "sqlstring":
        return ",".join("'" + str(one).replace("'", "''") + "'" for one in _values(value))
    if style == "raw":
        return ",".join(map(str, _values(value)))
    if style:
        raise Unknown(f"the format {style} of ${{{name}}}")
    if language == "promql":
        escaped = [re.sub(r"([\\.*+?^${}()|\[\]])", r"\\\\\1", str(one)) for one in _values(value)]
        return escaped[0] if len(escaped) == 1 else "(" + "|".join(escaped) + ")"
    if language == "link":
        return ",".join(map(str, _values(value)))
    raise Unknown(f"${{{name}}} without a format in {language}: a quote in its value would end the text")


def _arguments(text, at):
    """The arguments of a call whose opening parenthesis is at `at`, and where it ends."""
    # Grafana looks for the first closing parenthesis, whatever was opened between.
    end = text.find(")", at)
    if end < 0 or "(" in text[at + 1:end]:
        raise Unknown("a macro with an argument that Grafana can't read: " + text)
    inside = text[at + 1:end].strip()
    return [part.strip() for part in inside.split(",")] if inside else [], end + 1


def _seconds(text):
    match = re.fullmatch(r"'?(\d+)([smhd])'?", text)
    if not match:
        raise Unknown(f"the interval {text}")
    return int(match.group(1)) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match.group(2)]


def _macro(name, arguments, window):
    moment = lambda time: "'" + time.strftime("%Y-%m-%dT%H:%M:%SZ") + "'"  # noqa: E731
    count = len(arguments)
    if name == "__timeFilter" and count == 1:
        return f"{arguments[0]} BETWEEN {moment(window.start)} AND {moment(window.end)}"
    if name == "__timeFrom" and count == 0:
        return moment(window.start)
    if name == "__timeTo" and count == 0:
        return moment(window.end)
    if name in ("__timeGroup", "__timeGroupAlias") and count in (2, 3):
        if count == 3 and arguments[2] not in ("0", "NULL", "previous"):
            raise Unknown(f"the filling {arguments[2]} of ${name}")
        each = _seconds(arguments[1])
        grouped = f"floor(extract(epoch from {arguments[0]})/{each})*{each}"
        return grouped + (' AS "time"' if name == "__timeGroupAlias" else "")
    raise Unknown(f"the macro ${name} with {count} arguments")


REFERENCE = re.compile(r"\$\{(?P<braced>[\w.]+)(?::(?P<style>[\w:]+))?\}|\$(?P<plain>\w+)|\[\[(?P<old>\w+)[^\]]*\]\]")
# What only a link knows: of the table's cell on which it was opened, and of the dashboard.
LINK = {"__value.raw": "7", "__url_time_range": "from=now-1h&to=now"}
MOMENT = {"__from": "start", "__to": "end"}


def expand(text, variables, window, language):
    """`language` is promql, sql or link. Raises Unknown."""
    builtin = {"__interval": f"{window.interval}s", "__rate_interval": f"{window.rate_interval}s",
               "__range": f"{int((window.end - window.start).total_seconds())}s"}

    def value_of(match):
        name = match.group("braced") or match.group("plain") or match.group("old")
        if language == "link" and name in LINK:
            return LINK[name]
        if language == "link" and name in MOMENT and match.group("style") == "date:iso":
            return getattr(window, MOMENT[name]).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        if name in builtin and language != "link":
            return builtin[name]
        if name not in variables:
            raise Unknown(f"the variable ${name} in: {text}")
        return _formatted(name, variables[name], match.group("style"), language)

    made, at = "", 0
    for match in iter(lambda: REFERENCE.search(text, at), None):
        made += text[at:match.start()]
        at = match.end()
        if match.group("plain") and text[at:at + 1] == "(" and match.group("plain").startswith("__"):
            if language != "sql":
                raise Unknown(f"the macro ${match.group('plain')} in {language}")
            arguments, at = _arguments(text, at)
            arguments = [expand(argument, variables, window, language) for argument in arguments]
            made += _macro(match.group("plain"), arguments, window)
        else:
            made += value_of(match)
    made += text[at:]
    if "${" in made or "[[" in made:
        raise Unknown("what this means: " + made)
    return made
