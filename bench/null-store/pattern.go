package main

import (
	"hash/fnv"
	"net"
)

// One pattern serves every body. Its length is prime and near 1 MiB: it stays in the cache, and no part size divides it,
// so that a range taken from the wrong place or of the wrong key has other bytes and fails a verification.
const patternBytes = 1048573

var pattern = makePattern()

func makePattern() []byte {
	bytes := make([]byte, patternBytes)
	state := uint64(0x9e3779b97f4a7c15)
	for i := range bytes {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		bytes[i] = byte(state >> 32)
	}
	return bytes
}

// keyHash places a key's first byte in the pattern. It depends on the key alone: the target gives back what the source gave.
func keyHash(key string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(key))
	return hash.Sum64()
}

// bodySlices are the bytes [start, start+length) of a key, as slices of the pattern: nothing is copied before the kernel does.
func bodySlices(buffers net.Buffers, key string, start, length int64) net.Buffers {
	at := int64((keyHash(key)%patternBytes + uint64(start)%patternBytes) % patternBytes)
	for length > 0 {
		piece := min64(length, patternBytes-at)
		buffers = append(buffers, pattern[at:at+piece])
		length -= piece
		at = 0
	}
	return buffers
}

func min64(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
