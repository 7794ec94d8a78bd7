#!/usr/bin/env python3
"""Verifies an exported ledger or an evidence bundle with nothing of Curfew's: written from docs/ledger-format.md alone.

    verify_ledger.py [--key VKEY]... [--checkpoint FILE]... [--json] EXPORT_DIRECTORY
    verify_ledger.py [--key VKEY]... [--checkpoint FILE]... [--json] BUNDLE

EXPORT_DIRECTORY holds stream, entry, personal, reference, tile and checkpoint, each as .csv or .ndjson
(docs/verify-it-yourself.md says how to make it with psql). --key: a verifier key that you got from somewhere
else than the database; without one the keys in the export are believed. --checkpoint: a file with checkpoints
that were kept outside. BUNDLE is the file that a report came in (section 12).

Exit code 0: intact. 4: not. 2: the export or the bundle can't be read.

Needs Python 3.8 and nothing else; with the package `cryptography` Ed25519 is faster.
"""
import argparse
import base64
import csv
import datetime
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


def open_note(note, keys):
    """The text of a note that at least one of the keys signed."""
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
    return text


def open_checkpoint(note, keys):
    """(origin, size, root) of a checkpoint that at least one of the keys signed."""
    fields = open_note(note, keys).split("\n")
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


# ---- section 12: evidence bundles ----

LARGEST_BUNDLE = 64 << 20
MOST_MEMBERS = 60000
MEMBER_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
SEAL_TITLE = "curfew evidence bundle, format 1"
# What a stranger's JSON can lead to.
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


def octal(value, digits):
    return b"%0*o" % (digits, value)


def tar_header(name, size):
    header = bytearray(512)

    def put(at, value):
        header[at:at + len(value)] = value
    put(0, name)
    for at in (100, 108, 116):
        put(at, b"0000644" if at == 100 else b"0000000")
    put(124, octal(size, 11))
    put(136, octal(0, 11))
    put(148, b" " * 8)
    put(156, b"0")
    put(257, b"ustar\x0000")
    put(148, octal(sum(header), 6) + b"\0 ")
    return bytes(header)


def read_members(archive, problem):
    """(name, content) of each member, as far as the archive has the one form that it may have."""
    members, names, at = [], set(), 0

    def stop(text):
        problem("", None, f"at byte {at}: {text}")
        return members
    while True:
        block = archive[at:at + 512]
        if len(block) < 512:
            return stop("the archive is cut off")
        if block[0] == 0:
            if archive[at:] != bytes(1024):
                return stop("an archive's end is 1024 zero bytes, and nothing behind them")
            return members
        if len(members) == MOST_MEMBERS:
            return stop("there are too many members")
        name = block[:100].split(b"\0")[0]
        text = name.decode("ascii", "replace")
        if not MEMBER_NAME.fullmatch(text) or not re.fullmatch(rb"[0-7]{11}", block[124:135]):
            return stop("no name or size of a member that a bundle may have")
        size = int(block[124:135], 8)
        if block != tar_header(name, size):
            return stop(f"the header of {text!r} isn't in the form of a bundle")
        end, padded = at + 512 + size, at + 512 + (size + 511) // 512 * 512
        if padded > len(archive):
            return stop(f"{text!r} is cut off")
        if archive[end:padded].strip(b"\0"):
            return stop(f"the padding behind {text!r} is not zero")
        if text in names:
            return stop(f"{text!r} is there twice")
        names.add(text)
        members.append((text, archive[at + 512:end]))
        at = padded


def read_leaf(leaf):
    """A leaf's fields as bytes, in section 2's order."""
    if not 0 < len(leaf) <= 60000 or leaf[0] != 1:
        raise ValueError("no leaf of version 1")
    fields, at = [], 1
    for _ in range(12):
        length = int.from_bytes(leaf[at:at + 4], "big")
        if at + 4 + length > len(leaf):
            raise ValueError("a leaf is cut off")
        fields.append(leaf[at + 4:at + 4 + length])
        at += 4 + length
    if at != len(leaf) or len(fields[2]) != 8 or len(fields[11]) not in (0, 32):
        raise ValueError("a leaf's fields don't have their lengths")
    return fields


class Record:
    def __init__(self, leaf):
        fields = read_leaf(leaf)
        self.hash = sha256(b"\x00" + leaf)
        self.origin, self.sequence = fields[1].decode(), int.from_bytes(fields[2], "big")
        self.occurred = int.from_bytes(fields[4], "big", signed=True)
        self.kind, self.source, self.facts = fields[6].decode(), fields[7].decode(), fields[10].decode()
        self.commitment = fields[11]


def tile_name(level, index, width):
    groups = []
    while True:
        groups.insert(0, f"{index % 1000:03}")
        index //= 1000
        if index == 0:
            break
    path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < 256 else "")


def tile_of(size, level, node):
    return level, node // 256, min(256, (size >> 8 * level) - node // 256 * 256)


def needed_tiles(size, sequences):
    """The right edge, and the full tiles from each entry up to it."""
    needed = set()
    for level in range(8):
        nodes = size >> 8 * level
        if nodes % 256:
            needed.add(tile_of(size, level, nodes - 1))
    for index in sequences:
        level, index = 0, index // 256
        while index < size >> 8 * (level + 1):
            needed.add((level, index, 256))
            level, index = level + 1, index // 256
    return needed


def subtree(hashes):
    """The root of a complete subtree above these hashes, a power of two of them."""
    while len(hashes) > 1:
        hashes = [sha256(b"\x01" + hashes[i] + hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def root_of_edge(size, tiles):
    """The root of a tree, from the tiles at its right edge: one complete subtree for each bit of its size."""
    root = None
    for height in range(64):
        if not size >> height & 1:
            continue
        level, count = height // 8, 1 << height % 8
        first = (size >> height + 1 << height + 1) >> 8 * level
        hashes = tiles[tile_of(size, level, first)]
        part = subtree(hashes[first % 256:first % 256 + count])
        root = part if root is None else sha256(b"\x01" + part + root)
    return root


def consistent(old_size, size, old_root, root, proof):
    """RFC 9162, section 2.1.4.2."""
    proof = list(proof)
    if old_size & (old_size - 1) == 0:
        proof.insert(0, old_root)
    if not proof:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_hash = new_hash = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_hash, new_hash = sha256(b"\x01" + sibling + old_hash), sha256(b"\x01" + sibling + new_hash)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_hash = sha256(b"\x01" + new_hash + sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_hash == old_root and new_hash == root


class BundleStream:
    def __init__(self, said, members, given_keys, problem):
        self.number, self.origin, self.size = int(said["number"]), str(said["origin"]), int(said["size"])
        self.first, self.last = said.get("first"), said.get("last")
        if self.size < 1 or (self.first is not None and not 0 <= self.first <= self.last < self.size):
            raise ValueError(f"the numbers of {self.origin} can't be")
        self.folder, self.members, self.problem = f"streams/{self.number}/", members, problem
        self.key = self.head = None
        self.tree_size, self.root, self.note = self.size, None, ""
        self.records, self.tiles = {}, {}
        self.read_key()
        self.keys = given_keys or ([self.key] if self.key else [])
        self.read_checkpoint()
        self.read_leaves(int(said["records"]))
        self.check_tiles()
        self.check_records()

    def read_key(self):
        text = self.members.get(self.folder + "key", b"").decode("utf-8", "replace")
        try:
            self.key = Key(text)
            if self.key.name != self.origin or text != text.strip() + "\n":
                raise ValueError(f"it is not the line of a key of {self.origin}")
            self.fingerprint = hashlib.sha256(text.strip().encode()).hexdigest()
        except ValueError as error:
            self.problem(self.folder + "key", None, str(error))

    def read_checkpoint(self):
        member = self.folder + "checkpoint"
        self.note = self.members.get(member, b"").decode("utf-8", "replace")
        try:
            lines = self.note.split("\n")
            if len(lines) < 4 or not re.fullmatch(r"[1-9][0-9]{0,18}", lines[1]):
                raise ValueError("it is no checkpoint of a tree")
            self.tree_size, self.root = int(lines[1]), base64.b64decode(lines[2], validate=True)
            origin, size, root = open_checkpoint(self.note, self.keys)
            if origin != self.origin or size != self.size:
                raise ValueError(f"it is of {origin}, size {size}; the bundle is made for {self.origin}, size {self.size}")
            self.head = (size, root)
        except ValueError as error:
            self.problem(member, None, str(error))

    def read_leaves(self, stated):
        member, leaves, at, before = self.folder + "leaves", self.members.get(self.folder + "leaves", b""), 0, -1
        while at < len(leaves):
            length = int.from_bytes(leaves[at:at + 2], "big")
            try:
                if at + 2 + length > len(leaves):
                    raise ValueError("a leaf is cut off")
                record = Record(leaves[at + 2:at + 2 + length])
                if record.sequence <= before:
                    raise ValueError(f"it stands behind record {before}")
            except ValueError as error:
                self.problem(member, None if before < 0 else before, f"behind it: {error}")
                break
            if record.origin != self.origin:
                self.problem(member, record.sequence, f"it is of the stream {record.origin}")
            before = record.sequence
            self.records[before] = record
            at += 2 + length
        if len(self.records) != stated:
            self.problem(member, None, f"it has {len(self.records)} records, bundle.json says {stated}")

    def check_tiles(self):
        needed = {tile_name(*place): place
                  for place in needed_tiles(self.tree_size, [s for s in self.records if s < self.tree_size])}
        for member in self.members:
            if not member.startswith(self.folder + "tile/"):
                continue
            place, content = needed.get(member[len(self.folder):]), self.members[member]
            if place is None:
                self.problem(member, None, "it proves no record of the bundle")
            elif len(content) != 32 * place[2]:
                self.problem(member, None, f"it has {len(content)} bytes")
            else:
                self.tiles[place] = [content[i:i + 32] for i in range(0, len(content), 32)]
        missing = [name for name, place in needed.items() if place not in self.tiles]
        for name in sorted(missing):
            self.problem(self.folder + name, None, "it is missing: records below it are not proven")
        if not missing and self.root is not None and root_of_edge(self.tree_size, self.tiles) != self.root:
            self.problem(self.folder + "tile", None, "the tiles at the right edge don't have the root that is signed")
        for (level, index, width), hashes in self.tiles.items():
            if width < 256 or index >= self.tree_size >> 8 * (level + 1):
                continue
            above = tile_of(self.tree_size, level + 1, index)
            if above in self.tiles and self.tiles[above][index % 256] != subtree(hashes):
                self.problem(self.folder + tile_name(level, index, width), None,
                             f"its root is not the hash in {tile_name(*above)}")

    def check_records(self):
        member = self.folder + "leaves"
        for sequence, record in self.records.items():
            if sequence >= self.tree_size:
                self.problem(member, sequence, f"the signed tree has {self.tree_size} entries")
                continue
            tile = self.tiles.get(tile_of(self.tree_size, 0, sequence))
            if tile and tile[sequence % 256] != record.hash:
                self.problem(member, sequence, "it is not the entry that the tree has there")
        try:
            if 0 not in self.records:
                raise ValueError("the entry that opens the stream is missing")
            facts = json.loads(self.records[0].facts)
            node, epoch = self.origin.split("/")[2:]
            if self.records[0].kind != "stream_opened" or facts["node"] != node or str(facts["epoch"]) != epoch:
                raise ValueError("it doesn't open this stream")
            if self.key and facts["verifier_key"] != self.members[self.folder + "key"].decode().strip():
                raise ValueError("it opens the stream with another key than the bundle has")
        except MALFORMED as error:
            self.problem(member, 0, str(error))


class Bundle:
    def __init__(self, archive, given_keys, outside_notes):
        self.keys, self.outside = given_keys, outside_notes
        self.problems, self.count, self.doubts = [], 0, []
        self.streams, self.members, self.manifest, self.names = [], {}, None, False
        self.values = self.erased = 0
        self.check(read_members(archive, self.problem))

    def problem(self, member, sequence, text):
        self.count += 1
        if len(self.problems) < 100:
            self.problems.append({"member": member, "sequence": sequence, "text": text})

    def check(self, members):
        if [name for name, _ in members[:2]] != ["seal", "manifest"]:
            self.problem("", None, "it doesn't begin with the members 'seal' and 'manifest'")
            return
        self.read_manifest(members)
        try:
            contents = json.loads(self.members["bundle.json"])
            if contents["format"] != 1 or not 1 <= len(contents["streams"]) <= 256:
                raise ValueError("it is of another format, or names no streams")
            self.names = bool(contents["names"])
            for said in contents["streams"]:
                self.streams.append(BundleStream(said, self.members, self.keys, self.problem))
        except MALFORMED as error:
            self.problem("bundle.json", None, repr(error))
        self.check_names()
        self.check_seal(members[0][1])
        self.read_erasures()
        self.check_personal()
        try:
            self.check_report(json.loads(self.members["report.json"]))
        except MALFORMED as error:
            self.problem("report.json", None, repr(error))
        self.check_outside()
        if not self.keys:
            self.doubts.append("the keys came with the bundle, so one made with another key would not show: compare the "
                               "fingerprints, or give the keys that you wrote down")

    def read_manifest(self, members):
        self.manifest = members[1][1]
        places, next_member = {name: i for i, (name, _) in enumerate(members)}, 2
        if not self.manifest.endswith(b"\n"):
            self.problem("manifest", None, "it is empty or cut off")
        for number, line in enumerate(self.manifest.decode("utf-8", "replace").split("\n")[:-1], 1):
            match = re.fullmatch(r"([0-9a-f]{64}) (0|[1-9][0-9]*) (\S{1,100})", line)
            if not match or not MEMBER_NAME.fullmatch(match[3]):
                self.problem("manifest", None, f"line {number} is not '<SHA-256> <size> <name>'")
                continue
            name, place = match[3], places.get(match[3], -1)
            if place < next_member:
                self.problem(name, None, "the manifest names it, and it is not there, or not in this order")
                continue
            for extra, _ in members[next_member:place]:
                self.problem(extra, None, "the manifest doesn't name it there")
            next_member = place + 1
            content = self.members[name] = members[place][1]
            if len(content) != int(match[2]):
                self.problem(name, None, f"it has {len(content)} bytes, the manifest says {match[2]}")
            elif hashlib.sha256(content).hexdigest() != match[1]:
                self.problem(name, None, "its SHA-256 is not the one in the manifest")
        for extra, _ in members[next_member:]:
            self.problem(extra, None, "the manifest doesn't name it there")

    def check_names(self):
        needed = {"README", "bundle.json", "report.json"}
        needed.update(stream.folder + name for stream in self.streams for name in ("key", "checkpoint", "leaves"))
        allowed = {stream.folder + name for stream in self.streams for name in ("consistency", "personal.ndjson")}
        tiles = {stream.folder + "tile" for stream in self.streams}
        for name in self.members:
            if not (name in needed or name in allowed or name[:name.find("tile/") + 4] in tiles
                    or re.fullmatch(r"report\.[A-Za-z0-9._-]{1,25}", name)):
                self.problem(name, None, "a bundle has no such member")
        for name in sorted(needed - set(self.members)):
            self.problem(name, None, "every bundle has it")

    def check_seal(self, seal):
        keys = [key for key in self.keys if key.name in [stream.origin for stream in self.streams]]
        if not self.keys:
            keys = [stream.key for stream in self.streams if stream.key]
        try:
            text = open_note(seal.decode("utf-8", "replace"), keys)
            if text.split("\n")[0] != SEAL_TITLE:
                raise ValueError("what is signed is not the seal of a bundle")
            if text != f"{SEAL_TITLE}\nmanifest {hashlib.sha256(self.manifest).hexdigest()}\n":
                self.problem("manifest", None, "it is not the one that was sealed")
        except ValueError as error:
            self.problem("seal", None, str(error))

    def read_erasures(self):
        self.covered, self.erasures = {}, {}
        for stream in self.streams:
            for record in stream.records.values():
                if record.kind != "erasure":
                    continue
                try:
                    for cover in json.loads(record.facts)["covers"]:
                        ranges = [(int(first), int(last)) for first, last in cover["ranges"]]
                        if cover["stream"].split("/")[:2] != stream.origin.split("/")[:2]:
                            raise ValueError("it covers another realm")
                        if cover["stream"] == stream.origin and any(last >= record.sequence for _, last in ranges):
                            raise ValueError("it covers entries after itself")
                        self.covered.setdefault(cover["stream"], []).extend(ranges)
                        self.erasures.setdefault((stream.number, record.sequence), []).append((cover["stream"], ranges))
                except MALFORMED as error:
                    self.problem(stream.folder + "leaves", record.sequence, repr(error))

    def check_personal(self):
        for stream in self.streams:
            member, last, seen = stream.folder + "personal.ndjson", -1, set()
            if member in self.members and not self.names:
                self.problem(member, None, "bundle.json says that there are no names")
            try:
                text = self.members.get(member, b"").decode()
                for line in (text[:-1] if text.endswith("\n") else text).split("\n") if text else ():
                    row = json.loads(line)
                    sequence, salt, value = int(row["sequence"]), to_bytes(row["salt"]), str(row["value"])
                    if sequence <= last:
                        raise ValueError("its lines are out of order")
                    last = sequence
                    seen.add(sequence)
                    record = stream.records.get(sequence)
                    if record is None or not record.commitment:
                        self.problem(member, sequence, "no record of the bundle committed to it")
                    elif len(salt) != 16 or sha256(salt + value.encode()) != record.commitment:
                        self.problem(member, sequence, "it is not what the record committed to")
                    else:
                        self.values += 1
            except MALFORMED as error:
                self.problem(member, None if last < 0 else last, repr(error))
            for sequence, record in stream.records.items():
                if not record.commitment:
                    continue
                erased = covers(self.covered.get(stream.origin, ()), sequence)
                self.erased += erased and sequence not in seen
                if erased and sequence in seen:
                    self.problem(member, sequence, "an erasure entry covers a value that is still there")
                if not erased and sequence not in seen and self.names:
                    self.problem(member, sequence, "its value is missing, and no erasure entry in the bundle covers it")

    def cite(self, what, stated, kinds):
        entry = stated.get("entry")
        if entry is None:
            self.placeless += 1
            return
        stream = next((one for one in self.streams if one.number == entry["stream"]), None)
        record = stream and stream.records.get(entry["index"])
        if not record:
            self.problem("report.json", entry["index"], f"{what} cites an entry that the bundle doesn't have")
            return
        self.cited.add((stream.number, record.sequence))
        if kinds and record.kind not in kinds:
            self.problem("report.json", record.sequence, f"{what} cites an entry of the kind {record.kind}")
        if record.kind == "violation_opened" and "violation" in stated \
                and json.loads(record.facts).get("violation") != stated["violation"]:
            self.problem("report.json", record.sequence, f"{what} cites the opening of another violation")
        if stated.get("source") and record.source and stated["source"] != record.source:
            self.problem("report.json", record.sequence, f"{what} is about another source than the record it cites")

    def check_report(self, report):
        self.cited, self.placeless, unlisted = set(), 0, 0
        period = [parse_time(report["report"]["period"][end]) for end in ("from", "to")]
        stated = {stream["origin"]: stream for stream in report["ledger"]["streams"]}
        if set(stated) != {stream.origin for stream in self.streams}:
            self.problem("report.json", None, "it rests on other streams than the bundle has")
        for stream in self.streams:
            said = stated.get(stream.origin, {})
            if said and (said["checkpoint"] != stream.note or said["size"] != stream.size):
                self.problem("report.json", None, f"it rests on another checkpoint of {stream.origin}")
            if said and json.dumps(said.get("number")) != str(stream.number):
                self.problem("report.json", None, f"it gives {stream.origin} another number than {stream.number}")
        for control in report["controls"]:
            for exception in control["exceptions"]:
                self.cite(f"an exception of {control['framework']}:{control['control']}", exception, ())
            unlisted += max(0, control["exceptions_total"] - len(control["exceptions"]))
        for loss in report["losses"]:
            self.cite("a loss of records", loss, ("observation", "alert", "source_changed"))
        for version in report["policy_versions"]:
            self.cite("a version of the policies", version, ("configuration",))
        for stream in self.streams:
            self.compare_records(stream)
        counted = self.count_again(report, period)
        if unlisted:
            self.doubts.append(f"{unlisted} exceptions are counted by the report and not listed")
        if self.placeless:
            self.doubts.append(f"{self.placeless} findings of the report name no place in the ledger")
        self.doubts.append("the report's counts" + (" besides the violations by policy" if counted else "")
                           + " are its maker's word")
        self.doubts.append("that the other renderings say the same as report.json is shown by the seal alone")

    def compare_records(self, stream):
        run = range(stream.first, stream.last + 1) if stream.first is not None else range(0)
        for sequence in stream.records:
            if sequence == 0 or sequence in run or (stream.number, sequence) in self.cited:
                continue
            if any(first <= held <= last
                   for origin, ranges in self.erasures.get((stream.number, sequence), ()) for first, last in ranges
                   for other in self.streams if other.origin == origin for held in other.records):
                continue
            self.problem(stream.folder + "leaves", sequence,
                         "the report doesn't cite it, and it is not among the entries that bundle.json states")
        there = sum(sequence in run for sequence in stream.records)
        if there != len(run):
            self.problem(stream.folder + "leaves", None,
                         f"of the entries {stream.first} to {stream.last} only {there} are there")
        if stream.first is None:
            self.doubts.append(f"{stream.origin}: only cited records are in the bundle, so that there are more exceptions "
                               "among the others would not show")
        elif len(run) < stream.size:
            self.doubts.append(f"{stream.origin}: that entries before {stream.first} or behind {stream.last} belong to the "
                               "period would not show")

    def count_again(self, report, period):
        """Violations that stand, by policy, where every entry is there and all are in question."""
        head = report["report"]
        if any(head["scope"].values()) or any(s.first != 0 or s.last != s.size - 1 for s in self.streams):
            return False
        standing = {}
        for kind in ("violation_opened", "violation_withdrawn"):
            for record in (r for stream in self.streams for r in stream.records.values() if r.kind == kind):
                facts = json.loads(record.facts)
                if kind == "violation_withdrawn":
                    standing.pop(facts["violation"], None)
                elif period[0] <= record.occurred < period[1]:
                    standing[facts["violation"]] = facts["policy"]
                else:
                    return False
        stated = report["pictures"]["violations_by_policy"]
        for policy in sorted(set(stated) | set(standing.values())):
            counted = list(standing.values()).count(policy)
            if stated.get(policy, 0) != counted:
                self.problem("report.json", None, f"it counts {stated.get(policy, 0)} violations of the policy {policy!r}, "
                                                  f"the records have {counted}")
        return True

    def check_outside(self):
        by_origin = {}
        for path, note in self.outside:
            by_origin.setdefault(note.split("\n")[0], []).append((path, note))
        for stream in self.streams:
            proof = None
            member = stream.folder + "consistency"
            if member in self.members:
                text, _, tail = self.members[member].decode("utf-8", "replace").partition("\n\n")
                lines = text.split("\n")
                try:
                    if not re.fullmatch(r"old [1-9][0-9]*", lines[0]) or tail != stream.note:
                        raise ValueError("it is not 'old <size>', hashes, an empty line and the bundle's checkpoint")
                    proof = int(lines[0][4:]), [base64.b64decode(line, validate=True) for line in lines[1:]]
                except ValueError as error:
                    self.problem(member, None, str(error))
            notes = by_origin.pop(stream.origin, None)
            if notes is None:
                self.doubts.append(f"{stream.origin}: no outside checkpoint was given, so a ledger made anew by who holds the "
                                   "key would not show")
                continue
            compared = stream.head is None
            for path, note in notes:
                try:
                    _, size, root = open_checkpoint(note, stream.keys)
                    if stream.head is None or (size != stream.size and (proof is None or proof[0] != size)):
                        continue
                    compared = True
                    if not (root == stream.head[1] if size == stream.size else
                            consistent(size, stream.size, root, stream.head[1], proof[1])):
                        raise ValueError(f"at size {size} it is of another history")
                except ValueError as error:
                    compared = True
                    self.problem(stream.folder + "checkpoint", None, f"{path}: {error}")
            if not compared:
                self.problem(stream.folder + "checkpoint", None, "none of the outside checkpoints can be compared: ask for a "
                                                                 "bundle that is made with yours")
        for origin in by_origin:
            self.problem("", None, f"an outside checkpoint is of {origin}, which is not in the bundle")

    def tell(self, as_json):
        if as_json:
            print(json.dumps({"intact": self.count == 0, "problem_count": self.count, "problems": self.problems,
                              "streams": [{"stream": s.origin, "size": s.size, "records": len(s.records),
                                           "first": s.first, "last": s.last,
                                           "fingerprint": getattr(s, "fingerprint", None)} for s in self.streams],
                              "personal_values": self.values, "erased_values": self.erased, "not_excluded": self.doubts}))
            return
        for stream in self.streams:
            print(f"{ascii(stream.origin)[1:-1]}: {len(stream.records)} records of a tree of {stream.size}"
                  + (f", every one from {stream.first} to {stream.last}" if stream.first is not None else "")
                  + f"; fingerprint of its key {getattr(stream, 'fingerprint', 'unknown')}")
        for problem in self.problems:
            print("PROBLEM", problem["member"], "" if problem["sequence"] is None else f"at {problem['sequence']}:",
                  ascii(problem["text"])[1:-1])
        print("integrity: " + (f"{self.count} problems" if self.count else "intact"))
        print(f"personal values: {self.values} match, {self.erased} were erased" if self.names else "personal values: none")
        for doubt in self.doubts:
            print("not excluded: " + ascii(doubt)[1:-1])


def parse_time(text):
    """Microseconds of a time as reports write it: always with six digits, always UTC."""
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def read_bundle(path):
    with open(path, "rb") as file:
        archive = file.read(LARGEST_BUNDLE + 1)
    if len(archive) > LARGEST_BUNDLE:
        raise Unreadable(f"{path} is larger than a bundle may be")
    return archive


def main():
    parser = argparse.ArgumentParser(description="Verifies an exported ledger or an evidence bundle.")
    parser.add_argument("export", metavar="EXPORT_DIRECTORY or BUNDLE")
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
        if os.path.isfile(arguments.export):
            bundle = Bundle(read_bundle(arguments.export), keys, notes)
            bundle.tell(arguments.json)
            return 4 if bundle.count else 0
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
