package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// loadJob is one piece of work: a GET of a range from the source, a PUT of as many bytes to the target.
type loadJob struct {
	get, put string // request heads, complete
	key      string
	start    int64
	length   int64
}

// load copies as a client would that neither signs, hashes nor looks at a byte: no real client can be faster on these stores.
func load(arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	source := flags.String("source", "", "host:port of the source store")
	target := flags.String("target", "", "host:port of the target store")
	count := flags.Int("count", 5000, "objects")
	size := flags.Int64("size", 16<<10, "bytes of each object")
	part := flags.Int64("part", 8<<20, "bytes of a range")
	connections := flags.Int("connections", 32, "connections to each store")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	jobs := makeJobs(*count, *size, *part)
	var next atomic.Int64
	var waiting sync.WaitGroup
	failures := make(chan error, *connections)
	begun, cpu := time.Now(), ownCPUSeconds()
	for worker := 0; worker < *connections; worker++ {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			if err := work(*source, *target, jobs, &next); err != nil {
				failures <- err
			}
		}()
	}
	waiting.Wait()
	if len(failures) > 0 {
		return <-failures
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"objects": float64(*count), "bytes": float64(*count) * float64(*size),
		"seconds": time.Since(begun).Seconds(), "cpuSeconds": ownCPUSeconds() - cpu,
	})
}

func makeJobs(count int, size, part int64) []loadJob {
	bucket := fmt.Sprintf("n%d-s%d", count, size)
	var jobs []loadJob
	for index := 0; index < count; index++ {
		key := madeUpKey(index)
		for start := int64(0); start < size; start += part {
			length := min64(part, size-start)
			jobs = append(jobs, loadJob{
				get: fmt.Sprintf("GET /%s/%s HTTP/1.1\r\nHost: s\r\nRange: bytes=%d-%d\r\n\r\n", bucket, key, start, start+length-1),
				put: fmt.Sprintf("PUT /load/%s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n", key, length), key: key, start: start, length: length,
			})
		}
	}
	return jobs
}

func work(source, target string, jobs []loadJob, next *atomic.Int64) error {
	from, err := dial(source)
	if err != nil {
		return err
	}
	defer from.connection.Close()
	to, err := dial(target)
	if err != nil {
		return err
	}
	defer to.connection.Close()
	for {
		at := next.Add(1) - 1
		if at >= int64(len(jobs)) {
			return nil
		}
		job := jobs[at]
		if _, err := io.WriteString(from.connection, job.get); err != nil {
			return err
		}
		if err := from.skipAnswer(); err != nil {
			return err
		}
		body := bodySlices(net.Buffers{[]byte(job.put)}, job.key, job.start, job.length)
		if _, err := body.WriteTo(to.connection); err != nil {
			return err
		}
		if err := to.skipAnswer(); err != nil {
			return err
		}
	}
}

type loadConnection struct {
	connection *net.TCPConn
	reader     *bufio.Reader
}

func dial(address string) (*loadConnection, error) {
	dialled, err := net.Dial("tcp4", strings.TrimPrefix(address, "http://"))
	if err != nil {
		return nil, err
	}
	connection := dialled.(*net.TCPConn)
	return &loadConnection{connection, bufio.NewReaderSize(connection, 32<<10)}, nil
}

func (c *loadConnection) skipAnswer() error {
	var length int64
	for first := true; ; first = false {
		line, err := c.reader.ReadString('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(line, "HTTP/1.1 20") {
			return errors.New("the store answered " + strings.TrimSpace(line))
		}
		if line == "\r\n" {
			return discard(c.connection, c.reader, length)
		}
		if rest, found := strings.CutPrefix(line, "Content-Length: "); found {
			if err := setNumber(&length, strings.TrimSpace(rest)); err != nil {
				return err
			}
		}
	}
}
