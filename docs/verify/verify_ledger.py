#!/usr/bin/env python3
"""Verifies an exported ledger with nothing of Curfew's: written from docs/ledger-format.md alone.

    verify_ledger.py [--key VKEY]... [--checkpoint FILE]... [--json] EXPORT_DIRECTORY

EXPORT_DIRECTORY holds stream, entry, personal, reference, tile and checkpoint, each as .csv or .ndjson
(docs/verify-it-yourself.md says how to make it with psql). --key: a verifier key that you got from somewhere
else than the database; without one the keys in the export are believed. --checkpoint: a file with checkpoints
that were kept outside.

Exit code 0: intact. 4: not. 2: the export can't be read.

Needs Python 3.8 and nothing else; with the package `cryptography` Ed25519 is faster.
"""
import argparse
import base64
import csv
import hashlib
import json
import os
import re
import struct
import sys

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None

csv.field_size_limit(1 << 20)

# Columns of each table: i number, t text, b bytes.
TABLES = {
    "stream": {"number": "i", "realm": "t", "node": "t", "epoch": "i", "verifier_key": "t"},
    "entry": {"stream": "i", "sequence": "i", "engine_time": "i", "occurred_at": "i", "recorded_at": "i",
              "kind": "t", "source": "t", "session": "b", "subject": "b", "facts": "t", "commitment": "b"},
    "personal": {"stream": "i", "sequence": "i", "salt": "b", "value": "t"},
    "reference": {"ref": "b", "kind": "t", "namespace": "t", "value": "t"},
    "tile": {"stream": "i", "level": "i", "index": "i", "hashes": "b"},
    "checkpoint": {"stream": "i", "size": "i", "previous_size": "i", "root": "b", "note": "t"},
}


class Unreadable(Exception):
    pass


# ---- the export ----

def to_bytes(text):
    if text == "":
        return b""
    if not text.startswith("\\x"):
        raise ValueError("bytes don't begin with \\x")
    return bytes.fromhex(text[2:])


CONVERT = {"i": int, "t": str, "b": to_bytes}


def read_table(directory, table):
    """The rows of a table as dictionaries, in the file's order."""
    columns = TABLES[table]
    for ending in (".csv", ".ndjson"):
        path = os.path.join(directory, table + ending)
        if os.path.exists(path):
            break
    else:
        raise Unreadable(f"{directory} has neither {table}.csv nor {table}.ndjson")
    with open(path, encoding="utf-8", newline="") as file:
        source = csv.DictReader(file, strict=True) if ending == ".csv" else (json.loads(line) for line in file)
        for number, row in enumerate(source, 1):
            try:
                yield {name: CONVERT[kind](row[name]) for name, kind in columns.items()}
            except (KeyError, ValueError, TypeError, AttributeError) as error:
                raise Unreadable(f"{path}: row {number}: {error!r}")


class Ahead:
    """An iterator that can be looked into."""

    def __init__(self, rows):
        self.rows = iter(rows)
        self.next = next(self.rows, None)

    def take(self):
        row, self.next = self.next, next(self.rows, None)
        return row


# ---- Ed25519 (RFC 8032), used when the package `cryptography` is missing ----

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e = (y1 - x1) * (y2 - x2)
    f = (y1 + x1) * (y2 + x2)
    g = 2 * D * t1 * t2
    h = 2 * z1 * z2
    p, q, r, s = f - e, h - g, h + g, f + e
    return p * q % P, r * s % P, q * r % P, p * s % P


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def decompress(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P:
        x = x * SQRT_OF_MINUS_ONE % P
    if (x * x - squared) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_by_hand(public_key, message, signature):
    a, r = decompress(public_key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    left, right = point_multiply(s, BASE), point_add(r, point_multiply(h, a))
    return not (left[0] * right[2] - right[0] * left[2]) % P and not (left[1] * right[2] - right[1] * left[2]) % P


def ed25519_verify(public_key, message, signature):
    if len(signature) != 64:
        return False
    if Ed25519PublicKey is None:
        return ed25519_by_hand(public_key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        return True
    except InvalidSignature:
        return False


# ---- section 6: keys and checkpoints ----

class Key:
    def __init__(self, text):
        match = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text.strip())
        if not match:
            raise ValueError(f"not a verifier key: {text!r}")
        self.name, self.id = match[1], bytes.fromhex(match[2])
        typed = base64.b64decode(match[3], validate=True)
        if len(typed) != 33 or typed[0] != 1:
            raise ValueError(f"not an Ed25519 key: {text!r}")
        self.public = typed[1:]
        if hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4] != self.id:
            raise ValueError(f"the key id doesn't belong to the key: {text!r}")


def open_checkpoint(note, keys):
    """(origin, size, root) of a note that at least one of the keys signed."""
    if any(ord(character) < 32 and character != "\n" for character in note):
        raise ValueError("it has control characters")
    text, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise ValueError("it is no signed note")
    text += "\n"
    known = 0
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        if not match:
            raise ValueError("a signature line is malformed")
        payload = base64.b64decode(match[2], validate=True)
        for key in keys:
            if key.name == match[1] and key.id == payload[:4]:
                if not ed25519_verify(key.public, text.encode(), payload[4:]):
                    raise ValueError(f"the signature of {key.name} is wrong")
                known += 1
    if not known:
        raise ValueError("no known key signed it")
    fields = text.split("\n")
    if len(fields) < 4 or not re.fullmatch(r"0|[1-9][0-9]*", fields[1]):
        raise ValueError("it is no checkpoint")
    root = base64.b64decode(fields[2], validate=True)
    if len(root) != 32:
        raise ValueError("its root is not 32 bytes")
    return fields[0], int(fields[1]), root


def split_notes(text):
    """The notes of a file that they were appended to: each ends with its signature lines."""
    notes, lines = [], []
    for line in text.splitlines(keepends=True):
        if lines and lines[-1].startswith("\u2014 ") and not line.startswith("\u2014 "):
            notes.append("".join(lines))
            lines = []
        if lines or line != "\n":
            lines.append(line)
    if lines:
        notes.append("".join(lines))
    return notes


# ---- sections 2, 4 and 5: leaves, tree, tiles ----

def field(value):
    return struct.pack(">I", len(value)) + value


def leaf_of(row, realm, origin):
    occurred = row["occurred_at"]
    leaf = b"\x01" + b"".join(map(field, (
        realm.encode(), origin.encode(), struct.pack(">Q", row["sequence"]), struct.pack(">q", row["engine_time"]),
        struct.pack(">q", occurred) if occurred else b"", struct.pack(">q", row["recorded_at"]),
        row["kind"].encode(), row["source"].encode(), row["session"], row["subject"], row["facts"].encode(),
        row["commitment"])))
    if len(leaf) > 60000:
        raise ValueError(f"the leaf has {len(leaf)} bytes")
    return leaf


def sha256(value):
    return hashlib.sha256(value).digest()


class Tree:
    """The roots of the complete subtrees that the leaves so far fall into, largest first."""

    def __init__(self):
        self.size = 0
        self.subtrees = []  # (height, root)
        self.tiles = {}     # level -> hashes of the tile that isn't full yet
        self.full = []      # (level, index, bytes) since the last look

    def put(self, level, value):
        tile = self.tiles.setdefault(level, [])
        tile.append(value)
        if len(tile) == 256:
            self.full.append((level, self.size >> 8 * (level + 1), b"".join(tile)))
            self.tiles[level] = []

    def append(self, leaf_hash):
        height, root = 0, leaf_hash
        self.put(0, root)
        while self.subtrees and self.subtrees[-1][0] == height:
            root = sha256(b"\x01" + self.subtrees.pop()[1] + root)
            height += 1
            if height % 8 == 0:
                self.put(height // 8, root)
        self.subtrees.append((height, root))
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha256(b"")
        result = self.subtrees[-1][1]
        for _, root in reversed(self.subtrees[:-1]):
            result = sha256(b"\x01" + root + result)
        return result


# ---- section 10: what to check ----

class Verdict:
    def __init__(self):
        self.problems = []
        self.count = 0
        self.gaps = {}
        self.doubts = []
        self.streams = []

    def problem(self, stream, sequence, text):
        self.count += 1
        if len(self.problems) < 100:
            self.problems.append({"stream": stream, "sequence": sequence, "text": text})


class Realm:
    """What the streams of a realm know of each other."""

    def __init__(self):
        self.introduced = set()
        self.missing = []  # (origin, sequence) of commitments without a personal text
        self.present = []  # (origin, first, last) of runs of sequences with one
        self.covered = {}  # origin -> ranges


def covers(ranges, sequence):
    return any(first <= sequence <= last for first, last in ranges)


class Stream:
    def __init__(self, row, verdict, realm, keys, heads):
        self.number, self.realm_name = row["number"], row["realm"]
        self.origin = f"curfew/{row['realm']}/{row['node']}/{row['epoch']}"
        self.node, self.epoch = row["node"], row["epoch"]
        self.verdict, self.realm, self.keys = verdict, realm, keys
        self.heads = sorted(heads)  # (size, root, where from)
        self.tree = Tree()
        self.signed = self.previous = 0
        self.broken = False

    def problem(self, sequence, text):
        self.verdict.problem(self.origin, sequence, text)

    def run(self, entries, personal, tiles, checkpoints):
        self.tiles = {(row["level"], row["index"]): row["hashes"] for row in tiles}
        self.checkpoints, self.personal = Ahead(checkpoints), Ahead(personal)
        self.at_this_size()
        for row in entries:
            self.entry(row)
        while self.personal.next:
            self.problem(self.personal.take()["sequence"], "a personal value without an entry")
        self.finish()

    def entry(self, row):
        sequence = row["sequence"]
        if sequence != self.tree.size:
            if not self.broken:
                self.problem(self.tree.size, f"entry {self.tree.size} is missing: the next stored one is {sequence}")
            self.broken = True  # without its leaf nothing behind it can be recomputed
            return
        if sequence == 0:
            self.opening(row)
        try:
            self.tree.append(sha256(b"\x00" + leaf_of(row, self.realm_name, self.origin)))
        except (ValueError, struct.error) as error:
            self.problem(sequence, f"the row makes no leaf: {error}")
            self.broken = True
            return
        self.compare_tiles()
        self.values(row)
        self.facts(row)
        self.at_this_size()

    def opening(self, row):
        try:
            facts = json.loads(row["facts"])
            if row["kind"] != "stream_opened" or facts["node"] != self.node or facts["epoch"] != self.epoch:
                raise ValueError("it opens another stream")
            if Key(facts["verifier_key"]).public not in [key.public for key in self.keys]:
                raise ValueError("it names a key that is not among those given")
        except (ValueError, KeyError, TypeError) as error:
            self.problem(0, f"the opening entry: {error}")

    def compare_tiles(self):
        for level, index, computed in self.tree.full:
            first = index << 8 * (level + 1)
            stored = self.tiles.pop((level, index), None)
            if stored is None:
                self.problem(first, f"tile {level}/{index} is missing")
            elif len(stored) != len(computed):
                self.problem(first, f"tile {level}/{index} has {len(stored)} bytes")
            elif stored != computed:
                for i in range(256):
                    if stored[32 * i:32 * i + 32] != computed[32 * i:32 * i + 32]:
                        place = first + (i << 8 * level)
                        self.problem(place, f"entry {place} and tile {level}/{index} have different hashes")
        self.tree.full.clear()

    def values(self, row):
        sequence, commitment = row["sequence"], row["commitment"]
        while self.personal.next and self.personal.next["sequence"] < sequence:
            self.problem(self.personal.take()["sequence"], "a personal value without an entry")
        stored = None
        if self.personal.next and self.personal.next["sequence"] == sequence:
            stored = self.personal.take()
        if stored is None:
            if commitment:
                self.realm.missing.append((self.origin, sequence))
            return
        if not commitment:
            self.problem(sequence, "a personal value, but the entry commits to none")
            return
        self.realm.present.append((self.origin, sequence))
        if len(stored["salt"]) != 16 or sha256(stored["salt"] + stored["value"].encode()) != commitment:
            self.problem(sequence, "the personal value doesn't match its commitment")
            return
        for value in json.loads(stored["value"]):
            self.realm.introduced.add((value["ref"], value["kind"], value.get("namespace", ""), value["value"]))

    def facts(self, row):
        sequence, source = row["sequence"], row["source"]
        try:
            if row["kind"] == "erasure":
                for cover in json.loads(row["facts"])["covers"]:
                    ranges = [(int(first), int(last)) for first, last in cover["ranges"]]
                    if cover["stream"].split("/")[:2] != ["curfew", self.realm_name]:
                        raise ValueError("it covers another realm")
                    if cover["stream"] == self.origin and any(last >= sequence for _, last in ranges):
                        raise ValueError("it covers entries after itself")
                    self.realm.covered.setdefault(cover["stream"], []).extend(ranges)
            elif row["kind"] == "observation" and row["facts"].startswith('{"type":"gap"'):
                missing = json.loads(row["facts"]).get("count", 1)
                gaps = self.verdict.gaps.setdefault(source, {"gaps": 0, "records_missing": 0, "outages": 0})
                gaps["gaps"] += 1
                gaps["records_missing"] += missing
            elif row["kind"] == "source_changed" and json.loads(row["facts"]).get("state") not in ("up", "finished"):
                gaps = self.verdict.gaps.setdefault(source, {"gaps": 0, "records_missing": 0, "outages": 0})
                gaps["outages"] += 1
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.problem(sequence, f"the facts of this {row['kind']} entry: {error!r}")

    def at_this_size(self):
        size = self.tree.size
        while self.checkpoints.next and self.checkpoints.next["size"] <= size:
            row = self.checkpoints.take()
            try:
                origin, signed_size, root = open_checkpoint(row["note"], self.keys)
                if origin != self.origin or signed_size != row["size"]:
                    raise ValueError(f"it is of {origin}, size {signed_size}")
                if row["root"] != root:
                    raise ValueError("its root column differs from its note")
                if row["previous_size"] != self.previous:
                    raise ValueError(f"it follows size {row['previous_size']}, but {self.previous} is before it")
                if root != self.tree.root():
                    raise ValueError("it signs another root than the entries have")
                self.signed = signed_size
            except ValueError as error:
                self.problem(max(row["size"] - 1, 0), f"checkpoint of size {row['size']}: {error}")
            self.previous = row["size"]
        while self.heads and self.heads[0][0] <= size:
            head_size, root, where = self.heads.pop(0)
            if root != self.tree.root():
                self.problem(max(head_size - 1, 0), f"{where} says another root at size {head_size}")

    def finish(self):
        size = self.tree.size
        if size == 0:
            self.problem(None, "the stream has no entry")
        while self.checkpoints.next:
            row = self.checkpoints.take()
            self.problem(size, f"a checkpoint signs {row['size']} entries, but only {size} can be recomputed")
        for head_size, _, where in self.heads:
            self.problem(size, f"{where} has {head_size} entries, but only {size} can be recomputed")
        if self.signed < size:
            self.problem(self.signed, f"entries {self.signed} to {size - 1} are behind the last checkpoint that agrees")
        for level, index in sorted(self.tiles):
            self.problem(None, f"tile {level}/{index} reaches past the entries")
        self.verdict.streams.append({"stream": self.origin, "size": size, "root": self.tree.root().hex()})


def by_stream(rows):
    """Gives the rows of one stream after the other; they come ordered by stream."""
    ahead = Ahead(rows)

    def of(number, verdict, table):
        while ahead.next and ahead.next["stream"] < number:
            verdict.problem(None, None, f"{table}: a row of stream {ahead.take()['stream']}, which is not in the table of streams")
        while ahead.next and ahead.next["stream"] == number:
            yield ahead.take()
    return ahead, of


def predecessor_heads(directory):
    """What opening entries say of the streams before: origin -> [(size, root, where from)]."""
    heads = {}
    for row in read_table(directory, "entry"):
        if row["kind"] != "stream_opened" or row["sequence"] != 0:
            continue
        try:
            before = json.loads(row["facts"]).get("predecessor")
            if before:
                heads.setdefault(before["stream"], []).append(
                    (int(before["size"]), bytes.fromhex(before["root"]), "the opening entry of the stream after it"))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # told where the stream itself is checked
    return heads


def finish_realm(realm, verdict):
    erased = 0
    for origin, sequence in realm.missing:
        if covers(realm.covered.get(origin, ()), sequence):
            erased += 1
        else:
            verdict.problem(origin, sequence, "a personal value is gone, and no erasure entry covers it")
    for origin, sequence in realm.present:
        if origin in realm.covered and covers(realm.covered[origin], sequence):
            verdict.problem(origin, sequence, "an erasure entry covers a personal value that is still stored")
    return erased


def verify(directory, given_keys, outside_notes):
    verdict = Verdict()
    streams = sorted(read_table(directory, "stream"), key=lambda row: row["number"])
    keys = list(given_keys)
    if not keys:
        for row in streams:
            try:
                keys.append(Key(row["verifier_key"]))
            except ValueError as error:
                verdict.problem(None, None, str(error))
    heads = predecessor_heads(directory)
    outside = {}
    for path, note in outside_notes:
        try:
            origin, size, root = open_checkpoint(note, keys)
            heads.setdefault(origin, []).append((size, root, path))
            outside[origin] = max(outside.get(origin, 0), size)
        except ValueError as error:
            verdict.problem(None, None, f"{path}: {error}")

    feeds = {table: by_stream(read_table(directory, table)) for table in ("entry", "personal", "tile", "checkpoint")}
    realms = {}
    for row in streams:
        realm = realms.setdefault(row["realm"], Realm())
        stream = Stream(row, verdict, realm, keys, heads.pop(f"curfew/{row['realm']}/{row['node']}/{row['epoch']}", []))
        stream.run(*(feeds[table][1](row["number"], verdict, table) for table in ("entry", "personal", "tile", "checkpoint")))
        if stream.origin not in outside:
            verdict.doubts.append(f"{stream.origin}: no outside checkpoint was given, so a tail cut off together with its "
                                  "checkpoints, or a rewrite by who holds the key, would not show")
        elif outside[stream.origin] < stream.tree.size:
            verdict.doubts.append(f"{stream.origin}: the same for entries from {outside[stream.origin]} on, behind the outside checkpoint")
    for table, (ahead, _) in feeds.items():
        if ahead.next:
            verdict.problem(None, None, f"{table}: a row of stream {ahead.next['stream']}, which is not in the table of streams")
    for origin in heads:
        verdict.problem(origin, None, "an outside checkpoint or a successor names this stream, and it is not stored")

    erased = sum(finish_realm(realm, verdict) for realm in realms.values())
    introduced = set().union(*(realm.introduced for realm in realms.values())) if realms else set()
    stored = {(row["ref"].hex(), row["kind"], row["namespace"], row["value"]) for row in read_table(directory, "reference")}
    for ref, *_ in sorted(stored - introduced):
        verdict.problem(None, None, f"reference {ref} has a value that no intact entry introduced")
    for ref, *_ in sorted(introduced - stored):
        verdict.problem(None, None, f"reference {ref} was introduced, but is not stored with that value")
    if erased:
        verdict.doubts.append(f"what {erased} erased values said is gone for good")
    if not given_keys:
        verdict.doubts.append("the keys came with the ledger: a rewrite with another key would not show")
    return verdict


def main():
    parser = argparse.ArgumentParser(description="Verifies an exported ledger.")
    parser.add_argument("export")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        keys = [Key(text) for text in arguments.key]
        notes = []
        for path in arguments.checkpoint:
            with open(path, encoding="utf-8", newline="") as file:
                notes += [(path, note) for note in split_notes(file.read())]
        verdict = verify(arguments.export, keys, notes)
    except (Unreadable, ValueError, OSError, csv.Error) as error:
        print(f"verify_ledger: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps({"intact": verdict.count == 0, "problem_count": verdict.count, "problems": verdict.problems,
                          "complete": not verdict.gaps, "gaps": verdict.gaps, "streams": verdict.streams,
                          "not_excluded": verdict.doubts}))
        return 4 if verdict.count else 0
    for stream in verdict.streams:
        print(f"{stream['stream']}: {stream['size']} entries, root {stream['root']}")
    for problem in verdict.problems:
        print("PROBLEM", problem["stream"] or "", "" if problem["sequence"] is None else f"at {problem['sequence']}:",
              problem["text"])
    print("integrity: " + (f"{verdict.count} problems" if verdict.count else "intact"))
    print("completeness: " + ("; ".join(f"{source}: {gaps['gaps']} gaps, {gaps['records_missing']} records missing, "
                                        f"{gaps['outages']} outages" for source, gaps in sorted(verdict.gaps.items()))
                              or "no gap is on record"))
    for doubt in verdict.doubts:
        print("not excluded: " + doubt)
    return 4 if verdict.count else 0


if __name__ == "__main__":
    sys.exit(main())
