#!/usr/bin/env python3
"""Makes a large EVTX file of the chunks of a small one, for measuring: tests/bench/windows/repeat_chunks.py <from> <to> <times>"""
import struct
import sys
import zlib

CHUNK, HEAD = 65536, 4096

with open(sys.argv[1], "rb") as source:
    whole = source.read()
head = bytearray(whole[:HEAD])
chunks = [whole[at:at + CHUNK] for at in range(HEAD, len(whole), CHUNK) if whole[at:at + 8] == b"ElfChnk\0"]
chunks *= int(sys.argv[3])
struct.pack_into("<QQ", head, 8, 0, len(chunks) - 1)
struct.pack_into("<H", head, 42, len(chunks) & 0xFFFF)
struct.pack_into("<I", head, 120, 0)
struct.pack_into("<I", head, 124, zlib.crc32(bytes(head[:120])))
with open(sys.argv[2], "wb") as made:
    made.write(head)
    made.writelines(chunks)
