// Command null-ebs speaks what the EBS direct APIs speak of reading, from memory: snap-0a holds every block of a disk, snap-0b differs
// from it in every hundredth. No dependency, loopback only, no signature is checked: those are checked on the lab's stand-in.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	blockBytes   = 512 << 10
	patterns     = 61 // 30 MiB: no block equals its neighbours, and a block taken for another has a wrong checksum
	changedEvery = 100
)

type block struct {
	bytes    []byte
	checksum string
}

type server struct {
	blocks int
	made   [patterns]block
	reads  atomic.Int64
	lists  atomic.Int64
}

type listed struct {
	BlockIndex       int
	BlockToken       string `json:",omitempty"`
	SecondBlockToken string `json:",omitempty"`
}

func main() {
	blocks := flag.Int("blocks", 2048, "of the disk, a multiple of 2048")
	flag.Parse()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s := &server{blocks: *blocks}
	state := uint64(0x9e3779b97f4a7c15)
	for n := range s.made {
		bytes := make([]byte, blockBytes)
		for i := range bytes {
			state ^= state << 13
			state ^= state >> 7
			state ^= state << 17
			bytes[i] = byte(state >> 32)
		}
		sum := sha256.Sum256(bytes)
		s.made[n] = block{bytes, base64.StdEncoding.EncodeToString(sum[:])}
	}
	fmt.Printf("http://%s\n", listener.Addr())
	if err := http.Serve(listener, s); err != nil {
		os.Exit(1)
	}
}

// ServeHTTP answers /snapshots/<id>/blocks, /snapshots/<id>/changedblocks, /snapshots/<id>/blocks/<n> and the counters.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	words := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/-/counters":
		var used syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &used)
		cpu := float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
		fmt.Fprintf(w, `{"reads":%d,"lists":%d,"cpuSeconds":%.4f}`, s.reads.Load(), s.lists.Load(), cpu)
	case len(words) == 4 && words[2] == "blocks":
		s.give(w, words[1], words[3])
	case len(words) == 3 && words[2] == "blocks":
		s.list(w, r, "Blocks", 1)
	case len(words) == 3 && words[2] == "changedblocks":
		s.list(w, r, "ChangedBlocks", changedEvery)
	default:
		http.NotFound(w, r)
	}
}

func (s *server) give(w http.ResponseWriter, snapshot, index string) {
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 || n >= s.blocks {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	s.reads.Add(1)
	if snapshot == "snap-0b" && n%changedEvery == 0 {
		n++
	}
	given := s.made[n%patterns]
	header := w.Header()
	header.Set("Content-Length", strconv.Itoa(blockBytes))
	header.Set("Content-Type", "application/octet-stream")
	header.Set("x-amz-Checksum", given.checksum)
	header.Set("x-amz-Checksum-Algorithm", "SHA256")
	header.Set("x-amz-Data-Length", strconv.Itoa(blockBytes))
	w.Write(given.bytes)
}

func (s *server) list(w http.ResponseWriter, r *http.Request, name string, step int) {
	s.lists.Add(1)
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("startingBlockIndex"))
	if token := query.Get("pageToken"); token != "" {
		from, _ = strconv.Atoi(token)
	}
	limit, _ := strconv.Atoi(query.Get("maxResults"))
	page := []listed{}
	n := (from + step - 1) / step * step
	for ; n < s.blocks && len(page) < limit; n += step {
		one := listed{BlockIndex: n, BlockToken: "token"}
		if step > 1 {
			one = listed{BlockIndex: n, SecondBlockToken: "token"}
		}
		page = append(page, one)
	}
	expires := time.Now().Add(7 * 24 * time.Hour).Unix()
	answer := map[string]any{name: page, "BlockSize": blockBytes, "VolumeSize": s.blocks / 2048, "ExpiryTime": expires}
	if n < s.blocks {
		answer["NextToken"] = strconv.Itoa(n)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}
