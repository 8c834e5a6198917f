package main

import (
	"bufio"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// request is one HTTP/1.1 request head, parsed as far as S3 clients need it. The body is still on the connection.
type request struct {
	method    string
	bucket    string
	key       string
	query     url.Values
	length    int64
	decoded   int64 // x-amz-decoded-content-length: the object's bytes inside aws-chunked; -1 when absent
	rangeOf   string
	ifMatch   string
	ifAbsent  bool
	expects   bool
	closes    bool
	carried   []string // header lines that belong to the object and come back with it
	tagging   string
	headBytes int64
}

var carriedHeaders = []string{"content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
	"x-amz-website-redirect-location", "x-amz-storage-class"}

// readRequest reads one request head. io.EOF before its first byte is the client's ordinary goodbye.
func readRequest(reader *bufio.Reader) (*request, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	words := strings.Split(strings.TrimRight(line, "\r\n"), " ")
	if len(words) != 3 {
		return nil, errors.New("not an HTTP request line")
	}
	parsed := &request{method: words[0], decoded: -1, headBytes: int64(len(line))}
	if err := parsed.setTarget(words[1]); err != nil {
		return nil, err
	}
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		parsed.headBytes += int64(len(line))
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return parsed, nil
		}
		if err := parsed.setHeader(line); err != nil {
			return nil, err
		}
	}
}

func (r *request) setTarget(target string) error {
	path, query, _ := strings.Cut(target, "?")
	if query != "" {
		values, err := url.ParseQuery(query)
		if err != nil {
			return err
		}
		r.query = values
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	r.bucket = bucket
	if strings.Contains(key, "%") {
		unescaped, err := url.PathUnescape(key)
		if err != nil {
			return err
		}
		key = unescaped
	}
	r.key = key
	return nil
}

func (r *request) setHeader(line string) error {
	name, value, found := strings.Cut(line, ":")
	if !found {
		return errors.New("not a header line")
	}
	name, value = strings.ToLower(name), strings.TrimSpace(value)
	switch name {
	case "content-length":
		return setNumber(&r.length, value)
	case "x-amz-decoded-content-length":
		return setNumber(&r.decoded, value)
	case "transfer-encoding":
		return errors.New("chunked bodies are not S3")
	case "range":
		r.rangeOf = value
	case "if-match":
		r.ifMatch = value
	case "if-none-match":
		r.ifAbsent = value == "*"
	case "expect":
		r.expects = true
	case "connection":
		r.closes = strings.EqualFold(value, "close")
	case "x-amz-tagging":
		r.tagging = value
	default:
		if isCarried(name) {
			r.carried = append(r.carried, name+": "+value)
		}
	}
	return nil
}

func isCarried(name string) bool {
	if strings.HasPrefix(name, "x-amz-meta-") {
		return true
	}
	for _, carried := range carriedHeaders {
		if name == carried {
			return true
		}
	}
	return false
}

func setNumber(target *int64, text string) error {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 {
		return errors.New("not a length")
	}
	*target = number
	return nil
}

// has tells whether the query names a subresource, such as `?uploads`.
func (r *request) has(name string) bool { return r.query != nil && r.query.Has(name) }

// objectBytes is the size of the object in the body.
func (r *request) objectBytes() int64 {
	if r.decoded >= 0 {
		return r.decoded
	}
	return r.length
}
