// Verifies an evidence bundle (docs/ledger-format.md, section 12): the seal over its members, each record by the tiles
// with golang.org/x/mod/sumdb/tlog, and that the report cites these records and no others. Erasures and what the
// report counts are verify_ledger.py's business.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	largestBundle = 64 << 20
	mostMembers   = 60000
	sealTitle     = "curfew evidence bundle, format 1"
)

var (
	memberName   = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)
	manifestLine = regexp.MustCompile(`^([0-9a-f]{64}) (0|[1-9][0-9]*) (\S{1,100})$`)
	tarSize      = regexp.MustCompile(`^[0-7]{11}$`)
	rendering    = regexp.MustCompile(`^report\.[A-Za-z0-9._-]{1,25}$`)
)

type member struct {
	name    string
	content []byte
}

type bundleRecord struct {
	leaf       []byte
	kind       string
	facts      []byte
	commitment []byte
}

type bundleStream struct {
	Number  int64  `json:"number"`
	Origin  string `json:"origin"`
	Size    int64  `json:"size"`
	Records int    `json:"records"`
	First   *int64 `json:"first"`
	Last    *int64 `json:"last"`

	folder  string
	known   note.Verifiers
	head    *checkpoint
	note    string
	order   []int64
	records map[int64]bundleRecord
}

type bundle struct {
	keys     texts
	members  map[string][]byte
	manifest []byte
	streams  []*bundleStream
	names    bool
	problems int
}

func (b *bundle) problem(member string, format string, arguments ...interface{}) {
	b.problems++
	if b.problems <= 100 {
		fmt.Printf("PROBLEM %s: %s\n", member, strconv.QuoteToASCII(fmt.Sprintf(format, arguments...)))
	}
}

// tarHeader is the one header that a member of this name and size has.
func tarHeader(name string, size int64) []byte {
	header := make([]byte, 512)
	copy(header, name)
	copy(header[100:], "0000644")
	copy(header[108:], "0000000")
	copy(header[116:], "0000000")
	copy(header[124:], fmt.Sprintf("%011o", size))
	copy(header[136:], "00000000000")
	copy(header[148:], "        ")
	header[156] = '0'
	copy(header[257:], "ustar\x0000")
	sum := 0
	for _, value := range header {
		sum += int(value)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	return header
}

func (b *bundle) readMembers(archive []byte) (members []member) {
	at := 0
	stop := func(format string, arguments ...interface{}) []member {
		b.problem("archive", "at byte %d: %s", at, fmt.Sprintf(format, arguments...))
		return members
	}
	seen := map[string]bool{}
	for {
		if len(archive)-at < 512 {
			return stop("the archive is cut off")
		}
		block := archive[at : at+512]
		if block[0] == 0 {
			if !bytes.Equal(archive[at:], make([]byte, 1024)) {
				return stop("an archive's end is 1024 zero bytes, and nothing behind them")
			}
			return members
		}
		name := string(bytes.SplitN(block[:100], []byte{0}, 2)[0])
		if len(members) == mostMembers || !memberName.MatchString(name) || !tarSize.Match(block[124:135]) {
			return stop("no name or size of a member that a bundle may have, or too many")
		}
		size, _ := strconv.ParseInt(string(block[124:135]), 8, 64) // its form was checked
		if !bytes.Equal(block, tarHeader(name, size)) {
			return stop("the header of %q isn't in the form of a bundle", name)
		}
		padded := (size + 511) / 512 * 512
		if padded > int64(len(archive)-at-512) {
			return stop("%q is cut off", name)
		}
		content := archive[at+512 : at+512+int(size)]
		if len(bytes.Trim(archive[at+512+int(size):at+512+int(padded)], "\x00")) > 0 {
			return stop("the padding behind %q is not zero", name)
		}
		if seen[name] {
			return stop("%q is there twice", name)
		}
		seen[name] = true
		members = append(members, member{name, content})
		at += 512 + int(padded)
	}
}

func (b *bundle) readManifest(members []member) {
	places := map[string]int{}
	for i, one := range members {
		places[one.name] = i
	}
	next := 2
	lines := strings.Split(string(b.manifest), "\n")
	if lines[len(lines)-1] != "" {
		b.problem("manifest", "it is empty or cut off")
	}
	for i, line := range lines[:len(lines)-1] {
		match := manifestLine.FindStringSubmatch(line)
		if match == nil || !memberName.MatchString(match[3]) {
			b.problem("manifest", "line %d is not '<SHA-256> <size> <name>'", i+1)
			continue
		}
		place, ok := places[match[3]]
		if !ok || place < next {
			b.problem(match[3], "the manifest names it, and it is not there, or not in this order")
			continue
		}
		for ; next < place; next++ {
			b.problem(members[next].name, "the manifest doesn't name it there")
		}
		next = place + 1
		content := members[place].content
		b.members[match[3]] = content
		sum := sha256.Sum256(content)
		if strconv.Itoa(len(content)) != match[2] || hex.EncodeToString(sum[:]) != match[1] {
			b.problem(match[3], "its size or SHA-256 is not the one in the manifest")
		}
	}
	for ; next < len(members); next++ {
		b.problem(members[next].name, "the manifest doesn't name it there")
	}
}

// verifiers are the given keys, or else the stream's own.
func (b *bundle) verifiers(s *bundleStream) (note.Verifiers, error) {
	own := strings.TrimSuffix(string(b.members[s.folder+"key"]), "\n")
	verifier, err := note.NewVerifier(own)
	if err != nil || verifier.Name() != s.Origin {
		return nil, fmt.Errorf("it is not the line of a key of %s (%v)", s.Origin, err)
	}
	fingerprint := sha256.Sum256([]byte(own))
	fmt.Printf("%s: fingerprint of its key %x\n", strconv.QuoteToASCII(s.Origin), fingerprint)
	if len(b.keys) == 0 {
		return note.VerifierList(verifier), nil
	}
	var list []note.Verifier
	for _, text := range b.keys {
		given, err := note.NewVerifier(text)
		if err != nil {
			return nil, err
		}
		if given.Name() == s.Origin {
			list = append(list, given)
		}
	}
	return note.VerifierList(list...), nil
}

// leafFields takes a leaf apart, as section 2 says.
func leafFields(leaf []byte) ([][]byte, error) {
	if len(leaf) == 0 || leaf[0] != 1 || len(leaf) > 60000 {
		return nil, errors.New("no leaf of version 1")
	}
	var fields [][]byte
	for rest := leaf[1:]; len(rest) > 0; {
		if len(rest) < 4 || int64(binary.BigEndian.Uint32(rest)) > int64(len(rest)-4) {
			return nil, errors.New("a leaf is cut off")
		}
		length := int(binary.BigEndian.Uint32(rest))
		fields = append(fields, rest[4:4+length])
		rest = rest[4+length:]
	}
	if len(fields) != 12 || len(fields[2]) != 8 {
		return nil, errors.New("a leaf has twelve fields")
	}
	return fields, nil
}

func (b *bundle) readLeaves(s *bundleStream) {
	name, before := s.folder+"leaves", int64(-1)
	for rest := b.members[name]; len(rest) > 0; {
		if len(rest) < 2 || int(binary.BigEndian.Uint16(rest)) > len(rest)-2 {
			b.problem(name, "behind record %d: a leaf is cut off", before)
			return
		}
		leaf := rest[2 : 2+int(binary.BigEndian.Uint16(rest))]
		rest = rest[2+len(leaf):]
		fields, err := leafFields(leaf)
		if err != nil {
			b.problem(name, "behind record %d: %v", before, err)
			return
		}
		sequence := int64(binary.BigEndian.Uint64(fields[2]))
		if sequence <= before || string(fields[1]) != s.Origin {
			b.problem(name, "record %d: out of order, or of the stream %s", sequence, fields[1])
			return
		}
		before = sequence
		s.order = append(s.order, sequence)
		s.records[sequence] = bundleRecord{leaf, string(fields[6]), fields[10], fields[11]}
	}
	if len(s.order) != s.Records {
		b.problem(name, "it has %d records, bundle.json says %d", len(s.order), s.Records)
	}
}

// bundleTiles gives tlog the bundle's tiles; tlog checks them against the root.
type bundleTiles struct {
	b      *bundle
	folder string
	used   map[string]tlog.Tile
}

func (t bundleTiles) name(tile tlog.Tile) string {
	// tlog's paths name the height too, tlog-tiles' don't.
	return t.folder + strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

func (t bundleTiles) Height() int { return 8 }
func (t bundleTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		name := t.name(tile)
		t.used[name] = tile
		content, ok := t.b.members[name]
		if !ok || len(content) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is missing, or has a wrong size", name)
		}
		out = append(out, content)
	}
	return out, nil
}
func (t bundleTiles) SaveTiles([]tlog.Tile, [][]byte) {}

// checkParents holds each full tile to the one above it. tlog's reader of tiles leaves some of them out where several
// subtrees of the right edge are in one tile (golang.org/x/mod 0.14.0).
func (t bundleTiles) checkParents(size int64) {
	for name, tile := range t.used {
		nodes := size >> (8 * uint(tile.L+1))
		if tile.W < 256 || tile.N >= nodes {
			continue
		}
		parent := tlog.Tile{H: 8, L: tile.L + 1, N: tile.N / 256, W: 256}
		if width := nodes - parent.N*256; width < 256 {
			parent.W = int(width)
		}
		var hashes []tlog.Hash
		for content := t.b.members[name]; len(content) > 0; content = content[tlog.HashSize:] {
			var hash tlog.Hash
			copy(hash[:], content)
			hashes = append(hashes, hash)
		}
		for ; len(hashes) > 1; hashes = hashes[:len(hashes)/2] {
			for i := 0; i < len(hashes)/2; i++ {
				hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
			}
		}
		above, at := t.b.members[t.name(parent)], int(tile.N%256)*tlog.HashSize
		if len(above) < at+tlog.HashSize || !bytes.Equal(above[at:at+tlog.HashSize], hashes[0][:]) {
			t.b.problem(name, "its root is not the hash in %s", t.name(parent))
		}
	}
}

func (b *bundle) checkRecords(s *bundleStream) {
	tiles := bundleTiles{b, s.folder, map[string]tlog.Tile{}}
	hashes := tlog.TileHashReader(tlog.Tree{N: s.head.size, Hash: s.head.root}, tiles)
	if root, err := tlog.TreeHash(s.head.size, hashes); err != nil || root != s.head.root {
		b.problem(s.folder+"tile", "the right edge doesn't have the root that is signed: %v", err)
	}
	var indexes []int64
	for _, sequence := range s.order {
		if sequence >= s.head.size {
			b.problem(s.folder+"leaves", "record %d: the signed tree has %d entries", sequence, s.head.size)
			return
		}
		indexes = append(indexes, tlog.StoredHashIndex(0, sequence))
	}
	found, err := hashes.ReadHashes(indexes)
	if err != nil {
		b.problem(s.folder+"tile", "%v", err)
		return
	}
	tiles.checkParents(s.head.size)
	for i, sequence := range s.order {
		if tlog.RecordHash(s.records[sequence].leaf) != found[i] {
			b.problem(s.folder+"leaves", "record %d is not the entry that the tree has there", sequence)
		}
	}
	for name := range b.members {
		if strings.HasPrefix(name, s.folder+"tile/") {
			if _, ok := tiles.used[name]; !ok {
				b.problem(name, "it proves no record of the bundle")
			}
		}
	}
	opening := s.records[0]
	var facts struct {
		Key string `json:"verifier_key"`
	}
	if err := json.Unmarshal(opening.facts, &facts); err != nil || opening.kind != "stream_opened" ||
		facts.Key+"\n" != string(b.members[s.folder+"key"]) {
		b.problem(s.folder+"leaves", "record 0 doesn't open this stream with its key")
	}
}

func (b *bundle) checkStream(s *bundleStream) {
	var err error
	if s.known, err = b.verifiers(s); err != nil {
		b.problem(s.folder+"key", "%v", err)
		return
	}
	s.note = string(b.members[s.folder+"checkpoint"])
	head, err := openCheckpoint(s.note, s.known)
	if err == nil && (head.origin != s.Origin || head.size != s.Size || head.size < 1) {
		err = fmt.Errorf("it is of %s, size %d; the bundle is made for %s, size %d", head.origin, head.size, s.Origin, s.Size)
	}
	b.readLeaves(s)
	if err != nil {
		b.problem(s.folder+"checkpoint", "%v", err)
		return
	}
	s.head = &head
	b.checkRecords(s)
	b.checkPersonal(s)
}

func (b *bundle) checkPersonal(s *bundleStream) {
	name := s.folder + "personal.ndjson"
	text, there := b.members[name]
	if there != b.names {
		b.problem(name, "bundle.json says otherwise of names")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var row struct {
			Sequence int64  `json:"sequence"`
			Salt     string `json:"salt"`
			Value    string `json:"value"`
		}
		err := decoder.Decode(&row)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.problem(name, "%v", err)
			return
		}
		salt, err := hex.DecodeString(strings.TrimPrefix(row.Salt, "\\x"))
		sum := sha256.Sum256(append(salt, row.Value...))
		if err != nil || len(salt) != 16 || !bytes.Equal(sum[:], s.records[row.Sequence].commitment) {
			b.problem(name, "at %d: it is not what the record committed to", row.Sequence)
		}
	}
}

type citation struct {
	Entry *struct {
		Stream int64 `json:"stream"`
		Index  int64 `json:"index"`
	} `json:"entry"`
}

// checkReport holds the records to what the report cites.
func (b *bundle) checkReport() error {
	var report struct {
		Controls []struct {
			Exceptions []citation `json:"exceptions"`
		} `json:"controls"`
		Losses   []citation `json:"losses"`
		Versions []citation `json:"policy_versions"`
		Ledger   struct {
			Streams []struct {
				Number     int64  `json:"number"`
				Origin     string `json:"origin"`
				Checkpoint string `json:"checkpoint"`
			} `json:"streams"`
		} `json:"ledger"`
	}
	if err := json.Unmarshal(b.members["report.json"], &report); err != nil {
		return err
	}
	if len(report.Ledger.Streams) != len(b.streams) {
		b.problem("report.json", "it rests on other streams than the bundle has")
	}
	notes, numbers := map[string]string{}, map[string]int64{}
	for _, stream := range report.Ledger.Streams {
		notes[stream.Origin] = stream.Checkpoint
		numbers[stream.Origin] = stream.Number
	}
	all := append(report.Losses, report.Versions...)
	for _, control := range report.Controls {
		all = append(all, control.Exceptions...)
	}
	cited := map[int64]map[int64]bool{}
	for _, s := range b.streams {
		cited[s.Number] = map[int64]bool{0: true}
		if notes[s.Origin] != s.note {
			b.problem("report.json", "it rests on another checkpoint of %s", s.Origin)
		}
		if numbers[s.Origin] != s.Number {
			b.problem("report.json", "it gives %s another number than %d", s.Origin, s.Number)
		}
	}
	for _, one := range all {
		if one.Entry == nil {
			continue
		}
		there := false
		for _, s := range b.streams {
			if _, ok := s.records[one.Entry.Index]; ok && s.Number == one.Entry.Stream {
				there = true
				cited[s.Number][one.Entry.Index] = true
			}
		}
		if !there {
			b.problem("report.json", "it cites entry %d of stream %d, which the bundle doesn't have", one.Entry.Index, one.Entry.Stream)
		}
	}
	for _, s := range b.streams {
		b.compareRecords(s, cited[s.Number])
	}
	return nil
}

func (b *bundle) compareRecords(s *bundleStream, cited map[int64]bool) {
	run, there := int64(0), int64(0)
	inRun := func(sequence int64) bool { return s.First != nil && sequence >= *s.First && sequence <= *s.Last }
	if s.First != nil {
		run = *s.Last - *s.First + 1
		fmt.Printf("%s: every entry from %d to %d\n", strconv.QuoteToASCII(s.Origin), *s.First, *s.Last)
	} else {
		fmt.Printf("not excluded: %s: only cited records are there\n", strconv.QuoteToASCII(s.Origin))
	}
	for _, sequence := range s.order {
		if inRun(sequence) {
			there++
		} else if !cited[sequence] && s.records[sequence].kind != "erasure" {
			b.problem(s.folder+"leaves", "record %d: the report doesn't cite it, and it is not among the entries that bundle.json states", sequence)
		}
	}
	if there != run {
		b.problem(s.folder+"leaves", "of the entries %d to %d only %d are there", *s.First, *s.Last, there)
	}
}

func (b *bundle) checkSeal(seal []byte) {
	for _, s := range b.streams {
		if s.known == nil {
			continue
		}
		opened, err := note.Open(seal, s.known)
		var unknown *note.UnverifiedNoteError
		if errors.As(err, &unknown) {
			continue
		}
		sum := sha256.Sum256(b.manifest)
		if err != nil {
			b.problem("seal", "%v", err)
		} else if !strings.HasPrefix(opened.Text, sealTitle+"\n") {
			b.problem("seal", "what is signed is not the seal of a bundle")
		} else if opened.Text != sealTitle+"\nmanifest "+hex.EncodeToString(sum[:])+"\n" {
			b.problem("manifest", "it is not the one that was sealed")
		}
		return
	}
	b.problem("seal", "no known key signed it")
}

func (b *bundle) checkNames() {
	needed := map[string]bool{"README": true, "bundle.json": true, "report.json": true}
	for _, s := range b.streams {
		for _, name := range []string{"key", "checkpoint", "leaves"} {
			needed[s.folder+name] = true
		}
	}
	var missing []string
	for name := range needed {
		if _, ok := b.members[name]; !ok {
			missing = append(missing, name)
		}
	}
	sort.Strings(missing)
	for _, name := range missing {
		b.problem(name, "every bundle has it")
	}
	for name := range b.members {
		known := needed[name] || rendering.MatchString(name)
		for _, s := range b.streams {
			known = known || name == s.folder+"consistency" || name == s.folder+"personal.ndjson" ||
				strings.HasPrefix(name, s.folder+"tile/")
		}
		if !known {
			b.problem(name, "a bundle has no such member")
		}
	}
}

// consistency reads "old <size>", hashes, an empty line and the bundle's checkpoint.
func (b *bundle) consistency(s *bundleStream) (old int64, proof tlog.TreeProof) {
	text, there := b.members[s.folder+"consistency"]
	if !there {
		return 0, nil
	}
	head := strings.TrimSuffix(string(text), "\n\n"+s.note)
	lines := strings.Split(head, "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	for _, line := range lines[1:] {
		value, bad := base64.StdEncoding.DecodeString(line)
		var hash tlog.Hash
		if bad != nil || copy(hash[:], value) != tlog.HashSize || len(value) != tlog.HashSize {
			err = fmt.Errorf("%q is no hash", line)
		}
		proof = append(proof, hash)
	}
	if err != nil || old < 1 || head == string(text) {
		b.problem(s.folder+"consistency", "it is no consistency proof to the bundle's checkpoint (%v)", err)
		return 0, nil
	}
	return old, proof
}

func (b *bundle) checkOutside(paths texts) error {
	kept := map[string][]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, one := range splitNotes(string(text)) {
			origin := strings.SplitN(one, "\n", 2)[0]
			kept[origin] = append(kept[origin], one)
		}
	}
	for _, s := range b.streams {
		old, proof := b.consistency(s)
		notes := kept[s.Origin]
		delete(kept, s.Origin)
		if len(notes) == 0 {
			fmt.Printf("not excluded: %s: no outside checkpoint was given\n", strconv.QuoteToASCII(s.Origin))
			continue
		}
		compared := s.head == nil
		for _, one := range notes {
			head, err := openCheckpoint(one, s.known)
			if s.head == nil {
				continue
			}
			switch {
			case err != nil:
			case head.size == s.head.size:
				compared = true
				if head.root != s.head.root {
					err = fmt.Errorf("the outside checkpoint of size %d is of another history", head.size)
				}
			case head.size == old:
				compared = true
				err = tlog.CheckTree(proof, s.head.size, s.head.root, old, head.root)
			}
			if err != nil {
				compared = true
				b.problem(s.folder+"checkpoint", "%v", err)
			}
		}
		if !compared {
			b.problem(s.folder+"checkpoint", "none of the outside checkpoints can be compared: ask for a bundle that is made with yours")
		}
	}
	for origin := range kept {
		b.problem("bundle", "an outside checkpoint is of %s, which is not in it", origin)
	}
	return nil
}

// readContents reads bundle.json and checks each stream that it names.
func (b *bundle) readContents() error {
	var contents struct {
		Format  int             `json:"format"`
		Names   bool            `json:"names"`
		Streams []*bundleStream `json:"streams"`
	}
	if err := json.Unmarshal(b.members["bundle.json"], &contents); err != nil {
		return err
	}
	if contents.Format != 1 || len(contents.Streams) == 0 || len(contents.Streams) > 256 {
		return errors.New("it is of another format, or names no streams")
	}
	b.names = contents.Names
	for _, s := range contents.Streams {
		if s == nil || (s.First == nil) != (s.Last == nil) || (s.First != nil && (*s.First < 0 || *s.Last < *s.First || *s.Last >= s.Size)) {
			return errors.New("a stream's first and last are no entries of it")
		}
		s.folder = fmt.Sprintf("streams/%d/", s.Number)
		s.records = map[int64]bundleRecord{}
		b.streams = append(b.streams, s)
		b.checkStream(s)
	}
	return nil
}

func runBundle(path string, keys, outside texts) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	archive, err := io.ReadAll(io.LimitReader(file, largestBundle+1))
	if err != nil {
		return 0, err
	}
	if len(archive) > largestBundle {
		return 0, errors.New(path + " is larger than a bundle may be")
	}
	b := &bundle{keys: keys, members: map[string][]byte{}}
	members := b.readMembers(archive)
	if len(members) < 2 || members[0].name != "seal" || members[1].name != "manifest" {
		b.problem("archive", "it doesn't begin with the members 'seal' and 'manifest'")
		return b.problems, nil
	}
	b.manifest = members[1].content
	b.readManifest(members)
	if err := b.readContents(); err != nil {
		b.problem("bundle.json", "%v", err)
	}
	b.checkNames()
	b.checkSeal(members[0].content)
	if err := b.checkReport(); err != nil {
		b.problem("report.json", "%v", err)
	}
	if err := b.checkOutside(outside); err != nil {
		return 0, err
	}
	if len(keys) == 0 {
		fmt.Println("not excluded: the keys came with the bundle: one made with another key would not show")
	}
	fmt.Printf("%d members, %d problems\n", len(members), b.problems)
	return b.problems, nil
}
