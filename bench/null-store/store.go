package main

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"sync"
)

// A store is a set of buckets. A bucket named like `n5000-s16384` holds 5,000 made-up objects of 16,384 bytes and forgets what is
// written to it; any other bucket exists as soon as it is named and remembers the sizes and headers of what was written, never a byte.
type store struct {
	mutex   sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	mutex   sync.RWMutex
	count   int   // of made-up objects; 0 in a bucket that remembers
	size    int64 // of each made-up object
	objects map[string]*object
	uploads map[string]*upload
	opened  int
}

type object struct {
	size    int64
	parts   int
	carried []string
	tags    string
}

type upload struct {
	key   string
	head  object
	parts map[int]int64
}

var madeUp = regexp.MustCompile(`^n([0-9]{1,9})-s([0-9]{1,12})$`)

func newStore() *store { return &store{buckets: map[string]*bucket{}} }

func (s *store) bucket(name string) *bucket {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found := s.buckets[name]
	if found == nil {
		found = &bucket{objects: map[string]*object{}, uploads: map[string]*upload{}}
		if match := madeUp.FindStringSubmatch(name); match != nil {
			found.count, _ = strconv.Atoi(match[1])
			found.size, _ = strconv.ParseInt(match[2], 10, 64)
		}
		s.buckets[name] = found
	}
	return found
}

func (s *store) drop(name string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.buckets, name)
}

func (s *store) names() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	names := make([]string, 0, len(s.buckets))
	for name := range s.buckets {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// madeUpKey and madeUpIndex are each other's inverse; keys sort in the order of their index.
func madeUpKey(index int) string { return fmt.Sprintf("object-%09d", index) }

func (b *bucket) madeUpIndex(key string) (int, bool) {
	const prefix = "object-"
	if len(key) != len(prefix)+9 || key[:len(prefix)] != prefix {
		return 0, false
	}
	index, err := strconv.Atoi(key[len(prefix):])
	return index, err == nil && index < b.count
}

func (b *bucket) get(key string) *object {
	if b.count > 0 {
		if _, there := b.madeUpIndex(key); !there {
			return nil
		}
		return &object{size: b.size, parts: 1}
	}
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	return b.objects[key]
}

// put remembers an object; false when it must be absent and is not.
func (b *bucket) put(key string, written *object, ifAbsent bool) bool {
	if b.count > 0 {
		return true
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if ifAbsent && b.objects[key] != nil {
		return false
	}
	b.objects[key] = written
	return true
}

func (b *bucket) remove(key string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	delete(b.objects, key)
}

// page gives up to limit keys after `after`, and whether more follow.
func (b *bucket) page(after string, limit int) (keys []string, more bool) {
	if b.count > 0 {
		first := 0
		if index, there := b.madeUpIndex(after); there {
			first = index + 1
		}
		for index := first; index < b.count && len(keys) < limit; index++ {
			keys = append(keys, madeUpKey(index))
		}
		return keys, first+len(keys) < b.count
	}
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	all := make([]string, 0, len(b.objects))
	for key := range b.objects {
		if key > after {
			all = append(all, key)
		}
	}
	sort.Strings(all)
	if len(all) <= limit {
		return all, false
	}
	return all[:limit], true
}

func (b *bucket) openUpload(key string, head object) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.opened++
	id := fmt.Sprintf("upload-%d", b.opened)
	b.uploads[id] = &upload{key: key, head: head, parts: map[int]int64{}}
	return id
}

func (b *bucket) putPart(id string, part int, size int64) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	open := b.uploads[id]
	if open == nil {
		return false
	}
	open.parts[part] = size
	return true
}

// listParts gives part numbers in order and their sizes; nil when the upload is not there.
func (b *bucket) listParts(id string) (numbers []int, sizes map[int]int64) {
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	open := b.uploads[id]
	if open == nil {
		return nil, nil
	}
	sizes = make(map[int]int64, len(open.parts))
	for number, size := range open.parts {
		numbers = append(numbers, number)
		sizes[number] = size
	}
	sort.Ints(numbers)
	return numbers, sizes
}

// completeUpload turns every stored part into the object, whatever the request lists. A nil object: no such upload.
func (b *bucket) completeUpload(id string, ifAbsent bool) (whole *object, written bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	open := b.uploads[id]
	if open == nil {
		return nil, false
	}
	if ifAbsent && b.objects[open.key] != nil {
		return &open.head, false
	}
	whole = &open.head
	whole.parts = len(open.parts)
	for _, size := range open.parts {
		whole.size += size
	}
	delete(b.uploads, id)
	if b.count == 0 {
		b.objects[open.key] = whole
	}
	return whole, true
}

func (b *bucket) abortUpload(id string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	_, there := b.uploads[id]
	delete(b.uploads, id)
	return there
}

// etag is never 32 hex digits, so that no peer takes it for an MD5 and hashes for nothing.
func (o *object) etag(key string) string {
	return fmt.Sprintf(`"%016x-%d"`, keyHash(key)^uint64(o.size), o.parts)
}
