package main

import (
	"fmt"
	"sync/atomic"
)

// counters tell what the store saw: requests by kind, object bytes each way, and what serving them cost this process.
type counters struct {
	gets, heads, puts, lists, others atomic.Int64
	givenBytes, takenBytes           atomic.Int64
}

func newCounters() *counters { return &counters{} }

func (c *counters) count(asked *request, sentBytes int64) {
	if asked.bucket == "-" {
		return
	}
	switch {
	case asked.method == "GET" && asked.key == "":
		c.lists.Add(1)
	case asked.method == "GET" && len(asked.query) <= 1 && !asked.has("tagging") && !asked.has("uploadId"):
		c.gets.Add(1)
		c.givenBytes.Add(sentBytes)
	case asked.method == "HEAD":
		c.heads.Add(1)
	case asked.method == "PUT" && asked.key != "" && !asked.has("tagging"):
		c.puts.Add(1)
		c.takenBytes.Add(asked.objectBytes())
	default:
		c.others.Add(1)
	}
}

func (c *counters) json() string {
	return fmt.Sprintf(`{"gets":%d,"heads":%d,"puts":%d,"lists":%d,"others":%d,"givenBytes":%d,"takenBytes":%d,"cpuSeconds":%.4f}`+"\n",
		c.gets.Load(), c.heads.Load(), c.puts.Load(), c.lists.Load(), c.others.Load(), c.givenBytes.Load(), c.takenBytes.Load(), ownCPUSeconds())
}
