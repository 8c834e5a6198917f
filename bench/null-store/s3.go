package main

import (
	"fmt"
	"strconv"
	"strings"
)

const lastModified = "Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT"

var missing = failure(404, "NoSuchKey")

func failure(status int, code string) answer {
	return xml(status, "<Error><Code>"+code+"</Code><Message>"+code+"</Message></Error>")
}

func xml(status int, text string) answer {
	return answer{status: status, headers: []string{"Content-Type: application/xml"}, text: `<?xml version="1.0" encoding="UTF-8"?>` + text}
}

// answer is the whole S3 surface: the counters, then buckets, then objects. What it does not know it says so: 501.
func (s *server) answer(asked *request, body []byte) answer {
	if asked.bucket == "-" && asked.key == "counters" {
		return answer{status: 200, headers: []string{"Content-Type: application/json"}, text: s.counters.json()}
	}
	if asked.bucket == "" {
		return s.listBuckets()
	}
	if asked.key == "" {
		return s.answerBucket(asked, body)
	}
	held := s.store.bucket(asked.bucket)
	switch asked.method {
	case "GET", "HEAD":
		return readObject(held, asked)
	case "PUT":
		return writeObject(held, asked, body)
	case "POST":
		return changeUpload(held, asked)
	case "DELETE":
		return deleteObject(held, asked)
	}
	return failure(501, "NotImplemented")
}

func readObject(held *bucket, asked *request) answer {
	if asked.has("uploadId") {
		return listParts(held, asked)
	}
	found := held.get(asked.key)
	if found == nil {
		return missing
	}
	if asked.has("tagging") {
		return xml(200, taggingXML(found.tags))
	}
	etag := found.etag(asked.key)
	if asked.ifMatch != "" && strings.Trim(asked.ifMatch, `"`) != strings.Trim(etag, `"`) {
		return failure(412, "PreconditionFailed")
	}
	headers := append([]string{"ETag: " + etag, lastModified, "Accept-Ranges: bytes"}, found.carried...)
	if len(found.carried) == 0 {
		headers = append(headers, "Content-Type: application/octet-stream")
	}
	if found.tags != "" {
		headers = append(headers, "x-amz-tagging-count: "+strconv.Itoa(strings.Count(found.tags, "=")))
	}
	whole := answer{status: 200, headers: headers, key: asked.key, length: found.size}
	if asked.rangeOf == "" {
		return whole
	}
	return whole.cut(asked.rangeOf)
}

// cut narrows a whole body to `bytes=first-last` or `bytes=first-`.
func (a answer) cut(asked string) answer {
	var first, last int64
	count, _ := fmt.Sscanf(asked, "bytes=%d-%d", &first, &last)
	if count == 1 || last >= a.length {
		last = a.length - 1
	}
	if count == 0 || first > last {
		return failure(416, "InvalidRange")
	}
	a.headers = append(a.headers, fmt.Sprintf("Content-Range: bytes %d-%d/%d", first, last, a.length))
	a.status, a.start, a.length = 206, first, last-first+1
	return a
}

func writeObject(held *bucket, asked *request, body []byte) answer {
	if asked.has("tagging") {
		found := held.get(asked.key)
		if found == nil {
			return missing
		}
		found.tags = tagsOf(string(body))
		return answer{status: 200}
	}
	if asked.has("partNumber") {
		part, _ := strconv.Atoi(asked.query.Get("partNumber"))
		if !held.putPart(asked.query.Get("uploadId"), part, asked.objectBytes()) {
			return failure(404, "NoSuchUpload")
		}
		return answer{status: 200, headers: []string{fmt.Sprintf(`ETag: "x-%d"`, part)}}
	}
	if found := held.get(asked.key); asked.ifMatch != "" && (found == nil || strings.Trim(found.etag(asked.key), `"`) != strings.Trim(asked.ifMatch, `"`)) {
		return failure(412, "PreconditionFailed")
	}
	written := &object{size: asked.objectBytes(), parts: 1, carried: asked.carried, tags: asked.tagging}
	if !held.put(asked.key, written, asked.ifAbsent) {
		return failure(412, "PreconditionFailed")
	}
	return answer{status: 200, headers: []string{"ETag: " + written.etag(asked.key)}}
}

func changeUpload(held *bucket, asked *request) answer {
	if asked.has("uploads") {
		id := held.openUpload(asked.key, object{carried: asked.carried, tags: asked.tagging})
		return xml(200, "<InitiateMultipartUploadResult><UploadId>"+id+"</UploadId></InitiateMultipartUploadResult>")
	}
	if !asked.has("uploadId") {
		return failure(501, "NotImplemented")
	}
	whole, written := held.completeUpload(asked.query.Get("uploadId"), asked.ifAbsent)
	if whole == nil {
		return failure(404, "NoSuchUpload")
	}
	if !written {
		return failure(412, "PreconditionFailed")
	}
	return xml(200, "<CompleteMultipartUploadResult><ETag>"+whole.etag(asked.key)+"</ETag></CompleteMultipartUploadResult>")
}

func deleteObject(held *bucket, asked *request) answer {
	if asked.has("uploadId") {
		if !held.abortUpload(asked.query.Get("uploadId")) {
			return failure(404, "NoSuchUpload")
		}
		return answer{status: 204}
	}
	held.remove(asked.key)
	return answer{status: 204}
}
