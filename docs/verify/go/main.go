// Verifies an exported ledger's tree with the Go project's own packages for transparency logs: signatures with
// golang.org/x/mod/sumdb/note, roots, tiles and proofs with golang.org/x/mod/sumdb/tlog. Only the leaves are built
// here, as docs/ledger-format.md section 2 says.
//
//	verify [-key VKEY]... [-checkpoint FILE]... [-proof FILE]... EXPORT_DIRECTORY
//	verify [-key VKEY]... [-checkpoint FILE]... BUNDLE
//
// It checks each checkpoint's signature and root, an inclusion proof for every checkpoint's last entry, a consistency
// proof between each two checkpoints, each stored tile, each -checkpoint kept outside, and each -proof (a
// .tlog-proof). Personal values and completeness are not its business: verify_ledger.py looks at those.
//
// Exit code 0: all agree. 4: something doesn't. 2: the export can't be read.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type texts []string

func (t *texts) String() string         { return strings.Join(*t, " ") }
func (t *texts) Set(value string) error { *t = append(*t, value); return nil }

// A table of the export, read row by row.
type table struct {
	name    string
	file    *os.File
	reader  *csv.Reader
	columns map[string]int
	row     []string
}

func openTable(directory, name string) (*table, error) {
	file, err := os.Open(filepath.Join(directory, name+".csv"))
	if err != nil {
		return nil, err
	}
	t := &table{name: name, file: file, reader: csv.NewReader(file), columns: map[string]int{}}
	header, err := t.reader.Read()
	if err != nil {
		return nil, fmt.Errorf("%s.csv: %w", name, err)
	}
	for i, column := range header {
		t.columns[column] = i
	}
	return t, t.next()
}

// next moves to the next row; row is nil behind the last one.
func (t *table) next() error {
	row, err := t.reader.Read()
	if errors.Is(err, io.EOF) {
		t.row = nil
		return t.file.Close()
	}
	if err != nil {
		return fmt.Errorf("%s.csv: %w", t.name, err)
	}
	t.row = row
	return nil
}

func (t *table) text(column string) string {
	i, ok := t.columns[column]
	if !ok || i >= len(t.row) {
		panic(fmt.Errorf("%s.csv has no column %s", t.name, column))
	}
	return t.row[i]
}

func (t *table) number(column string) int64 {
	value, err := strconv.ParseInt(t.text(column), 10, 64)
	if err != nil {
		panic(fmt.Errorf("%s.csv: %s: %w", t.name, column, err))
	}
	return value
}

func (t *table) bytes(column string) []byte {
	text := t.text(column)
	if text == "" {
		return nil
	}
	value, err := hex.DecodeString(strings.TrimPrefix(text, "\\x"))
	if err != nil || !strings.HasPrefix(text, "\\x") {
		panic(fmt.Errorf("%s.csv: %s is no byte string", t.name, column))
	}
	return value
}

func number8(value int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(value)) }

// leaf is section 2 of docs/ledger-format.md.
func leaf(entry *table, realm, origin string) []byte {
	occurred := []byte{}
	if value := entry.number("occurred_at"); value != 0 {
		occurred = number8(value)
	}
	out := []byte{1}
	for _, field := range [][]byte{
		[]byte(realm), []byte(origin), number8(entry.number("sequence")), number8(entry.number("engine_time")), occurred,
		number8(entry.number("recorded_at")), []byte(entry.text("kind")), []byte(entry.text("source")),
		entry.bytes("session"), entry.bytes("subject"), []byte(entry.text("facts")), entry.bytes("commitment"),
	} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(field)))
		out = append(out, field...)
	}
	return out
}

// A log's hashes, in tlog's order of storage.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out[i] = h[index]
	}
	return out, nil
}

type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

func openCheckpoint(text string, known note.Verifiers) (checkpoint, error) {
	opened, err := note.Open([]byte(text), known)
	if err != nil {
		return checkpoint{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return checkpoint{}, errors.New("no checkpoint")
	}
	out := checkpoint{origin: lines[0]}
	if out.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return checkpoint{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return checkpoint{}, errors.New("the checkpoint's root is no hash")
	}
	copy(out.root[:], root)
	return out, nil
}

// splitNotes takes apart a file that notes were appended to: each ends with its signature lines.
func splitNotes(text string) []string {
	var notes []string
	current, signed := "", false
	for _, line := range strings.SplitAfter(text, "\n") {
		signature := strings.HasPrefix(line, "\u2014 ")
		if signed && !signature {
			notes = append(notes, current)
			current, signed = "", false
		}
		if current == "" && strings.TrimSpace(line) == "" {
			continue
		}
		current += line
		signed = signed || signature
	}
	if current != "" {
		notes = append(notes, current)
	}
	return notes
}

type stream struct {
	number   int64
	realm    string
	origin   string
	stored   hashes
	leaves   []tlog.Hash
	problems int
}

func (s *stream) problem(format string, arguments ...interface{}) {
	s.problems++
	if s.problems <= 100 {
		fmt.Printf("PROBLEM %s: %s\n", s.origin, fmt.Sprintf(format, arguments...))
	}
}

func (s *stream) readEntries(entries *table) error {
	for entries.row != nil && entries.number("stream") == s.number {
		sequence := entries.number("sequence")
		if sequence != int64(len(s.leaves)) {
			s.problem("entry %d is missing: the next stored one is %d", len(s.leaves), sequence)
			for entries.row != nil && entries.number("stream") == s.number {
				if err := entries.next(); err != nil {
					return err
				}
			}
			return nil
		}
		hash := tlog.RecordHash(leaf(entries, s.realm, s.origin))
		more, err := tlog.StoredHashesForRecordHash(sequence, hash, s.stored)
		if err != nil {
			return err
		}
		s.stored = append(s.stored, more...)
		s.leaves = append(s.leaves, hash)
		if err := entries.next(); err != nil {
			return err
		}
	}
	return nil
}

// checkHead compares a signed head with the entries, and tries the proofs that a client would ask for.
func (s *stream) checkHead(head checkpoint, before int64, where string) {
	if head.size > int64(len(s.leaves)) {
		s.problem("%s has %d entries, but only %d can be recomputed", where, head.size, len(s.leaves))
		return
	}
	root, err := tlog.TreeHash(head.size, s.stored)
	if err != nil || root != head.root {
		s.problem("%s signs another root at size %d than the entries have (%v)", where, head.size, err)
		return
	}
	if head.size == 0 {
		return
	}
	last := head.size - 1
	proof, err := tlog.ProveRecord(head.size, last, s.stored)
	if err == nil {
		err = tlog.CheckRecord(proof, head.size, head.root, last, s.leaves[last])
	}
	if err != nil {
		s.problem("%s: inclusion of entry %d: %v", where, last, err)
	}
	if before > 0 && before <= head.size {
		old, err := tlog.TreeHash(before, s.stored)
		if err == nil {
			var consistency tlog.TreeProof
			if consistency, err = tlog.ProveTree(head.size, before, s.stored); err == nil {
				err = tlog.CheckTree(consistency, head.size, head.root, before, old)
			}
		}
		if err != nil {
			s.problem("%s: consistency from size %d: %v", where, before, err)
		}
	}
}

func (s *stream) readCheckpoints(checkpoints *table, known note.Verifiers) error {
	var before int64
	for checkpoints.row != nil && checkpoints.number("stream") == s.number {
		size := checkpoints.number("size")
		head, err := openCheckpoint(checkpoints.text("note"), known)
		switch {
		case size <= before:
			s.problem("the checkpoint of size %d came again, or out of order", size)
		case err != nil:
			s.problem("the checkpoint of size %d: %v", size, err)
		case head.origin != s.origin || head.size != size:
			s.problem("the checkpoint of size %d is of %s, size %d", size, head.origin, head.size)
		default:
			s.checkHead(head, before, "the stored checkpoint")
		}
		if size > before {
			before = size
		}
		if err := checkpoints.next(); err != nil {
			return err
		}
	}
	if before != int64(len(s.leaves)) {
		s.problem("the last checkpoint has size %d, the entries end at %d", before, len(s.leaves))
	}
	return nil
}

func (s *stream) readTiles(tiles *table) error {
	seen := int64(0)
	for tiles.row != nil && tiles.number("stream") == s.number {
		tile := tlog.Tile{H: 8, L: int(tiles.number("level")), N: tiles.number("index"), W: 256}
		computed, err := tlog.ReadTileData(tile, s.stored)
		if err != nil {
			s.problem("tile %d/%d reaches past the entries", tile.L, tile.N)
		} else if !bytes.Equal(computed, tiles.bytes("hashes")) {
			s.problem("tile %d/%d has other hashes than the entries", tile.L, tile.N)
		}
		seen++
		if err := tiles.next(); err != nil {
			return err
		}
	}
	full := int64(0)
	for n := int64(len(s.leaves)) >> 8; n > 0; n >>= 8 {
		full += n
	}
	if seen != full {
		s.problem("%d tiles are stored, %d are full", seen, full)
	}
	return nil
}

// checkProof checks a .tlog-proof against the leaf that the export has at its index.
func (s *stream) checkProof(path string, known note.Verifiers) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, body := "", string(data)
	if i := strings.Index(body, "\n\n"); i >= 0 {
		head, body = body[:i], body[i+2:]
	}
	lines := strings.Split(head, "\n")
	signed, err := openCheckpoint(body, known)
	if err != nil {
		s.problem("%s: %v", path, err)
		return nil
	}
	if signed.origin != s.origin {
		return nil
	}
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		s.problem("%s is no tlog-proof", path)
		return nil
	}
	index, err := strconv.ParseInt(lines[1][len("index "):], 10, 64)
	if err != nil || index < 0 || index >= int64(len(s.leaves)) {
		s.problem("%s: the export has no such entry", path)
		return nil
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		value, err := base64.StdEncoding.DecodeString(line)
		var hash tlog.Hash
		if err != nil || copy(hash[:], value) != tlog.HashSize {
			s.problem("%s: %q is no hash", path, line)
			return nil
		}
		proof = append(proof, hash)
	}
	if err := tlog.CheckRecord(proof, signed.size, signed.root, index, s.leaves[index]); err != nil {
		s.problem("%s: entry %d: %v", path, index, err)
	}
	return nil
}

func run(directory string, keys, outside, proofs texts) (problems int, err error) {
	defer func() {
		// A row that can't be read is the export's fault, told as such.
		if reason := recover(); reason != nil {
			bad, ok := reason.(error)
			if !ok {
				panic(reason)
			}
			err = bad
		}
	}()
	streams, err := openTable(directory, "stream")
	if err != nil {
		return 0, err
	}
	entries, err := openTable(directory, "entry")
	if err != nil {
		return 0, err
	}
	checkpoints, err := openTable(directory, "checkpoint")
	if err != nil {
		return 0, err
	}
	tiles, err := openTable(directory, "tile")
	if err != nil {
		return 0, err
	}
	matched := map[string]bool{}
	for ; streams.row != nil; err = streams.next() {
		if err != nil {
			return 0, err
		}
		s := &stream{number: streams.number("number"), realm: streams.text("realm")}
		s.origin = "curfew/" + s.realm + "/" + streams.text("node") + "/" + streams.text("epoch")
		var verifiers []note.Verifier
		accepted := append(texts{}, keys...)
		if len(keys) == 0 {
			fmt.Println("not excluded: the key came with the ledger: a rewrite with another key would not show")
			accepted = texts{streams.text("verifier_key")}
		}
		for _, text := range accepted {
			verifier, err := note.NewVerifier(text)
			if err != nil {
				return 0, fmt.Errorf("key %s: %w", text, err)
			}
			verifiers = append(verifiers, verifier)
		}
		known := note.VerifierList(verifiers...)
		if err := s.readEntries(entries); err != nil {
			return 0, err
		}
		if err := s.readCheckpoints(checkpoints, known); err != nil {
			return 0, err
		}
		if err := s.readTiles(tiles); err != nil {
			return 0, err
		}
		for _, path := range outside {
			text, err := os.ReadFile(path)
			if err != nil {
				return 0, err
			}
			for _, one := range splitNotes(string(text)) {
				head, err := openCheckpoint(one, known)
				if err == nil && head.origin == s.origin {
					matched[one] = true
					s.checkHead(head, 0, path)
				}
			}
		}
		for _, path := range proofs {
			if err := s.checkProof(path, known); err != nil {
				return 0, err
			}
		}
		fmt.Printf("%s: %d entries, %d problems\n", s.origin, len(s.leaves), s.problems)
		problems += s.problems
	}
	for _, path := range outside {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		for _, one := range splitNotes(string(text)) {
			if !matched[one] {
				fmt.Printf("PROBLEM %s: a checkpoint whose key and origin no stream of the export has\n", path)
				problems++
			}
		}
	}
	for _, t := range []*table{entries, checkpoints, tiles} {
		if t.row != nil {
			fmt.Printf("PROBLEM %s.csv has rows of a stream that stream.csv doesn't know, or isn't in order\n", t.name)
			problems++
		}
	}
	return problems, nil
}

func main() {
	var keys, outside, proofs texts
	flag.Var(&keys, "key", "a verifier `key` that you got from elsewhere than the database; may be repeated")
	flag.Var(&outside, "checkpoint", "a `file` with checkpoints that were kept outside; may be repeated")
	flag.Var(&proofs, "proof", "a .tlog-proof `file` to check against the export; may be repeated")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	verify := func() (int, error) { return run(flag.Arg(0), keys, outside, proofs) }
	if status, err := os.Stat(flag.Arg(0)); err == nil && status.Mode().IsRegular() {
		verify = func() (int, error) { return runBundle(flag.Arg(0), keys, outside) }
	}
	problems, err := verify()
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(2)
	}
	if problems > 0 {
		os.Exit(4)
	}
	fmt.Println("the tree agrees")
}
