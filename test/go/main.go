// Verifies a log that Écluse wrote with code that is not ours: golang.org/x/mod/sumdb, which guards Go's own module database.
//
// Usage: verify FOLDER
// The folder holds records.jsonl, log.vkey, witness.vkey, old.note, new.note, inclusion.tlog-proof and consistency.txt (a hash a line).
// Exit code 0 and one line a check when all hold; 1 and the reason at the first that does not.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: verify FOLDER")
		os.Exit(2)
	}
	if err := verify(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(folder string) error {
	log, err := logOf(read(folder, "records.jsonl"))
	if err != nil {
		return err
	}
	verifiers, err := verifiersOf(folder)
	if err != nil {
		return err
	}
	older, err := checkpoint(read(folder, "old.note"), verifiers)
	if err != nil {
		return fmt.Errorf("old.note: %w", err)
	}
	newer, err := checkpoint(read(folder, "new.note"), verifiers)
	if err != nil {
		return fmt.Errorf("new.note: %w", err)
	}
	for _, tree := range []tlog.Tree{older, newer} {
		root, err := tlog.TreeHash(tree.N, log)
		if err != nil {
			return err
		}
		if root != tree.Hash {
			return fmt.Errorf("root of %d records: not that of the checkpoint", tree.N)
		}
		fmt.Printf("root %d\n", tree.N)
	}
	if err := inclusion(read(folder, "inclusion.tlog-proof"), read(folder, "new.note"), newer, log); err != nil {
		return fmt.Errorf("inclusion: %w", err)
	}
	if err := consistency(read(folder, "consistency.txt"), older, newer, log); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return nil
}

// storedHashes is the tree as tlog stores it: all full subtrees, in the order in which they are completed.
type storedHashes []tlog.Hash

func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(indexes))
	for _, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("the log has fewer records")
		}
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

// logOf: the log data of a leaf is the SHA-256 of the record's line.
func logOf(records []byte) (storedHashes, error) {
	var log storedHashes
	scanner := bufio.NewScanner(bytes.NewReader(records))
	scanner.Buffer(nil, 1<<17)
	for n := int64(0); scanner.Scan(); n++ {
		entry := sha256.Sum256(scanner.Bytes())
		hashes, err := tlog.StoredHashes(n, entry[:], log)
		if err != nil {
			return nil, err
		}
		log = append(log, hashes...)
	}
	return log, scanner.Err()
}

func verifiersOf(folder string) (note.Verifiers, error) {
	log, err := note.NewVerifier(string(read(folder, "log.vkey")))
	if err != nil {
		return nil, fmt.Errorf("log.vkey: %w", err)
	}
	witness, err := newWitness(string(read(folder, "witness.vkey")))
	if err != nil {
		return nil, fmt.Errorf("witness.vkey: %w", err)
	}
	return note.VerifierList(log, witness), nil
}

// checkpoint demands the signature of the log and that of the witness.
func checkpoint(text []byte, verifiers note.Verifiers) (tlog.Tree, error) {
	opened, err := note.Open(text, verifiers)
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != 2 {
		return tlog.Tree{}, fmt.Errorf("%d known signatures, not 2", len(opened.Sigs))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != opened.Sigs[0].Name {
		return tlog.Tree{}, errors.New("not three lines that begin with the log's name")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	fmt.Printf("signatures %d\n", size)
	return tlog.Tree{N: size, Hash: root}, nil
}

func inclusion(proof, newNote []byte, tree tlog.Tree, log storedHashes) error {
	head, rest, _ := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || rest != string(newNote) {
		return errors.New("not a proof that ends in new.note")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	leaf, err := log.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, index, leaf[0]); err != nil {
		return err
	}
	theirs, err := tlog.ProveRecord(tree.N, index, log)
	if err != nil || !equal(theirs, path) {
		return fmt.Errorf("not the path that tlog makes: %v", err)
	}
	fmt.Printf("inclusion %d in %d\n", index, tree.N)
	return nil
}

func consistency(text []byte, older, newer tlog.Tree, log storedHashes) error {
	proof, err := hashes(strings.Fields(string(text)))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return err
	}
	theirs, err := tlog.ProveTree(newer.N, older.N, log)
	if err != nil || !equal(theirs, proof) {
		return fmt.Errorf("not the proof that tlog makes: %v", err)
	}
	fmt.Printf("consistency %d to %d\n", older.N, newer.N)
	return nil
}

func hashes(lines []string) ([]tlog.Hash, error) {
	parsed := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, hash)
	}
	return parsed, nil
}

func equal(a, b []tlog.Hash) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// witness verifies C2SP cosignature/v1, which x/mod does not know: the time, then the body.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) (witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return witness{}, errors.New("not three parts")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return witness{}, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return witness{}, errors.New("not a cosigner's Ed25519 key")
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if binary.BigEndian.Uint32(id[:4]) != uint32(hash) {
		return witness{}, errors.New("not the id of its key")
	}
	return witness{parts[0], uint32(hash), ed25519.PublicKey(key[1:])}, nil
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(body, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature), body)
	return ed25519.Verify(w.key, []byte(text), signature[8:])
}

func read(folder, name string) []byte {
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return content
}
